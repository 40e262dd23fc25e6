//! Figures of the embedded API server: durable writes per second at 1 and 64 clients (through the store and through
//! the whole server), start-up, and one event to many watchers.
//!
//! `cargo bench -p keyside-apiserver`. Wall times depend on the disk: the first line is a raw fdatasync loop of the
//! same run, to compare with.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops when something fails"
)]

use futures::StreamExt;
use http::{Request, Response};
use http_body_util::BodyExt;
use keyside_apiserver::store::{Key, Store, Transaction};
use keyside_apiserver::{ApiServer, Body, Local, UserInfo};
use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};
use tower::ServiceExt;

/// Bytes of content in each object.
const SIZE: usize = 2048;

/// How long each measurement runs.
const TIME: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() {
    let folder =
        tempfile::tempdir_in(std::env::var_os("KEYSIDE_BENCH_DIR").unwrap_or_else(|| ".".into())).unwrap();
    println!(
        "raw write + fdatasync of {SIZE} bytes: {}/s",
        per_second(sync_loop(folder.path()))
    );
    for clients in [1, 64] {
        let store = Store::open(&folder.path().join(format!("store{clients}.redb"))).unwrap();
        println!(
            "store, durable, {clients} clients: {}/s",
            per_second(store_writes(&store, clients).await)
        );
        store.close().await;
    }
    for clients in [1, 64] {
        let path = folder.path().join(format!("server{clients}.redb"));
        let started = Instant::now();
        let server = ApiServer::builder()
            .store(Store::open(&path).unwrap())
            .build()
            .await
            .unwrap();
        let ready = started.elapsed();
        let count = server_writes(&server, clients).await;
        println!(
            "server, durable, {clients} clients: {}/s (ready in {ready:.1?})",
            per_second(count)
        );
        server.stop().await;
        let size = std::fs::metadata(&path).unwrap().len() >> 20;
        let started = Instant::now();
        let store = Store::open(&path).unwrap();
        println!(
            "  opened again in {:.1?} ({count} objects, {size} MiB)",
            started.elapsed()
        );
        store.close().await;
    }
    for watchers in [100, 1000, 5000] {
        fan_out(watchers).await;
    }
}

fn per_second(count: usize) -> usize {
    (count as f64 / TIME.as_secs_f64()) as usize
}

/// What the disk gives to one writer.
fn sync_loop(folder: &Path) -> usize {
    let mut file = std::fs::File::create(folder.join("raw")).unwrap();
    file.write_all(&vec![0; 1 << 20]).unwrap();
    file.sync_all().unwrap();
    let data = vec![1; SIZE];
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < TIME {
        file.write_all_at(&data, (count * SIZE % (1 << 20)) as u64)
            .unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    count
}

fn object(name: &str) -> Value {
    json!({
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default"},
        "data": {"key": "x".repeat(SIZE)},
    })
}

async fn store_writes(store: &Store, clients: usize) -> usize {
    let end = Instant::now() + TIME;
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while Instant::now() < end {
                    let name = format!("c{client}-{count}");
                    let key = Key::new("", "configmaps", "default", &name);
                    store
                        .commit(Transaction::create(key, &object(&name)))
                        .await
                        .unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    total(tasks).await
}

async fn total(tasks: Vec<tokio::task::JoinHandle<usize>>) -> usize {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    sum
}

async fn send(service: &Local, request: Request<Body>) -> Response<Body> {
    service.clone().oneshot(request).await.unwrap()
}

fn creation(name: &str) -> Request<Body> {
    let request =
        Request::post("/api/v1/namespaces/default/configmaps").header("content-type", "application/json");
    request.body(object(name).to_string().into()).unwrap()
}

async fn server_writes(server: &ApiServer, clients: usize) -> usize {
    let end = Instant::now() + TIME;
    let service = server.in_process(UserInfo::admin("bench"));
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let service = service.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while Instant::now() < end {
                    let answer = send(&service, creation(&format!("c{client}-{count}"))).await;
                    assert_eq!(answer.status(), 201);
                    answer.into_body().collect().await.unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    total(tasks).await
}

/// Time of the whole process on the processor.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// One event to many watchers, 100 times.
async fn fan_out(watchers: usize) {
    const EVENTS: usize = 100;
    let server = ApiServer::builder().build().await.unwrap();
    let service = server.in_process(UserInfo::admin("bench"));
    let mut tasks = Vec::new();
    for _ in 0..watchers {
        let path = "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0";
        let answer = send(&service, Request::get(path).body(Body::empty()).unwrap()).await;
        let mut body = answer.into_body().into_data_stream();
        tasks.push(tokio::spawn(async move {
            let mut seen = 0;
            while seen < EVENTS {
                let piece = body.next().await.unwrap().unwrap();
                seen += piece.iter().filter(|byte| **byte == b'\n').count();
            }
            seen
        }));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (started, before) = (Instant::now(), processor_time());
    for number in 0..EVENTS {
        assert_eq!(
            send(&service, creation(&format!("m{number}"))).await.status(),
            201
        );
    }
    assert_eq!(total(tasks).await, watchers * EVENTS);
    let (wall, cpu) = (started.elapsed(), processor_time() - before);
    let each = |time: Duration| time / u32::try_from(EVENTS).unwrap();
    println!(
        "one event to {watchers} watchers: {:.2?} wall, {:.2?} processor",
        each(wall),
        each(cpu)
    );
}
