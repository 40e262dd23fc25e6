//! Many writers and watchers at once: what watchers see is one history, and it is the history of the writes (R27, R28).

use crate::rig::{MAPS, Rig};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Numbers from a seed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

const WRITERS: u64 = 6;
const WRITES: usize = 40;
const NAMES: u64 = 5;

/// One writer: creates, changes and deletes at random; returns the versions of its successful writes.
async fn write(rig: Rig, seed: u64) -> Vec<u64> {
    let mut random = Random(seed);
    let mut done = Vec::new();
    for number in 0..WRITES {
        let name = format!("m{}", random.below(NAMES));
        let path = format!("{MAPS}/{name}");
        let answer = match random.below(4) {
            0 => {
                rig.post(
                    MAPS,
                    &json!({"metadata": {"name": name}, "data": {"by": seed.to_string()}}),
                )
                .await
            }
            1 | 2 => {
                rig.patch(
                    "merge",
                    &path,
                    &json!({"data": {"by": format!("{seed}-{number}")}}),
                )
                .await
            }
            _ => rig.delete(&path, &Value::Null).await,
        };
        let version = answer.json()["metadata"]["resourceVersion"]
            .as_str()
            .and_then(|text| text.parse().ok());
        match (answer.code.as_u16(), version) {
            (200 | 201, Some(version)) => done.push(version),
            // A deletion answers with a status; a conflict or an absent object is no write.
            (200 | 404 | 409, _) => {}
            (code, _) => panic!("seed {seed}: {code} {}", answer.text),
        }
    }
    done
}

/// What a watcher has seen: version, type, name, content.
type Seen = Vec<(u64, String, String, Value)>;

async fn follow(rig: Rig, from: u64, selector: &str) -> Seen {
    let mut watch = rig
        .watch(&format!("{MAPS}?watch=1&resourceVersion={from}{selector}"), &[])
        .await;
    let mut seen = Vec::new();
    loop {
        let event = watch.next().await.expect("the last event comes before the end");
        let object = &event["object"];
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if name == "last" {
            return seen;
        }
        let version = object["metadata"]["resourceVersion"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        seen.push((
            version,
            event["type"].as_str().unwrap().to_owned(),
            name,
            object["data"].clone(),
        ));
    }
}

/// Versions rise, and the types fit what was there before.
fn check_order(seen: &Seen) {
    let mut there: BTreeMap<&str, bool> = BTreeMap::new();
    let mut newest = 0;
    for (version, kind, name, _) in seen {
        assert!(*version > newest, "{version} after {newest}");
        newest = *version;
        let was = there.insert(name, kind != "DELETED").unwrap_or(false);
        let expected = if was {
            ["MODIFIED", "DELETED"]
        } else {
            ["ADDED", "ADDED"]
        };
        assert!(
            expected.contains(&kind.as_str()),
            "{kind} {name} at {version}, which was there: {was}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r27_r28_all_watchers_see_the_one_history_of_all_writes() {
    let seed = uuid::Uuid::new_v4().as_u64_pair().0 >> 32;
    println!("seed {seed}");
    let rig = Rig::new().await;
    let start = rig.server.store().revision();
    let early: Vec<_> = (0..4)
        .map(|_| tokio::spawn(follow(rig.clone(), start, "")))
        .collect();
    let chosen = tokio::spawn(follow(rig.clone(), start, "&fieldSelector=metadata.name!%3Dm0"));
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| tokio::spawn(write(rig.clone(), seed + number)))
        .collect();
    let mut written = Vec::new();
    for writer in writers {
        written.extend(writer.await.unwrap());
    }
    let end = rig.config_map("last", json!({})).await;
    let late = follow(rig.clone(), start, "").await;
    check_order(&late);
    for watcher in early {
        assert_eq!(watcher.await.unwrap(), late, "every watcher sees the same");
    }
    let expected: Seen = late
        .iter()
        .filter(|(_, _, name, _)| name != "m0")
        .cloned()
        .collect();
    assert_eq!(chosen.await.unwrap(), expected);
    let versions: Vec<u64> = late.iter().map(|(version, ..)| *version).collect();
    written.sort_unstable();
    written.dedup();
    let missing: Vec<u64> = written
        .into_iter()
        .filter(|version| *version > start && !versions.contains(version))
        .collect();
    assert!(missing.is_empty(), "acknowledged but not seen: {missing:?}");
    let last: u64 = end["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    check_snapshots(&rig, &late, start, last).await;
}

/// A list at any version shows what the watch had shown by then.
async fn check_snapshots(rig: &Rig, seen: &Seen, start: u64, last: u64) {
    let mut state: BTreeMap<String, Value> = BTreeMap::new();
    let mut events = seen.iter().peekable();
    for version in start + 1..last {
        while let Some((_, kind, name, data)) = events.next_if(|(at, ..)| *at <= version) {
            if kind == "DELETED" {
                state.remove(name);
            } else {
                state.insert(name.clone(), data.clone());
            }
        }
        let query = format!("{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact");
        let list = rig.get(&query).await.json();
        let listed: BTreeMap<String, Value> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                (
                    item["metadata"]["name"].as_str().unwrap().to_owned(),
                    item["data"].clone(),
                )
            })
            .collect();
        assert_eq!(listed, state, "at {version}");
    }
}
