//! What a page costs in a small and in a large cluster, side by side: 100 and 10,000 namespaces, 100 credentials. Size and
//! time are printed, not asserted; what is asked of the API server is asserted in `tests/cost.rs`.
//!
//! Two times: that of the pages' own server, with answers of the API server that are at hand; and that of both, where the
//! API server is the embedded one in the same process.

#![expect(clippy::print_stdout, reason = "the result of a measurement is its output")]

#[path = "../tests/cost/world.rs"]
mod world;

use std::time::{Duration, Instant};
use world::{ADMIN, OWNER, Reader, World};

const CREDENTIALS: usize = 100;
const ROUNDS: usize = 20;

const PAGES: [&str; 17] = [
    "/credentials",
    "/credentials?page=2",
    "/credentials?project=large",
    "/credentials/project-large/pull-1?project=large",
    "/ask/used",
    "/credentials/add",
    "/ask/scope?scope=project&in-project=large",
    "/ask/image?namespace=team-00001&image=registry-1.example.com/shop/web:1",
    "/workloads",
    "/workloads?project=large",
    "/workloads/deploy",
    "/explain",
    "/events",
    "/projects",
    "/projects?free=1",
    "/projects/large",
    "/settings",
];

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(run());
}

async fn run() {
    let (small, large) = (
        World::of(100, CREDENTIALS).await,
        World::of(10_000, CREDENTIALS).await,
    );
    for token in [ADMIN, OWNER] {
        let (few, many) = (small.reader(token).await, large.reader(token).await);
        println!(
            "\n{token:<75} {:^45}   {:^45}",
            "100 namespaces", "10,000 namespaces"
        );
        for path in PAGES {
            // The owner of a project may not read the Project itself here.
            if token == OWNER && path.contains("team-00001") {
                continue;
            }
            println!(
                "{path:<75} {}   {}",
                measure(&small, &few, path).await,
                measure(&large, &many, path).await
            );
        }
    }
}

async fn measure(world: &World, reader: &Reader<'_>, path: &str) -> String {
    let (size, both) = median(reader, path).await;
    world.answer_from_memory(true);
    let (_, own) = median(reader, path).await;
    world.answer_from_memory(false);
    format!(
        "{:>6.1} KB {:>6.1} ms, {:>6.1} ms with API {:>3} asked",
        size as f64 / 1000.0,
        own.as_secs_f64() * 1000.0,
        both.as_secs_f64() * 1000.0,
        reader.asks(path).await.len()
    )
}

/// Size and median time.
async fn median(reader: &Reader<'_>, path: &str) -> (usize, Duration) {
    let (mut times, mut size) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        size = reader.look(path).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    (size, times[ROUNDS / 2])
}
