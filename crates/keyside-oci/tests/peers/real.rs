//! Pulls from a real registry.

use crate::docker_registry::{DockerRegistry, PASSWORD, USER};
use crate::layout::{Layout, MANIFEST};
use crate::node::Node;
use keyside_keychain::Credential;
use keyside_oci::{Cause, Digest, Platform, PullError};

fn login() -> Credential {
    Credential::new(USER, PASSWORD)
}

fn check_failure(error: &PullError, cause: Cause, message: &str) {
    assert_eq!(error.kubelet_message(), message);
    assert_eq!(error.cause(), Some(cause));
}

#[tokio::test]
async fn image_of_several_platforms_is_pulled_for_the_wanted_one() {
    let Some(registry) = DockerRegistry::start() else {
        return;
    };
    let layout = Layout::write(&["arm64", "amd64"], &[0, 1, 70_000, 3_000_000]);
    registry.push(&layout, "team/app");
    let node = Node::new("amd64");
    let image = format!("{}/team/app:1", registry.host);

    let pulled = node.pull(&image, Some(&login())).await.unwrap();
    assert_eq!(pulled.manifest_digest, layout.index);
    assert_eq!(pulled.image_id, layout.configs[1]);
    assert_eq!(pulled.platform, Platform::new("linux", "amd64"));
    assert_eq!(pulled.media_type, MANIFEST);
    let sizes: Vec<_> = pulled.layers.iter().map(|layer| layer.size).collect();
    assert_eq!(sizes, [0, 1, 70_000, 3_000_000]);
    assert!(
        pulled.size_bytes > 3_070_001,
        "documents count too: {}",
        pulled.size_bytes
    );
    for digest in pulled
        .layers
        .iter()
        .map(|layer| &layer.digest)
        .chain([&pulled.image_id])
    {
        let stored = std::fs::read(node.dir.path(digest)).unwrap();
        assert_eq!(stored, std::fs::read(layout.blob_path(digest)).unwrap());
        assert_eq!(Digest::of(&stored), *digest);
    }

    let by_digest = format!("{}/team/app@{}", registry.host, layout.index);
    assert_eq!(node.pull(&by_digest, Some(&login())).await.unwrap(), pulled);
}

#[tokio::test]
async fn present_layers_are_not_downloaded_again_but_the_registry_is_asked() {
    let Some(registry) = DockerRegistry::start() else {
        return;
    };
    let layout = Layout::write(&["amd64"], &[5_000, 6_000]);
    registry.push(&layout, "team/app");
    let node = Node::new("amd64");
    let image = format!("{}/team/app:1", registry.host);
    let pulled = node.pull(&image, Some(&login())).await.unwrap();

    for layer in &pulled.layers {
        std::fs::remove_file(registry.blob_file(&layer.digest)).unwrap();
    }
    assert_eq!(node.pull(&image, Some(&login())).await.unwrap(), pulled);
    let denied = node.pull(&image, None).await.unwrap_err();
    assert_eq!(
        denied.cause(),
        Some(Cause::AccessDenied),
        "an image that is present is not given away"
    );

    let other = Node::new("amd64").pull(&image, Some(&login())).await.unwrap_err();
    assert_eq!(other.cause(), Some(Cause::ContentMissing), "{other}");
}

#[tokio::test]
async fn refusals_read_like_those_of_a_node() {
    let Some(registry) = DockerRegistry::start() else {
        return;
    };
    let host = &registry.host;
    let layout = Layout::write(&["arm64"], &[10]);
    registry.push(&layout, "team/app");
    let node = Node::new("amd64");
    let image = format!("{host}/team/app:1");
    let denied = format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": \
         pulling from host {host} failed with status code [manifests 1]: 401 Unauthorized"
    );
    for credential in [
        None,
        Some(Credential::new(USER, "wrong")),
        Some(Credential::new(USER, "")),
        Some(Credential::new("", "x")),
    ] {
        let error = node.pull(&image, credential.as_ref()).await.unwrap_err();
        check_failure(&error, Cause::AccessDenied, &denied);
    }
    for missing in [format!("{host}/team/app:2"), format!("{host}/team/other:1")] {
        let error = node.pull(&missing, Some(&login())).await.unwrap_err();
        let message = format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{missing}\": \
             failed to resolve reference \"{missing}\": {missing}: not found"
        );
        check_failure(&error, Cause::NotFound, &message);
    }
    let error = node.pull(&image, Some(&login())).await.unwrap_err();
    let message = format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": \
         no match for platform in manifest {}: not found",
        layout.index
    );
    check_failure(&error, Cause::NoMatchingPlatform, &message);
}

#[tokio::test]
async fn damaged_layer_is_refused_and_not_kept() {
    let Some(registry) = DockerRegistry::start() else {
        return;
    };
    let layout = Layout::write(&["amd64"], &[50_000]);
    registry.push(&layout, "team/app");
    let node = Node::new("amd64");
    let image = format!("{}/team/app:1", registry.host);
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(layout.blob_path(&layout.index)).unwrap()).unwrap();
    let manifest = Digest::parse(manifest["manifests"][0]["digest"].as_str().unwrap()).unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(layout.blob_path(&manifest)).unwrap()).unwrap();
    let layer = Digest::parse(manifest["layers"][0]["digest"].as_str().unwrap()).unwrap();
    let file = registry.blob_file(&layer);
    let good = std::fs::read(&file).unwrap();
    let mut bad = good.clone();
    bad[49_999] ^= 1;
    std::fs::write(&file, &bad).unwrap();

    let error = node.pull(&image, Some(&login())).await.unwrap_err();
    let message = format!(
        "rpc error: code = FailedPrecondition desc = failed to pull and unpack image \"{image}\": failed commit on ref \
         \"layer-{layer}\": unexpected commit digest {}, expected {layer}: failed precondition",
        Digest::of(&bad)
    );
    check_failure(&error, Cause::ContentCorrupt, &message);
    assert_eq!(node.dir.size(&layer), None);

    std::fs::write(&file, &good).unwrap();
    node.pull(&image, Some(&login())).await.unwrap();
}

#[tokio::test]
async fn many_pulls_of_one_image_share_its_downloads() {
    let Some(registry) = DockerRegistry::start() else {
        return;
    };
    let layout = Layout::write(&["amd64"], &[2_000_000, 10]);
    registry.push(&layout, "team/app");
    let node = std::sync::Arc::new(Node::new("amd64"));
    let image = format!("{}/team/app:1", registry.host);
    let pulls: Vec<_> = (0..8)
        .map(|_| {
            let (node, image) = (node.clone(), image.clone());
            tokio::spawn(async move {
                node.pull(&image, Some(&login()))
                    .await
                    .map(|pulled| pulled.image_id)
            })
        })
        .collect();
    for pull in pulls {
        assert_eq!(pull.await.unwrap().unwrap(), layout.configs[0]);
    }
}
