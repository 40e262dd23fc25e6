//! A real node: containerd, kubelet, kube-proxy, and a registry that wants a password.

use super::control_plane::{ControlPlane, flag, kubectl};
use super::folder::Folder;
use super::kernel;
use super::place::Place;
use super::process::Process;
use crate::tools;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the registry listens, inside.
pub(crate) const REGISTRY: &str = "127.0.0.1:5000";

/// The image that needs a credential.
pub(crate) const PRIVATE_IMAGE: &str = "127.0.0.1:5000/team/app:1";

/// The image of pods themselves; it never leaves the node.
const SANDBOX_IMAGE: &str = "keyside.test/pause:1";

/// The registry's user.
pub(crate) const USER: &str = "robot";
/// Its password. It protects nothing: the registry is reached from inside the namespaces only.
pub(crate) const PASSWORD: &str = "a-password-of-the-bed";

/// The same registry by the node's address over TLS, which pods can ask too; its certificate is signed by the bed's own authority.
pub(crate) const TLS_REGISTRY: &str = "10.88.0.1:5443";

/// What has to be installed.
pub(super) const PROGRAMS: [&str; 7] = [
    "containerd",
    "runc",
    "/usr/lib/cni/bridge",
    "iptables",
    "docker-registry",
    "htpasswd",
    "skopeo",
];

/// The running node; the kubelet goes first.
pub(super) struct Node {
    _processes: Vec<Process>,
}

impl Node {
    /// Starts it, and waits until pods can run on it.
    pub(super) fn start(
        kubebed: &Path,
        folder: &Folder,
        place: &Place,
        plane: &mut ControlPlane,
    ) -> Result<Self> {
        kernel::remember(folder.path())?;
        let logs = folder.make("logs")?;
        let mut processes = vec![
            registry(folder, place, &logs, Door::Loopback)?,
            registry(folder, place, &logs, Door::Tls)?,
            containerd(folder, place, &logs)?,
        ];
        images(kubebed, folder, place, &mut processes)?;
        let mut command = place.command(kubebed);
        command
            .arg("kubelet")
            .arg(flag("kubeconfig", &folder.path().join("node.kubeconfig")))
            .arg(flag("config", &kubelet_configuration(folder)?))
            .arg(flag("root-dir", &folder.make("kubelet")?))
            .arg(flag("cert-dir", &folder.make("kubelet-certs")?))
            .args(["--hostname-override=node1", "--node-ip=10.88.0.1"]);
        processes.insert(0, Process::start("kubelet", command, &logs)?);
        plane.until_ok(
            kubebed,
            place,
            &["wait", "--for=condition=Ready", "node/node1", "--timeout=1s"],
            "the node",
        )?;
        // Not before the node is there, for which it would wait half a minute.
        allow_proxy(kubebed, place, plane)?;
        let mut proxy = place.command(kubebed);
        proxy
            .arg("kube-proxy")
            .arg(flag("kubeconfig", &folder.path().join("proxy.kubeconfig")))
            .args([
                "--proxy-mode=iptables",
                "--conntrack-max-per-core=0",
                "--conntrack-min=0",
                "--hostname-override=node1",
                "--cluster-cidr=10.88.0.0/16",
            ]);
        processes.insert(0, Process::start("kube-proxy", proxy, &logs)?);
        plane.until_ok(
            kubebed,
            place,
            &["get", "--raw=/readyz", "--server=https://10.96.0.1"],
            "the cluster's own service",
        )?;
        Ok(Self {
            _processes: processes,
        })
    }
}

/// Where the registry is asked. Both doors lead to the same folder.
#[derive(Clone, Copy)]
enum Door {
    Loopback,
    Tls,
}

fn registry(folder: &Folder, place: &Place, logs: &Path, door: Door) -> Result<Process> {
    let hash = Command::new("htpasswd").args(["-nbB", USER, PASSWORD]).output()?;
    let users = folder.write("htpasswd", &String::from_utf8(hash.stdout)?)?;
    let certs = folder.path().join("certs");
    let (name, http) = match door {
        Door::Loopback => ("registry", format!(r#"{{"addr": "{REGISTRY}"}}"#)),
        Door::Tls => (
            "registry-tls",
            format!(
                r#"{{"addr": "{TLS_REGISTRY}", "tls": {{"certificate": {:?}, "key": {:?}}}}}"#,
                certs.join("apiserver.crt"),
                certs.join("apiserver.key")
            ),
        ),
    };
    let configuration = format!(
        r#"{{"version": 0.1, "storage": {{"filesystem": {{"rootdirectory": {:?}}}, "delete": {{"enabled": true}}}},
  "http": {http}, "auth": {{"htpasswd": {{"realm": "bed", "path": {users:?}}}}}}}"#,
        folder.make("registry")?,
    );
    let configuration = folder.write(&format!("{name}.yaml"), &configuration)?;
    let mut command = place.command("docker-registry");
    command.arg("serve").arg(configuration);
    Process::start(name, command, logs)
}

