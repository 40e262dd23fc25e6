//! A world, looked at as a user does: with a shell, and by pasting what is printed.

use crate::registry::USER;
use crate::world::{World, eventually, eventually_within, fed, text};
use keyside_api::Cause;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

/// How registries are reached from where `explain` runs, as environment.
#[derive(Default)]
pub(crate) struct Here {
    pub(crate) hosts: String,
    pub(crate) authority: String,
}

/// A world, and everything that is needed to look at it as a user does.
pub(crate) struct Bench<'a> {
    pub(crate) world: &'a World,
    here: Here,
    /// The causes that were seen.
    named: RefCell<BTreeSet<Cause>>,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self::at(world, Here::default())
    }

    pub(crate) fn at(world: &'a World, here: Here) -> Self {
        let named = RefCell::default();
        Self { world, here, named }
    }

    /// The test has shown a world for each of these causes, and for no other.
    pub(crate) fn has_named(&self, causes: &[Cause]) {
        assert_eq!(*self.named.borrow(), causes.iter().copied().collect());
    }

    /// A line of a shell, with keyside and kubectl in reach.
    pub(crate) fn shell(&self, line: &str, stdin: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_keyside"));
        let folder = program.parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .env("PATH", format!("{folder}:{path}"))
            .env("KUBECONFIG", self.world.kubeconfig())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("KEYSIDE_SANDBOX");
        if !self.here.hosts.is_empty() {
            command.env("KEYSIDE_ADD_HOST", &self.here.hosts);
        }
        if !self.here.authority.is_empty() {
            command.env("KEYSIDE_REGISTRY_CA", &self.here.authority);
        }
        fed(command, stdin)
    }

    /// Waits until `explain` names the cause for the object; its first image.
    pub(crate) fn explained(&self, object: &str, namespace: &str, cause: Cause) -> Value {
        self.named.borrow_mut().insert(cause);
        eventually(&format!("{namespace}/{object} is {cause}"), || {
            let output = self.shell(&format!("keyside explain {object} -n {namespace} -o json"), "");
            let said = text(&output.stdout);
            let document: Value = serde_json::from_str(&said)
                .map_err(|error| format!("{error}: {said}{}", text(&output.stderr)))?;
            let image = document["images"][0].clone();
            let waits = image["evidence"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["source"] == "node"));
            if image["reason"] == cause.as_str() && waits && output.status.code() == Some(1) {
                Ok(image)
            } else {
                Err(format!("{:?} {said}", output.status.code()))
            }
        })
    }

    /// Pastes the fix, with what stands in capitals filled in, and the password on stdin.
    pub(crate) fn paste(&self, image: &Value, password: &str) {
        self.paste_at("", image, password);
    }

    /// As [`Bench::paste`]; only who knows the right registry can fill it in.
    pub(crate) fn paste_at(&self, host: &str, image: &Value, password: &str) {
        let fixes = image["fix"].as_array().expect("fixes");
        assert!(!fixes.is_empty(), "no fix: {image}");
        for fix in fixes {
            let line = fix
                .as_str()
                .expect("a command")
                .replace(" NAME ", " given ")
                .replace(" USER ", &format!(" {USER} "))
                .replace(":TAG ", ":1 ")
                .replace("HOST/", &format!("{host}/"));
            let output = self.shell(&line, password);
            assert!(
                output.status.success(),
                "{line}: {}{}\n{image}",
                text(&output.stdout),
                text(&output.stderr)
            );
        }
    }

    /// Waits until some pod of the namespace runs.
    pub(crate) fn runs(&self, namespace: &str) {
        // A pod that only has to try again does so when the kubelet's wait is over, which doubles with every failure.
        eventually_within(&format!("a pod of {namespace} runs"), 200, || {
            let phases = self.world.ok(&format!(
                "get pods -n {namespace} -o jsonpath={{.items[*].status.phase}}"
            ));
            if phases.split(' ').any(|phase| phase == "Running") {
                Ok(())
            } else {
                let pods = self.world.ok(&format!("get pods -n {namespace} -o wide"));
                Err(format!("{phases} {pods}"))
            }
        });
    }

    pub(crate) fn namespace(&self, name: &str) {
        self.world.ok(&format!("create namespace {name}"));
    }

    pub(crate) fn secret(&self, namespace: &str, name: &str, server: &str, user: &str, password: &str) {
        self.world.run(&[
            "create",
            "secret",
            "docker-registry",
            name,
            "-n",
            namespace,
            &format!("--docker-server={server}"),
            &format!("--docker-username={user}"),
            &format!("--docker-password={password}"),
        ]);
    }

    pub(crate) fn deployment(&self, namespace: &str, image: &str) {
        self.namespace(namespace);
        self.world
            .ok(&format!("create deployment web -n {namespace} --image={image}"));
    }
}

/// A line of a pod's spec that lists a pull secret.
pub(crate) fn listing(name: &str) -> String {
    format!("  imagePullSecrets: [{{name: {name}}}]\n")
}
