//! Many equal calls: few at first, more when they succeed, none any more after a failure.
//!
//! A quota or a webhook that refuses pods is found out with one call, not with five hundred.

use crate::queue::Failed;
use futures::future::join_all;
use std::future::Future;

/// Calls at once, at most.
const WIDEST: usize = 32;

/// Makes `count` calls in growing batches. The answer is how many succeeded, and the first failure.
pub(crate) async fn slow_start<F, Fut>(count: usize, call: F) -> (usize, Option<Failed>)
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = Result<(), Failed>>,
{
    let (mut done, mut width) = (0, 1);
    while done < count {
        let batch = width.min(count - done);
        let answers = join_all((done..done + batch).map(&call)).await;
        let succeeded = answers.iter().filter(|answer| answer.is_ok()).count();
        let failure = answers.into_iter().find_map(Result::err);
        if failure.is_some() {
            return (done + succeeded, failure);
        }
        done += batch;
        width = (width * 2).min(WIDEST);
    }
    (done, None)
}

/// The same call for each of many things, side by side; the first failure, after all have been tried.
pub(crate) async fn each<T, F, Fut>(things: impl IntoIterator<Item = T>, call: F) -> Result<(), Failed>
where
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<(), Failed>>,
{
    use futures::StreamExt as _;
    let mut answers = futures::stream::iter(things).map(call).buffer_unordered(WIDEST);
    let mut first = Ok(());
    while let Some(answer) = answers.next().await {
        first = first.and(answer);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Doing as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    async fn check(count: usize, fails_from: usize) -> (usize, usize, bool) {
        let calls = AtomicUsize::new(0);
        let (done, failure) = slow_start(count, |index| {
            calls.fetch_add(1, Ordering::Relaxed);
            let answer = if index < fails_from {
                Ok(())
            } else {
                Err(kube::Error::LinesCodecMaxLineLengthExceeded)
            };
            async move { answer.doing(|| "test".to_owned()) }
        })
        .await;
        (done, calls.into_inner(), failure.is_some())
    }

    #[tokio::test]
    async fn a_refusal_is_found_out_with_one_call() {
        assert_eq!(check(500, 0).await, (0, 1, true));
    }

    #[tokio::test]
    async fn batches_double_until_a_failure() {
        assert_eq!(check(500, 500).await, (500, 500, false));
        assert_eq!(check(500, 5).await, (5, 7, true));
        assert_eq!(check(0, 0).await, (0, 0, false));
    }
}
