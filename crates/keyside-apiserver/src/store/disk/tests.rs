//! What the store promises about its disk, tried on a disk that fails, loses power and is tampered with.

mod medium;

use super::super::journal::Journal;
use super::super::key::Key as Place;
use super::super::transaction::{CommitError, Transaction};
use super::super::{Range, Store};
use super::*;
use medium::{Medium, Random};
use serde_json::json;
use std::collections::BTreeMap;

fn files() -> Files {
    Files::at(Path::new("/nowhere/store.redb"))
}

fn history() -> History {
    History {
        events: 50,
        ..History::default()
    }
}

fn opened(medium: &Medium, key: &Key) -> Result<(State, Disk), OpenError> {
    open_with(&files(), medium.clone(), None, key, history())
}

fn change(revision: u64, name: u64, deleted: bool) -> Change {
    let key = Place::new("", "things", "ns", &format!("t{name}"));
    Change {
        revision,
        key,
        deleted,
        value: format!("{{\"revision\":{revision}}}").into(),
    }
}

/// What a reader sees: names and the revisions that wrote them.
type View = BTreeMap<String, u64>;

fn view(state: &State) -> View {
    let page = state
        .page(&Range::new("", "things", None), "", usize::MAX, None)
        .unwrap();
    page.entries
        .into_iter()
        .map(|(path, entry)| ((*path).to_owned(), entry.revision))
        .collect()
}

/// A store of which every write is known: the views it had after each group.
struct Script {
    random: Random,
    state: State,
    disk: Disk,
    views: BTreeMap<u64, View>,
}

impl Script {
    fn new(medium: &Medium, key: &Key, seed: u64) -> Self {
        let (state, disk) = opened(medium, key).unwrap();
        let views = BTreeMap::from([(state.revision(), view(&state))]);
        Self {
            random: Random(seed),
            state,
            disk,
            views,
        }
    }

    /// One group of one to four changes; the medium is told when it is acknowledged.
    fn step(&mut self, medium: &Medium, gone: &mut Vec<u64>) -> Result<(), JournalError> {
        let changes: Vec<Change> = (0..self.random.below(4) + 1)
            .map(|at| {
                let name = self.random.below(12);
                let path = format!("ns/t{name}");
                let known = self
                    .views
                    .last_key_value()
                    .is_some_and(|(_, view)| view.contains_key(&path));
                let deleted = at == 0 && known && self.random.below(3) == 0;
                change(self.state.revision() + at + 1, name, deleted)
            })
            .collect();
        let last = self.state.revision() + changes.len() as u64;
        let mut after = self.views.last_key_value().unwrap().1.clone();
        for change in &changes {
            if change.deleted {
                after.remove(&*change.key.path);
            } else {
                after.insert((*change.key.path).to_owned(), change.revision);
            }
        }
        self.views.insert(last, after);
        self.disk.append(&changes, gone, self.state.compacted())?;
        for change in changes {
            self.state.apply(change);
        }
        *gone = self.state.forget();
        medium.acknowledge(self.state.revision());
        Ok(())
    }
}

/// Everything acknowledged is there, nothing is torn, and the revision has not gone back.
fn check_image(
    image: &Medium,
    acknowledged: u64,
    key: &Key,
    views: &BTreeMap<u64, View>,
) -> Result<(), String> {
    let (state, _disk) = opened(image, key).map_err(|error| error.to_string())?;
    let revision = state.revision();
    if revision < acknowledged {
        return Err(format!("acknowledged {acknowledged}, found {revision}"));
    }
    let expected = views
        .get(&revision)
        .ok_or_else(|| format!("half a group was kept: {revision}"))?;
    let found = view(&state);
    if found == *expected {
        Ok(())
    } else {
        Err(format!("at {revision}: {found:?} instead of {expected:?}"))
    }
}

