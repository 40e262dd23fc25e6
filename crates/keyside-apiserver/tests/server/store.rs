//! The store on a real file: restarts, second openers, keys, and being killed in the middle of writes.

use keyside_apiserver::store::{Expect, Key, OpenError, Range, Store, Transaction};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn object(name: &str, value: u64) -> Value {
    json!({"kind": "Thing", "apiVersion": "v1", "metadata": {"name": name}, "value": value})
}

fn place(name: &str) -> Key {
    Key::new("", "things", "ns", name)
}

fn things() -> Range {
    Range::new("", "things", None)
}

async fn put(store: &Store, name: &str, value: u64) -> u64 {
    let key = place(name);
    let transaction = match store.get(&key) {
        Some(entry) => Transaction::update(key, entry.revision, &object(name, value)),
        None => Transaction::create(key, &object(name, value)),
    };
    store.commit(transaction).await.unwrap()[0].revision
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_watches_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = Store::open(&path).unwrap();
    put(&store, "a", 1).await;
    let seen = put(&store, "b", 1).await;
    put(&store, "a", 2).await;
    let entry = store.get(&place("b")).unwrap();
    let last = store
        .commit(Transaction::delete(place("b"), entry.revision, &entry.object()))
        .await
        .unwrap();
    store.close().await;
    drop(store);

    let store = Store::open(&path).unwrap();
    assert_eq!(store.revision(), last[0].revision);
    assert_eq!(store.get(&place("a")).unwrap().object()["value"], 2);
    assert!(store.get(&place("b")).is_none());
    let mut follow = store.follow(things(), seen).unwrap();
    let changes: Vec<_> = follow
        .ready()
        .unwrap()
        .iter()
        .map(|event| (event.path.to_string(), event.deleted))
        .collect();
    assert_eq!(changes, [("ns/a".to_owned(), false), ("ns/b".to_owned(), true)]);
    let next = put(&store, "c", 1).await;
    assert_eq!(next, last[0].revision + 1);
}

#[tokio::test]
async fn a_second_opener_a_missing_key_and_an_exposed_key_are_refused_with_the_next_step() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = (folder.path().join("store.redb"), folder.path().join("store.key"));
    let store = Store::open(&path).unwrap();
    put(&store, "a", 1).await;
    for file in [&path, &key] {
        assert_eq!(
            std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
    }
    check(
        &path,
        |error| matches!(error, OpenError::Locked(_)),
        "stop that one first",
    );
    store.close().await;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    check(
        &path,
        |error| matches!(error, OpenError::ExposedKey(_)),
        "chmod 600",
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    check(
        &path,
        |error| matches!(error, OpenError::MissingKey { .. }),
        "restore the key file",
    );
    assert!(!key.exists(), "a new key would make the data unreadable for ever");
    std::fs::write(&key, "nonsense").unwrap();
    check(
        &path,
        |error| matches!(error, OpenError::UnreadableKey(_)),
        "restore the key file",
    );
    std::fs::write(
        &key,
        text.iter()
            .rev()
            .skip(1)
            .chain(b"\n")
            .copied()
            .collect::<Vec<u8>>(),
    )
    .unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    check(
        &path,
        |error| matches!(error, OpenError::WrongKey { .. }),
        "restore the key file",
    );
    std::fs::write(&key, text).unwrap();
    Store::open(&path).unwrap();
}

#[tokio::test]
async fn a_truncated_file_is_refused_and_a_fresh_one_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = Store::open(&path).unwrap();
    put(&store, "a", 1).await;
    store.close().await;
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(5000).unwrap();
    check(
        &path,
        |error| matches!(error, OpenError::Damaged { .. }),
        "restore it from a backup",
    );
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Store::open(&path).unwrap().revision(), 0);
}

#[tokio::test]
async fn an_old_backup_is_not_mistaken_for_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("store.redb"), folder.path().join("backup"));
    let store = Store::open(&path).unwrap();
    put(&store, "a", 1).await;
    store.close().await;
    std::fs::copy(&path, &backup).unwrap();
    let store = Store::open(&path).unwrap();
    put(&store, "a", 2).await;
    store.close().await;
    std::fs::copy(&backup, &path).unwrap();
    check(
        &path,
        |error| matches!(error, OpenError::Behind { .. }),
        "store.newest",
    );
    std::fs::remove_file(folder.path().join("store.newest")).unwrap();
    assert_eq!(
        Store::open(&path).unwrap().get(&place("a")).unwrap().object()["value"],
        1
    );
}

