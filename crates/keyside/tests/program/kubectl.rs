//! Unmodified kubectl, old and new, does its daily work.

use crate::world::{World, fed, has_kubectl, text, up, words};
use std::process::Command;

/// Each kubectl that is installed: the current one and the oldest that is promised to work.
fn kubectls() -> Vec<&'static str> {
    ["kubectl", "kubectl-1.28"]
        .into_iter()
        .filter(|name| Command::new(name).args(["version", "--client"]).output().is_ok())
        .collect()
}

struct Kubectl<'a> {
    world: &'a World,
    program: &'a str,
    namespace: String,
}

impl Kubectl<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command
            .env("KUBECONFIG", self.world.kubeconfig())
            .arg("-n")
            .arg(&self.namespace)
            .args(arguments);
        command
    }

    fn ok(&self, line: &str) -> String {
        let output = self.command(&words(line)).output().expect("kubectl runs");
        assert!(
            output.status.success(),
            "{} {line}: {}",
            self.program,
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    fn fails(&self, line: &str) -> String {
        let output = self.command(&words(line)).output().expect("kubectl runs");
        assert!(
            !output.status.success(),
            "{} {line} was expected to fail",
            self.program
        );
        text(&output.stderr)
    }

    fn feed(&self, line: &str, stdin: &str) -> (bool, String) {
        let output = fed(self.command(&words(line)), stdin);
        (
            output.status.success(),
            text(&output.stdout) + &text(&output.stderr),
        )
    }
}

fn each(check: impl Fn(&Kubectl<'_>)) {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create secret docker-registry reg -n default --docker-server=x.example --docker-username=u --docker-password=p");
    for program in kubectls() {
        let namespace = program.replace('.', "-");
        world.ok(&format!("create namespace {namespace}"));
        world.run(&[
            "create",
            "secret",
            "docker-registry",
            "testreg",
            "-n",
            &namespace,
            &format!("--docker-server={}", world.registry()),
            &format!("--docker-username={}", world.user()),
            &format!("--docker-password={}", world.password()),
        ]);
        check(&Kubectl {
            world: &world,
            program,
            namespace,
        });
    }
}

#[test]
fn deployments_roll_out_restart_scale_and_are_described() {
    each(|kubectl| {
        kubectl.ok(&format!(
            "create deployment web --image={} --replicas=2",
            kubectl.world.image()
        ));
        kubectl.ok("rollout status deployment/web --timeout=60s");
        kubectl.ok("rollout restart deployment/web");
        kubectl.ok("rollout status deployment/web --timeout=60s");
        kubectl.ok("scale deployment/web --replicas=3");
        kubectl.ok("wait --for=jsonpath={.status.readyReplicas}=3 deployment/web --timeout=60s");
        assert!(
            kubectl
                .ok("get deploy,rs,pods -o wide")
                .contains("deployment.apps/web")
        );
        assert!(kubectl.ok("describe deployment web").contains("RollingUpdate"));
        assert!(kubectl.ok("rollout history deployment/web").contains("REVISION"));
        let pod = kubectl.ok("get pods -l app=web -o jsonpath={.items[0].metadata.name}");
        assert!(
            kubectl
                .ok(&format!("describe pod {pod}"))
                .contains("Successfully")
        );
        let logs = kubectl.fails(&format!("logs {pod}"));
        assert!(logs.contains("does not run containers"), "{logs}");
        let exec = kubectl.fails(&format!("exec {pod} -- true"));
        assert!(exec.contains("does not run containers"), "{exec}");
        kubectl.ok("delete deployment web");
        kubectl.ok("wait --for=delete pod -l app=web --timeout=60s");
    });
}

#[test]
fn apply_diff_patch_edit_label_annotate() {
    each(|kubectl| {
        let map = |value: &str| {
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{k: {value}}}\n")
        };
        assert!(
            kubectl
                .feed("apply -f -", &map("one"))
                .1
                .contains("configmap/m created")
        );
        assert!(
            kubectl
                .feed("apply -f -", &map("one"))
                .1
                .contains("configmap/m unchanged")
        );
        let (same, diff) = kubectl.feed("diff -f -", &map("two"));
        assert!(!same && diff.contains("+  k: two"), "{diff}");
        assert!(
            kubectl
                .feed("apply -f -", &map("two"))
                .1
                .contains("configmap/m configured")
        );
        let shared = |value: &str| map(value).replace("name: m", "name: shared");
        assert!(
            kubectl
                .feed("apply --server-side --field-manager=one -f -", &shared("one"))
                .0
        );
        let (ok, conflict) = kubectl.feed("apply --server-side --field-manager=other -f -", &shared("two"));
        assert!(!ok && conflict.contains("conflict with \"one\""), "{conflict}");
        assert!(
            kubectl
                .feed(
                    "apply --server-side --field-manager=other --force-conflicts -f -",
                    &shared("two")
                )
                .0
        );
        assert!(kubectl.feed("apply --server-side -f -", &map("three")).0);
        assert_eq!(kubectl.ok("get cm m -o jsonpath={.data.k}"), "three");
        kubectl.ok(r#"patch cm m --type=merge -p {"data":{"k":"four"}}"#);
        kubectl.ok(r#"patch cm m --type=json -p [{"op":"add","path":"/data/j","value":"five"}]"#);
        kubectl.ok("label cm m colour=red");
        kubectl.ok("annotate cm m note=x");
        assert!(kubectl.ok("get cm -l colour=red -o name").contains("configmap/m"));
        let mut edit = kubectl.command(&["edit", "cm", "m"]);
        let edited = edit
            .env("KUBE_EDITOR", "sed -i s/four/six/")
            .output()
            .expect("kubectl edit");
        assert!(edited.status.success(), "{}", text(&edited.stderr));
        assert_eq!(kubectl.ok("get cm m -o jsonpath={.data.k}"), "six");
        let (ok, message) = kubectl.feed(
            "apply -f -",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndatta: {k: v}\n",
        );
        assert!(!ok && message.contains("unknown field \"datta\""), "{message}");
    });
}

#[test]
fn explain_discovery_and_questions_about_rights() {
    each(|kubectl| {
        assert!(
            kubectl
                .ok("explain pod.spec.imagePullSecrets")
                .contains("imagePullSecrets")
        );
        assert!(kubectl.ok("explain regcred.spec.scope").contains("Project"));
        let resources = kubectl.ok("api-resources");
        for name in [
            "pods",
            "deployments",
            "registrycredentials",
            "customresourcedefinitions",
        ] {
            assert!(resources.contains(name), "{name} is missing in {resources}");
        }
        assert!(
            kubectl
                .ok("api-versions")
                .lines()
                .any(|line| line == "keyside.dev/v1alpha1")
        );
        assert_eq!(kubectl.ok("auth can-i create pods").trim(), "yes");
        let account = format!("system:serviceaccount:{}:default", kubectl.namespace);
        assert!(
            kubectl
                .command(&["auth", "can-i", "get", "secrets", "--as", &account])
                .output()
                .is_ok_and(|output| !output.status.success())
        );
        assert!(kubectl.ok("auth whoami").contains("system:masters"));
        assert!(
            kubectl
                .ok("get regcred,cregcred,projects.keyside.dev -A")
                .contains("default")
        );
        assert!(
            kubectl
                .fails("get pods nothing")
                .contains("Error from server (NotFound): pods \"nothing\" not found")
        );
    });
}

#[test]
fn jobs_runs_events_and_deletes() {
    each(|kubectl| {
        kubectl.ok(&format!("create job once --image={}", kubectl.world.image()));
        kubectl.ok(&format!("run solo --image={}", kubectl.world.image()));
        kubectl.ok("wait --for=condition=Ready pod/solo --timeout=60s");
        assert!(kubectl.ok("events").contains("Pulled"));
        assert!(
            kubectl
                .ok("get events --sort-by=.lastTimestamp")
                .contains("Scheduled")
        );
        kubectl.ok("delete pod solo");
        kubectl.ok("delete job once");
        kubectl.ok("create namespace gone");
        kubectl.ok("delete namespace gone --timeout=60s");
        kubectl.fails("get namespace gone");
    });
}