/// Runs a script, cuts the power at random moments, and checks what is left; returns (images, of them cut in recovery).
fn power_cuts(seed: u64, steps: usize, honest: bool) -> Result<(usize, usize), String> {
    let key = seal::random().unwrap();
    let medium = Medium::new(seed);
    let mut script = Script::new(&medium, &key, seed);
    medium.take_images(12, honest);
    let mut gone = Vec::new();
    for _ in 0..steps {
        script.step(&medium, &mut gone).unwrap();
    }
    let (mut count, mut in_recovery) = (0, 0);
    for (image, acknowledged) in medium.images() {
        let reopened = Medium::from_image(&image, seed ^ count as u64);
        reopened.take_images(6, true);
        check_image(&reopened, acknowledged, &key, &script.views)?;
        count += 1;
        for (second, _) in reopened.images().into_iter().take(2) {
            check_image(
                &Medium::from_image(&second, seed),
                acknowledged,
                &key,
                &script.views,
            )?;
            count += 1;
            in_recovery += 1;
        }
    }
    Ok((count, in_recovery))
}

#[test]
fn r21_r22_power_cuts_lose_nothing_that_was_acknowledged() {
    let (mut count, mut in_recovery) = (0, 0);
    for seed in 1..=4 {
        let (images, second) =
            power_cuts(seed, 40, true).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        count += images;
        in_recovery += second;
    }
    assert!(count > 100, "only {count} images were made");
    assert!(
        in_recovery * 20 >= count,
        "only {in_recovery} of {count} cuts were in recovery"
    );
}

#[test]
#[ignore = "10,000 images; run with --ignored"]
fn r21_r22_ten_thousand_power_cuts() {
    let mut count = 0;
    for seed in 100.. {
        count += power_cuts(seed, 60, true)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"))
            .0;
        if count >= 10_000 {
            break;
        }
    }
}

#[test]
fn r24_a_disk_that_only_pretends_to_sync_is_caught_by_these_tests() {
    let caught = (1..=6).any(|seed| power_cuts(seed, 40, false).is_err());
    assert!(caught, "acknowledging before the sync would not be noticed");
}

#[tokio::test]
async fn r23_after_any_failed_call_nothing_more_is_acknowledged_and_nothing_acknowledged_is_lost() {
    for index in 0.. {
        let key = seal::random().unwrap();
        let medium = Medium::new(index);
        let (state, disk) = opened(&medium, &key).unwrap();
        let store = Store::start(state, Box::new(disk));
        medium.fail_once_after(index);
        let mut acknowledged = Vec::new();
        let mut failed = false;
        for name in 0..25 {
            let place = Place::new("", "things", "ns", &format!("t{name}"));
            match store
                .commit(Transaction::create(place, &json!({"metadata": {"name": name}})))
                .await
            {
                Ok(_) => {
                    assert!(!failed, "call {index}: acknowledged after a failure");
                    acknowledged.push(format!("ns/t{name}"));
                }
                Err(CommitError::ReadOnly(_)) => failed = true,
                Err(error) => panic!("call {index}: {error}"),
            }
        }
        assert_eq!(store.is_writable(), !failed);
        assert_eq!(
            store.list(&Range::new("", "things", None)).entries.len(),
            acknowledged.len()
        );
        store.close().await;
        let (state, _disk) = opened(&Medium::from_image(&medium.durable(), index), &key).unwrap();
        let found = view(&state);
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|path| !found.contains_key(*path))
            .collect();
        assert!(lost.is_empty(), "call {index}: {lost:?}");
        if !failed {
            assert!(index > 50, "only {index} calls were tried");
            return;
        }
    }
}

#[test]
fn r25_nothing_stored_can_be_read_in_the_file() {
    let key = seal::random().unwrap();
    let medium = Medium::new(1);
    let (_, mut disk) = opened(&medium, &key).unwrap();
    let key = Place::new("", "secrets", "team", "canary-name");
    disk.append(
        &[Change {
            revision: 1,
            key,
            deleted: false,
            value: "canary-value".into(),
        }],
        &[],
        0,
    )
    .unwrap();
    let image = medium.durable();
    for word in ["canary-name", "canary-value", "secrets"] {
        assert!(
            !image.windows(word.len()).any(|part| part == word.as_bytes()),
            "{word}"
        );
    }
}

