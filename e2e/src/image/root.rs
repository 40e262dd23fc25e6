//! The files of an image: each with the same owner, time and order, whoever makes it and when.

use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use tar::{Builder, EntryType, Header};

/// The machine's certificate authorities, as Debian keeps them.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A layer while it is written.
pub(super) struct Layer {
    archive: Builder<Vec<u8>>,
    folders: BTreeSet<String>,
}

impl Layer {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self {
            archive: Builder::new(Vec::new()),
            folders: BTreeSet::new(),
        }
    }

    /// Adds a file, and the folders above it.
    pub(super) fn file(&mut self, path: &str, content: &[u8], mode: u32) -> Result<()> {
        self.above(path)?;
        self.entry(path, EntryType::Regular, content, mode)
    }

    /// Adds a folder, and those above it.
    pub(super) fn folder(&mut self, path: &str, mode: u32) -> Result<()> {
        self.above(path)?;
        if self.folders.insert(path.to_owned()) {
            self.entry(&format!("{path}/"), EntryType::Directory, &[], mode)?;
        }
        Ok(())
    }

    fn above(&mut self, path: &str) -> Result<()> {
        match path.rsplit_once('/') {
            Some((above, _)) => self.folder(above, 0o755),
            None => Ok(()),
        }
    }

    fn entry(&mut self, path: &str, kind: EntryType, content: &[u8], mode: u32) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        self.archive
            .append_data(&mut header, path, content)
            .with_context(|| format!("cannot pack {path}"))
    }

    /// The archive.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        self.archive.into_inner().context("cannot pack the layer")
    }
}

/// What the program needs and nothing else: no shell, no package manager, no user but one without rights.
pub(super) fn base(program: &Path) -> Result<Layer> {
    let mut layer = Layer::new();
    layer.file(
        "etc/passwd",
        b"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n",
        0o644,
    )?;
    layer.file("etc/group", b"root:x:0:\nnonroot:x:65532:\n", 0o644)?;
    layer.file("etc/nsswitch.conf", b"hosts: files dns\n", 0o644)?;
    let authorities = std::fs::read(AUTHORITIES)
        .with_context(|| format!("{AUTHORITIES} cannot be read: the package ca-certificates is needed"))?;
    layer.file(AUTHORITIES.trim_start_matches('/'), &authorities, 0o644)?;
    layer.folder("tmp", 0o1777)?;
    for library in libraries(program)? {
        let content = std::fs::read(&library).with_context(|| format!("cannot read {library}"))?;
        layer.file(library.trim_start_matches('/'), &content, 0o755)?;
    }
    Ok(layer)
}

/// The shared libraries a program is linked with, the loader among them; none if it is static.
fn libraries(program: &Path) -> Result<BTreeSet<String>> {
    let output = Command::new("ldd")
        .arg(program)
        .output()
        .context("cannot start ldd")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if text.contains("statically linked") || complaint.contains("not a dynamic executable") {
        return Ok(BTreeSet::new());
    }
    if !output.status.success() || text.contains("not found") {
        bail!(
            "the libraries of {} cannot be found: {text}{complaint}",
            program.display()
        );
    }
    Ok(text.lines().filter_map(library).collect())
}

/// The path in a line of ldd: `libc.so.6 => /lib/…/libc.so.6 (0x…)`, or the loader's own path.
fn library(line: &str) -> Option<String> {
    line.split_whitespace()
        .find(|word| word.starts_with('/'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::library;

    #[test]
    fn library_is_the_path_in_a_line_of_ldd() {
        let lines = [
            "\tlinux-vdso.so.1 (0x00007f46d7798000)",
            "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f46d1d3e000)",
            "\t/lib64/ld-linux-x86-64.so.2 (0x00007f46d779a000)",
        ];
        let found = lines.map(library);
        let expected = [
            None,
            Some("/lib/x86_64-linux-gnu/libc.so.6"),
            Some("/lib64/ld-linux-x86-64.so.2"),
        ];
        assert_eq!(found, expected.map(|path| path.map(str::to_owned)));
    }
}