fn containerd(folder: &Folder, place: &Place, logs: &Path) -> Result<Process> {
    let networks = folder.make("networks")?;
    folder.write("networks/bed.conflist", NETWORK)?;
    let hosts = folder.make("hosts")?;
    folder.make(&format!("hosts/{TLS_REGISTRY}"))?;
    folder.write(
        &format!("hosts/{TLS_REGISTRY}/hosts.toml"),
        &format!(
            "[host.\"https://{TLS_REGISTRY}\"]\ncapabilities = [\"pull\", \"resolve\"]\nca = {:?}\n",
            folder.path().join("certs/ca.crt")
        ),
    )?;
    let configuration = format!(
        r#"version = 2
root = {:?}
state = {:?}
[grpc]
  address = {:?}
[plugins."io.containerd.grpc.v1.cri"]
  # Lowering it is refused in some places, and then runc does not start.
  restrict_oom_score_adj = true
  sandbox_image = "{SANDBOX_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = {:?}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = {:?}
"#,
        folder.make("containerd")?,
        folder.make("containerd-state")?,
        folder.path().join("containerd.sock"),
        networks,
        hosts
    );
    let configuration = folder.write("containerd.toml", &configuration)?;
    let mut command = place.command("containerd");
    command.arg("--config").arg(configuration);
    Process::start("containerd", command, logs)
}

const NETWORK: &str = r#"{"cniVersion": "0.4.0", "name": "bed", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
  "ipMasq": false, "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/16", "rangeStart": "10.88.1.0"}]],
  "routes": [{"dst": "0.0.0.0/0"}]}}]}
"#;

fn kubelet_configuration(folder: &Folder) -> Result<std::path::PathBuf> {
    let text = format!(
        r#"{{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
  "authentication": {{"anonymous": {{"enabled": false}}, "webhook": {{"enabled": false}}, "x509": {{"clientCAFile": {:?}}}}},
  "authorization": {{"mode": "AlwaysAllow"}},
  "cgroupDriver": "cgroupfs", "cgroupRoot": {:?}, "cgroupsPerQOS": false, "enforceNodeAllocatable": [],
  "failCgroupV1": false, "failSwapOn": false, "containerRuntimeEndpoint": "unix://{}",
  "evictionHard": {{"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "50Mi"}},
  "imageGCHighThresholdPercent": 99, "imageGCLowThresholdPercent": 98,
  "resolvConf": "", "clusterDNS": [], "registerNode": true, "healthzPort": 0}}
"#,
        folder.path().join("certs/ca.crt"),
        kernel::control_group(folder.path()),
        folder.path().join("containerd.sock").display(),
    );
    folder.write("kubelet.json", &text)
}

/// Puts the image of pods on the node, and the private image into the registry.
fn images(kubebed: &Path, folder: &Folder, place: &Place, processes: &mut [Process]) -> Result<()> {
    let archive = folder.path().join("image.tar");
    crate::succeed(
        Command::new(kubebed)
            .arg("image")
            .arg(&archive)
            .arg(SANDBOX_IMAGE)
            .arg(tools::pause()?),
    )?;
    let socket = folder.path().join("containerd.sock");
    let mut until_done = |what: &str, command: &dyn Fn() -> Command| {
        super::wait::until(what, || {
            for process in processes.iter_mut() {
                process.check()?;
            }
            let status = command().stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            Ok(status.success().then_some(()))
        })
    };
    until_done("containerd", &|| {
        let mut command = place.command("ctr");
        command
            .arg("--address")
            .arg(&socket)
            .args(["--namespace", "k8s.io", "images", "import"])
            .arg(&archive);
        command
    })?;
    until_done("the registry", &|| {
        let mut command = place.command("skopeo");
        command
            .args(["copy", "--quiet", "--dest-tls-verify=false"])
            .arg(format!("--dest-creds={USER}:{PASSWORD}"))
            .arg(format!("oci-archive:{}", archive.display()))
            .arg(format!("docker://{PRIVATE_IMAGE}"));
        command
    })
}

/// What every cluster grants to kube-proxy; it runs as a user here, so by name.
fn allow_proxy(kubebed: &Path, place: &Place, plane: &ControlPlane) -> Result<()> {
    let status = kubectl(kubebed, place, plane.kubeconfig())
        .args(["create", "clusterrolebinding", "bed:kube-proxy"])
        .args(["--clusterrole=system:node-proxier", "--user=system:kube-proxy"])
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("kube-proxy cannot be allowed to read services: {status}");
    }
    Ok(())
}