#[test]
fn r25_swapped_records_are_noticed() {
    let key = seal::random().unwrap();
    let medium = Medium::new(1);
    let (_, mut disk) = opened(&medium, &key).unwrap();
    disk.append(&[change(1, 1, false), change(2, 2, false)], &[], 0)
        .unwrap();
    let transaction = disk.database.begin_write().unwrap();
    {
        let mut records = transaction.open_table(RECORDS).unwrap();
        let get = |revision: u64| records.get(revision).unwrap().unwrap().value().to_vec();
        let (first, second) = (get(1), get(2));
        records.insert(1, second.as_slice()).unwrap();
        records.insert(2, first.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(disk);
    assert!(matches!(opened(&medium, &key), Err(OpenError::Damaged { .. })));
}

#[test]
fn r25_a_vanished_record_is_noticed() {
    let key = seal::random().unwrap();
    let medium = Medium::new(1);
    let (_, mut disk) = opened(&medium, &key).unwrap();
    disk.append(&[change(1, 1, false), change(2, 2, false)], &[], 0)
        .unwrap();
    let transaction = disk.database.begin_write().unwrap();
    transaction.open_table(RECORDS).unwrap().remove(1).unwrap();
    transaction.commit().unwrap();
    drop(disk);
    let Err(error) = opened(&medium, &key) else {
        panic!("opened")
    };
    assert!(error.to_string().contains("records are missing"), "{error}");
}

#[test]
fn r26_a_wrong_key_and_a_newer_format_are_told_apart() {
    let key = seal::random().unwrap();
    let medium = Medium::new(1);
    let (_, disk) = opened(&medium, &key).unwrap();
    let transaction = disk.database.begin_write().unwrap();
    transaction
        .open_table(META)
        .unwrap()
        .insert("format", 2_u32.to_be_bytes().as_slice())
        .unwrap();
    transaction.commit().unwrap();
    drop(disk);
    assert!(matches!(
        opened(&medium, &key),
        Err(OpenError::Newer { found: 2, .. })
    ));
    let other = Medium::new(2);
    drop(opened(&other, &key).unwrap());
    assert!(matches!(
        opened(&other, &seal::random().unwrap()),
        Err(OpenError::WrongKey { .. })
    ));
}

#[test]
fn r26_a_truncated_or_altered_file_is_an_error_or_still_right() {
    let key = seal::random().unwrap();
    let medium = Medium::new(1);
    let mut script = Script::new(&medium, &key, 1);
    let mut gone = Vec::new();
    for _ in 0..30 {
        script.step(&medium, &mut gone).unwrap();
    }
    let expected = view(&script.state);
    let image = medium.durable();
    let folder = tempfile::tempdir().unwrap();
    let witness = || Some(Witness::open(&folder.path().join("store.newest")).unwrap());
    witness().unwrap().remember(script.state.revision()).unwrap();
    let mut random = Random(7);
    let mut noticed = 0;
    for round in 0..300 {
        let mut altered = image.clone();
        if round % 3 == 0 {
            altered.truncate(random.below(image.len() as u64) as usize);
        } else {
            let at = random.below(image.len() as u64) as usize;
            altered[at] ^= 1 << random.below(8);
        }
        match open_with(
            &files(),
            Medium::from_image(&altered, round),
            witness(),
            &key,
            history(),
        ) {
            Ok((state, _)) => assert_eq!(view(&state), expected, "round {round}"),
            Err(
                OpenError::Damaged { .. }
                | OpenError::Newer { .. }
                | OpenError::WrongKey { .. }
                | OpenError::Behind { .. },
            ) => noticed += 1,
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    assert!(noticed > 100, "only {noticed} of 300 were noticed");
}
