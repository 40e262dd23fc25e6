//! Downloads that break off.

use crate::image::Image;
use crate::node::Node;
use crate::server::{Reply, Seen, Server};
use keyside_oci::{Cause, Digest};

/// How a registry goes on with a broken download.
#[derive(Clone, Copy, PartialEq)]
enum Continuation {
    Range,
    Whole,
    WrongRange,
}

fn cut(image: &Image, upto: usize) -> Reply {
    let mut reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", image.layer.len()).into_bytes();
    reply.extend_from_slice(&image.layer[..upto]);
    Reply::Cut(reply)
}

async fn broken_registry(image: Image, continuation: Continuation) -> Server {
    let cut_at = image.layer.len() / 3;
    Server::start(move |seen: &Seen| {
        if seen.target != image.layer_path() {
            return image.answer(seen);
        }
        let Some(range) = seen.header("range") else {
            return cut(&image, cut_at);
        };
        let from: usize = range
            .strip_prefix("bytes=")
            .unwrap()
            .trim_end_matches('-')
            .parse()
            .unwrap();
        match continuation {
            Continuation::Whole => seen.answer(200, &[], &image.layer),
            Continuation::Range => {
                let range = format!("bytes {from}-{}/{}", image.layer.len() - 1, image.layer.len());
                seen.answer(206, &[("Content-Range", &range)], &image.layer[from..])
            }
            Continuation::WrongRange => {
                let range = format!("bytes 0-{}/{}", image.layer.len() - 1, image.layer.len());
                seen.answer(206, &[("Content-Range", &range)], &image.layer)
            }
        }
    })
    .await
}

#[tokio::test]
async fn broken_download_is_continued_where_it_broke_off() {
    for continuation in [Continuation::Range, Continuation::Whole] {
        let image = Image::new(300_000);
        let server = broken_registry(image.clone(), continuation).await;
        let node = Node::new("amd64");
        node.pull_app(&server.host, None).await.unwrap();
        assert_eq!(
            std::fs::read(node.dir.path(&Digest::of(&image.layer))).unwrap(),
            image.layer
        );
        let ranges: Vec<_> = server
            .seen()
            .iter()
            .filter_map(|seen| seen.header("range").map(str::to_owned))
            .collect();
        assert_eq!(ranges, ["bytes=100000-"]);
    }
}

#[tokio::test]
async fn wrong_range_is_not_appended() {
    let image = Image::new(30_000);
    let server = broken_registry(image.clone(), Continuation::WrongRange).await;
    let error = Node::new("amd64").pull_app(&server.host, None).await.unwrap_err();
    assert_eq!(error.cause(), Some(Cause::ContentCorrupt), "{error}");
}

#[tokio::test]
async fn a_later_pull_continues_what_an_earlier_one_began() {
    let image = Image::new(90_000);
    let node = Node::new("amd64");
    let hopeless = {
        let image = image.clone();
        Server::start(
            move |seen: &Seen| match (seen.target == image.layer_path(), seen.header("range")) {
                (true, None) => cut(&image, 30_000),
                (true, Some(_)) => seen.answer(503, &[], b""),
                (false, _) => image.answer(seen),
            },
        )
        .await
    };
    let error = node.pull_app(&hopeless.host, None).await.unwrap_err();
    assert_eq!(error.cause(), Some(Cause::RegistryError), "{error}");

    let server = broken_registry(image.clone(), Continuation::Range).await;
    node.pull_app(&server.host, None).await.unwrap();
    let layer: Vec<_> = server
        .seen()
        .into_iter()
        .filter(|seen| seen.target == image.layer_path())
        .collect();
    assert_eq!(layer.len(), 1);
    assert_eq!(layer[0].header("range"), Some("bytes=30000-"));
}

#[tokio::test]
async fn wrong_beginning_is_thrown_away_once() {
    let image = Image::new(90_000);
    let node = Node::new("amd64");
    let liar = {
        let image = image.clone();
        Server::start(move |seen: &Seen| {
            let mut lie = image.clone();
            lie.layer[0] ^= 1;
            match (seen.target == image.layer_path(), seen.header("range")) {
                (true, None) => cut(&lie, 30_000),
                (true, Some(_)) => seen.answer(503, &[], b""),
                (false, _) => image.answer(seen),
            }
        })
        .await
    };
    node.pull_app(&liar.host, None).await.unwrap_err();
    let honest = Server::start(move |seen: &Seen| image.answer(seen)).await;
    node.pull_app(&honest.host, None).await.unwrap();
}
