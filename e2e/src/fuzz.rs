//! Fuzzing: everything that strangers write and keyside reads, with arbitrary bytes. On the stable compiler: the
//! instrumentation is LLVM's own, asked for by its name.

use crate::{cargo, root, say, succeed, tools};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// What is fuzzed; a dictionary and a folder of seeds have the same names.
const TARGETS: [&str; 5] = [
    "reference",
    "docker_config",
    "challenge",
    "token",
    "manifest_head",
];

/// A target uses one processor and little else.
const AT_ONCE: usize = 2;

/// How libFuzzer learns which code an input has reached, and what it was compared with.
const INSTRUMENTATION: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Builds all targets and runs each for so many seconds, two side by side; or only the one that is named.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut seconds, mut only) = (60_u32, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--seconds" => seconds = rest.next().context("--seconds needs a number")?.parse()?,
            name if TARGETS.contains(&name) => only = Some(name),
            other => bail!("{other} is neither --seconds nor one of {TARGETS:?}"),
        }
    }
    if !has_compiler() {
        tools::compiler()?;
    }
    if !has_compiler() {
        say(
            "skipped: fuzzing needs a C++ compiler (c++ on PATH, or named by CXX), because libFuzzer is built from its source",
        );
        return Ok(());
    }
    let host = host()?;
    build(&host)?;
    let chosen: Vec<_> = TARGETS
        .into_iter()
        .filter(|target| only.is_none_or(|only| only == *target))
        .collect();
    let results = std::thread::scope(|scope| {
        let mut results = Vec::new();
        for side_by_side in chosen.chunks(AT_ONCE) {
            let running: Vec<_> = side_by_side
                .iter()
                .map(|target| scope.spawn(|| fuzz(&host, target, seconds)))
                .collect();
            results.extend(
                running
                    .into_iter()
                    .map(|one| one.join().expect("it does not panic")),
            );
        }
        results
    });
    // All are run, whatever the first one finds.
    results.into_iter().collect()
}

fn folder() -> PathBuf {
    root().join("e2e/fuzz")
}

/// Where targets, growing corpora and findings go.
fn out() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("fuzz")
}

/// The compiler's own platform. Naming it keeps the instrumentation out of build scripts.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .context("rustc does not run")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its platform")?.to_owned())
}

/// Whether libFuzzer can be built.
fn has_compiler() -> bool {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let asked = Command::new(compiler).arg("--version").output();
    asked.is_ok_and(|output| output.status.success())
}

fn build(host: &str) -> Result<()> {
    let manifest = folder().join("Cargo.toml");
    let mut command = cargo("build");
    command
        .args([
            "--quiet",
            "--release",
            "--locked",
            "--target",
            host,
            "--manifest-path",
        ])
        .arg(manifest)
        .arg("--target-dir")
        .arg(out())
        .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\u{1f}"));
    succeed(&mut command)
}

fn fuzz(host: &str, target: &str, seconds: u32) -> Result<()> {
    let corpus = out().join("corpus").join(target);
    let findings = out().join("findings");
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&findings)?;
    say(&format!("fuzzing {target} for {seconds} s"));
    let mut command = Command::new(out().join(host).join("release").join(target));
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/{target}-", findings.display()))
        .arg(format!(
            "-dict={}",
            folder().join(format!("dictionaries/{target}.dict")).display()
        ))
        .args([
            "-max_len=4096",
            "-timeout=10",
            "-rss_limit_mb=1024",
            "-verbosity=0",
            "-print_final_stats=1",
        ])
        .arg(corpus)
        .arg(folder().join("seeds").join(target));
    let output = command
        .output()
        .with_context(|| format!("cannot start {target}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        say(&said);
        bail!(
            "{target} ended with {}; the input is in {}",
            output.status,
            findings.display()
        );
    }
    let runs = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let runs = runs
        .context("libFuzzer does not say how much it has done")?
        .trim();
    say(&format!("{target}: {runs} inputs, no finding"));
    Ok(())
}
