use super::*;
use futures::{StreamExt as _, TryStreamExt as _};

/// Every kind of store has to pass the same tests.
fn stores() -> Vec<(Store, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let files = Store::files(folder.path()).unwrap();
    vec![
        (Store::memory(), None),
        (files, Some(folder)),
        #[cfg(feature = "s3")]
        (in_memory_bucket(), None),
    ]
}

#[cfg(feature = "s3")]
fn in_memory_bucket() -> Store {
    let memory = object_store::memory::InMemory::new();
    Store(Kind::Objects(Arc::new(objects::Objects::over(memory))))
}

async fn content(store: &Store, key: &str, range: Range<u64>) -> Vec<u8> {
    let stream = store
        .stream(key, range)
        .await
        .unwrap()
        .expect("the object is there");
    let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
    pieces.concat()
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[tokio::test]
async fn what_was_written_is_read_and_replaced() {
    for (store, _folder) in stores() {
        assert_eq!(store.read("a/b").await.unwrap(), None);
        store.write("a/b", bytes("one")).await.unwrap();
        store.write("a/b", bytes("two!")).await.unwrap();
        assert_eq!(store.read("a/b").await.unwrap(), Some(bytes("two!")));
        assert_eq!(store.size("a/b").await.unwrap(), Some(4));
        assert_eq!(store.size("a").await.unwrap(), None, "a folder is no object");
        assert_eq!(content(&store, "a/b", 1..3).await, b"wo");
        assert_eq!(content(&store, "a/b", 0..0).await, b"");
        assert!(store.stream("a/c", 0..1).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn only_one_of_many_creates() {
    for (store, _folder) in stores() {
        let tries = (0..16).map(|n| {
            let store = store.clone();
            async move {
                store
                    .create("k/one", bytes(&format!("writer {n}")))
                    .await
                    .unwrap()
            }
        });
        let won: Vec<bool> = futures::stream::iter(tries).buffer_unordered(16).collect().await;
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
    }
}

#[tokio::test]
async fn removal_on_condition_spares_what_has_changed() {
    for (store, _folder) in stores() {
        store.write("tags/a", bytes("old")).await.unwrap();
        store.write("tags/a", bytes("new")).await.unwrap();
        assert!(!store.delete_if("tags/a", &bytes("old")).await.unwrap());
        assert_eq!(store.read("tags/a").await.unwrap(), Some(bytes("new")));
        assert!(store.delete_if("tags/a", &bytes("new")).await.unwrap());
        assert_eq!(store.read("tags/a").await.unwrap(), None);
        assert_eq!(store.list("tags").await.unwrap().objects, [""; 0]);
        assert!(!store.delete_if("tags/a", &bytes("new")).await.unwrap());
        assert!(store.create("tags/a", bytes("again")).await.unwrap());
        assert_eq!(store.read("tags/a").await.unwrap(), Some(bytes("again")));
    }
}

#[tokio::test]
async fn large_objects_appear_when_finished_and_not_before() {
    for (store, _folder) in stores() {
        let piece = Bytes::from(vec![7; 300 * 1024]);
        let mut writer = store.writer("big").await.unwrap();
        for _ in 0..5 {
            writer.write(piece.clone()).await.unwrap();
        }
        assert_eq!(store.size("big").await.unwrap(), None);
        writer.finish().await.unwrap();
        let size = 5 * piece.len() as u64;
        assert_eq!(store.size("big").await.unwrap(), Some(size));
        assert!(
            content(&store, "big", 0..size)
                .await
                .iter()
                .all(|byte| *byte == 7)
        );

        let mut dropped = store.writer("never").await.unwrap();
        dropped.write(piece.clone()).await.unwrap();
        drop(dropped);
        assert_eq!(store.size("never").await.unwrap(), None);

        let empty = store.writer("empty").await.unwrap();
        empty.finish().await.unwrap();
        assert_eq!(store.size("empty").await.unwrap(), Some(0));
    }
}

#[tokio::test]
async fn copies_and_removals() {
    for (store, _folder) in stores() {
        store.write("a/x", bytes("x")).await.unwrap();
        assert!(store.copy("a/x", "b/y").await.unwrap());
        assert!(!store.copy("a/none", "b/z").await.unwrap());
        assert!(store.delete("a/x").await.unwrap());
        assert!(!store.delete("a/x").await.unwrap());
        assert_eq!(store.read("b/y").await.unwrap(), Some(bytes("x")));
        store.delete_all("b").await.unwrap();
        store.delete_all("b").await.unwrap();
        assert_eq!(store.read("b/y").await.unwrap(), None);
    }
}

#[tokio::test]
async fn lists_show_one_level_in_order() {
    for (store, _folder) in stores() {
        for key in ["r/a-b/x", "r/a/x", "r/a/y/z", "r/B", "r/a.b", "rest"] {
            store.write(key, bytes("1")).await.unwrap();
        }
        let listing = store.list("r").await.unwrap();
        assert_eq!(listing.objects, ["B", "a.b"]);
        assert_eq!(listing.folders, ["a", "a-b"]);
        store.delete("r/a/x").await.unwrap();
        store.delete("r/a/y/z").await.unwrap();
        assert_eq!(store.list("r").await.unwrap().folders, ["a-b"]);
        assert_eq!(store.list("nothing").await.unwrap(), Listing::default());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_only_and_nothing_is_left_behind() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::files(folder.path().join("store")).unwrap();
    store.write("a/b", bytes("secret")).await.unwrap();
    let mut writer = store.writer("c").await.unwrap();
    writer.write(bytes("x")).await.unwrap();
    writer.finish().await.unwrap();
    drop(store.writer("d").await.unwrap());
    let root = folder.path().join("store");
    for (path, mode) in [
        ("", 0o700),
        ("a", 0o700),
        ("a/b", 0o600),
        ("c", 0o600),
        (".lock", 0o600),
    ] {
        let found = std::fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}");
    }
    assert_eq!(std::fs::read_dir(root.join(".staging")).unwrap().count(), 0);
}

#[tokio::test]
async fn writers_and_removers_of_one_folder_do_not_trip_over_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::files(folder.path()).unwrap();
    let steps = (0..200).map(|n| {
        let store = store.clone();
        async move {
            if n % 2 == 0 {
                store.write("x/y/z", bytes("1")).await.map(drop)
            } else {
                store.delete("x/y/z").await.map(drop)
            }
        }
    });
    let failures = futures::stream::iter(steps)
        .buffer_unordered(32)
        .filter_map(|result| async { result.err() })
        .count();
    assert_eq!(failures.await, 0);
}
