//! What a kubelet changes in the kernel for the whole machine, whatever namespace it runs in: a few settings, and control
//! groups. Both are written down before it starts and put back afterwards, by the bed itself or by the next one.

use anyhow::Result;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Settings that a kubelet insists on.
const SETTINGS: [&str; 6] = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

/// The file in the bed's folder.
const NOTE: &str = "kernel";

/// The control group below which a bed's containers live.
pub(super) fn control_group(bed: &Path) -> String {
    let number = bed.file_name().unwrap_or_default().to_string_lossy();
    format!("/keyside-bed-{number}")
}

/// Writes the settings down.
pub(super) fn remember(bed: &Path) -> Result<()> {
    let mut note = String::new();
    for name in SETTINGS {
        if let Ok(value) = std::fs::read_to_string(Path::new("/proc/sys").join(name)) {
            writeln!(note, "{name} {}", value.trim())?;
        }
    }
    std::fs::write(bed.join(NOTE), note)?;
    Ok(())
}

/// Puts the settings back, and removes the control groups.
pub(super) fn restore(bed: &Path) {
    let Ok(note) = std::fs::read_to_string(bed.join(NOTE)) else {
        return;
    };
    for (name, value) in note.lines().filter_map(|line| line.split_once(' ')) {
        let path = Path::new("/proc/sys").join(name);
        let now = std::fs::read_to_string(&path).unwrap_or_default();
        if now.trim() != value {
            let _ = std::fs::write(&path, value);
        }
    }
    for hierarchy in hierarchies() {
        remove_group(&hierarchy.join(control_group(bed).trim_start_matches('/')));
        let shared = hierarchy.join(SHARED);
        for container in containers(bed) {
            remove_group(&shared.join(container));
        }
        // It stays as long as another bed has containers in it.
        let _ = std::fs::remove_dir(shared);
    }
}

/// Where containerd puts containers for which the kubelet names no group; every containerd does.
const SHARED: &str = "k8s.io";

/// The containers that the bed's containerd ran to the end.
fn containers(bed: &Path) -> Vec<std::ffi::OsString> {
    let tasks = bed.join("containerd-state/io.containerd.runtime.v2.task/k8s.io");
    let tasks = std::fs::read_dir(tasks).into_iter().flatten().flatten();
    tasks.map(|entry| entry.file_name()).collect()
}

/// The one hierarchy of control groups version 2, or the many of version 1.
fn hierarchies() -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let below = std::fs::read_dir(root).into_iter().flatten().flatten();
    std::iter::once(root.to_owned())
        .chain(below.map(|entry| entry.path()).filter(|path| path.is_dir()))
        .collect()
}

/// A control group is a folder that can be removed when no group and no process is in it; its files go with it.
fn remove_group(path: &Path) {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_group(&entry.path());
        }
    }
    let _ = std::fs::remove_dir(path);
}
