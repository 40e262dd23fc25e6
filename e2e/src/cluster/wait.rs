//! Waiting for other programs: they are asked until they answer.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// When to give up. Generous: the machine may be busy with something else.
const PATIENCE: Duration = Duration::from_secs(180);

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > PATIENCE {
            bail!("{what} is not ready after {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
