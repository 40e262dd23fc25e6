use super::*;
use bytes::Bytes;

fn dir() -> (tempfile::TempDir, BlobDir) {
    let root = tempfile::tempdir().unwrap();
    let dir = BlobDir::open(root.path().join("blobs")).unwrap();
    (root, dir)
}

async fn write(dir: &BlobDir, digest: &Digest, size: u64, pieces: &[&'static str], finish: bool) -> Finished {
    let mut writer = Writer::open(dir, digest, size).await.unwrap();
    for piece in pieces {
        assert!(writer.append(Bytes::from_static(piece.as_bytes())).await);
    }
    if finish {
        writer.finish().await.unwrap()
    } else {
        writer.close().await.unwrap()
    }
}

#[tokio::test]
async fn content_gets_its_name_only_with_its_digest() {
    let (_root, dir) = dir();
    let digest = Digest::of(b"hello");
    assert!(matches!(
        write(&dir, &digest, 5, &["hel", "lo"], true).await,
        Finished::Stored
    ));
    assert_eq!(dir.size(&digest), Some(5));
    assert_eq!(dir.read(&digest, 5).unwrap(), b"hello");
    assert_eq!(dir.read(&digest, 4), None);

    let other = Digest::of(b"other");
    let Finished::Mismatch(found) = write(&dir, &other, 5, &["hello"], true).await else {
        panic!("stored under a foreign name");
    };
    assert_eq!(found, digest);
    assert_eq!(dir.size(&other), None);
    assert!(
        !dir.partial(&other).exists(),
        "a wrong beginning is not continued"
    );
}

#[tokio::test]
async fn interrupted_content_is_continued() {
    let (_root, dir) = dir();
    let digest = Digest::of(b"hello world");
    assert!(matches!(
        write(&dir, &digest, 11, &["hello"], false).await,
        Finished::Partial
    ));
    let writer = Writer::open(&dir, &digest, 11).await.unwrap();
    assert_eq!(writer.written(), 5);
    drop(writer.close().await);
    assert!(matches!(
        write(&dir, &digest, 11, &[" world"], true).await,
        Finished::Stored
    ));
    assert_eq!(dir.read(&digest, 11).unwrap(), b"hello world");
}

#[tokio::test]
async fn a_beginning_longer_than_the_whole_is_thrown_away() {
    let (_root, dir) = dir();
    let digest = Digest::of(b"hi");
    write(&dir, &digest, 11, &["hello world"], false).await;
    assert_eq!(Writer::open(&dir, &digest, 2).await.unwrap().written(), 0);
}

#[test]
fn bytes_in_hand_are_stored_and_removed() {
    let (_root, dir) = dir();
    let digest = Digest::of(b"{}");
    dir.put(&digest, b"{}").unwrap();
    assert_eq!(dir.size(&digest), Some(2));
    dir.remove(&digest).unwrap();
    dir.remove(&digest).unwrap();
    assert_eq!(dir.size(&digest), None);
}