fn check(path: &Path, expected: impl Fn(&OpenError) -> bool, step: &str) {
    let Err(error) = Store::open(path) else {
        panic!("opened; expected to be told: {step}")
    };
    assert!(expected(&error), "{error:?}");
    assert!(error.to_string().contains(step), "{error}");
}

/// What the child process does: writes until it is killed, and says so after each acknowledgement.
#[tokio::test]
#[ignore = "runs in a child process of the kill tests"]
async fn writer_child() {
    let Ok(path) = std::env::var("KEYSIDE_TEST_STORE") else {
        return;
    };
    let store = Store::open(Path::new(&path)).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..u64::MAX {
                    let name = format!("t{task}-{}", round % 5);
                    let revision = put(&store, &name, round).await;
                    println!("\nacknowledged {name} {revision}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn start_child(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::writer_child",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("KEYSIDE_TEST_STORE", path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a writing process `rounds` times and checks after each that nothing acknowledged is missing.
fn kill_loop(rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    let mut newest = 0;
    for round in 0..rounds {
        let mut child = start_child(&path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = 5 + (round * 37) % 150;
        let mut said = 0;
        let mut killed = false;
        for line in lines {
            let Ok(line) = line else { break };
            let Some(rest) = line.strip_prefix("acknowledged ") else {
                continue;
            };
            let Some((name, revision)) = rest.split_once(' ') else {
                continue;
            };
            // The last line may be cut off by the kill; then it names a smaller revision or none.
            let Ok(revision) = revision.parse::<u64>() else {
                continue;
            };
            acknowledged.insert(name.to_owned(), revision);
            said += 1;
            if said >= enough && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        let started = Instant::now();
        let store = Store::open(&path).unwrap();
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "round {round}: opening took {:?}",
            started.elapsed()
        );
        check_after_kill(&store, &acknowledged, newest, round);
        newest = store.revision();
        tokio::runtime::Runtime::new().unwrap().block_on(store.close());
    }
    assert!(acknowledged.len() > 5);
}

fn check_after_kill(store: &Store, acknowledged: &BTreeMap<String, u64>, newest: u64, round: u64) {
    assert!(
        store.revision() >= newest,
        "round {round}: the revision went back"
    );
    for (name, revision) in acknowledged {
        let Some(entry) = store.get(&place(name)) else {
            panic!("round {round}: {name} is missing")
        };
        assert!(
            entry.revision >= *revision,
            "round {round}: {name} is at {}, not {revision}",
            entry.revision
        );
    }
    // A watcher that had seen everything up to the last start goes on without a gap.
    let mut follow = store.follow(things(), newest).unwrap();
    let mut expected = newest;
    loop {
        let events = follow.ready().unwrap();
        if events.is_empty() {
            break;
        }
        for event in events {
            expected += 1;
            assert_eq!(
                event.revision, expected,
                "round {round}: a change is missing in the history"
            );
        }
    }
    assert_eq!(expected, store.revision(), "round {round}");
}

#[test]
fn r20_r33_a_killed_process_loses_nothing_and_watches_resume_without_a_gap() {
    kill_loop(8);
}

#[test]
#[ignore = "2,000 kills; run with --ignored"]
fn r20_two_thousand_kills() {
    kill_loop(2000);
}

#[tokio::test]
async fn of_many_writers_to_one_object_each_revision_has_one() {
    let store = Store::memory();
    put(&store, "a", 0).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut done = 0;
                while done < 20 {
                    let entry = store.get(&place("a")).unwrap();
                    let value = entry.object()["value"].as_u64().unwrap() + 1;
                    let update = Transaction::update(place("a"), entry.revision, &object("a", value));
                    done += usize::from(store.commit(update).await.is_ok());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.get(&place("a")).unwrap().object()["value"], 320);
    assert_eq!(store.revision(), 321);
}

#[tokio::test]
async fn a_transaction_happens_whole_or_not_at_all() {
    let store = Store::memory();
    let condition = put(&store, "condition", 0).await;
    let both = |name: &str| {
        Transaction::create(place(name), &object(name, 1))
            .and(Transaction::create(place(&format!("{name}2")), &object(name, 2)))
            .provided(place("condition"), Expect::At(condition))
    };
    store.commit(both("a")).await.unwrap();
    put(&store, "condition", 1).await;
    store.commit(both("b")).await.unwrap_err();
    assert!(store.get(&place("b")).is_none() && store.get(&place("b2")).is_none());
    assert_eq!(store.list(&things()).entries.len(), 3);
}
