//! skopeo copies images out and in.

use std::path::Path;
use std::process::Command;

use crate::registry::{PASSWORD, Running, USER, find, run};
use keyside_registry::Authentication;

struct Skopeo<'a> {
    program: &'a Path,
    folder: &'a Path,
}

impl Skopeo<'_> {
    fn copy(&self, credential: Option<(&str, &str)>, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(self.program);
        // No configuration of the machine or of its user takes part.
        command
            .env("HOME", self.folder)
            .env("XDG_RUNTIME_DIR", self.folder);
        command.args([
            "--insecure-policy",
            "copy",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
        ]);
        if let Some((user, password)) = credential {
            let pair = format!("{user}:{password}");
            command.args(["--src-creds", &pair, "--dest-creds", &pair]);
        }
        run(command.args(arguments), self.folder)
    }
}

fn check(authentication: Authentication) {
    let Some(program) = find("skopeo") else { return };
    let running = Running::start(authentication);
    let digest = running.put_image("team/app", "1");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let skopeo = Skopeo {
        program: &program,
        folder: folder.path(),
    };
    let credential = (authentication != Authentication::None).then_some((USER, PASSWORD));
    let host = running.address;
    let layout = format!("oci:{}:copy", folder.path().join("layout").display());
    let source = format!("docker://{host}/team/app:1");
    let (out, said) = skopeo.copy(credential, &["--preserve-digests", &source, &layout]);
    assert!(out, "{said}");

    let target = format!("docker://{host}/team/copy:2");
    let (back, said) = skopeo.copy(credential, &["--preserve-digests", &layout, &target]);
    assert!(back, "{said}");
    let by_digest = format!("docker://{host}/team/copy@{digest}");
    let gone = format!("dir:{}", folder.path().join("dir").display());
    let (same, said) = skopeo.copy(credential, &[&by_digest, &gone]);
    assert!(same, "the copy has another digest: {said}");

    // Within one registry layers are mounted.
    let third = format!("docker://{host}/other/copy:3");
    let (moved, said) = skopeo.copy(credential, &["--preserve-digests", &target, &third]);
    assert!(moved, "{said}");

    // Another compression makes other layers, which are uploaded in pieces of unknown length.
    let zipped = format!("docker://{host}/team/zipped:1");
    let (pushed, said) = skopeo.copy(
        credential,
        &[
            "--dest-compress-format",
            "gzip",
            "--format",
            "v2s2",
            &layout,
            &zipped,
        ],
    );
    assert!(pushed, "{said}");

    if authentication != Authentication::None {
        for wrong in [None, Some((USER, "wrong")), Some(("nobody", PASSWORD))] {
            let (passed, _) = skopeo.copy(wrong, &[&source, &layout]);
            assert!(!passed, "{wrong:?} must not pass");
        }
    }
}

#[test]
fn images_are_copied_without_authentication() {
    check(Authentication::None);
}

#[test]
fn images_are_copied_with_basic_authentication() {
    check(Authentication::Basic);
}

#[test]
fn images_are_copied_with_tokens() {
    check(Authentication::Bearer);
}
