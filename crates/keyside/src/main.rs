//! keyside: one place for image pull credentials on Kubernetes.
//!
//! This crate is the program: verbs, flags and output. It joins the running system (`keyside-server`) to a cluster,
//! or to the embedded one that `keyside up` starts. Nothing is decided here: what answers for which image is
//! `keyside-core`'s business.

mod cli;
mod connect;
mod duration;
mod failure;
mod install;
mod label;
mod network;
mod output;
mod print;
mod signals;
mod state;
mod up;
mod verbs;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    install_crypto();
    logging(&cli);
    let output = output::Output::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::Failure::from(anyhow::Error::from(error)).print(&output),
    };
    let ended = runtime.block_on(verbs::run(cli, &output));
    // Whatever is still working in the background (a pull, a watch) must not hold the program back.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    match ended {
        Ok(code) => code,
        Err(failure) => failure.print(&output),
    }
}

/// One provider for every TLS connection of the process; a second call would be a programming error, not a fault.
fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Logs go to stderr. `kube_client` prints whole bodies at debug level, Secrets included, so it is capped at `warn`
/// whatever the user asks for.
fn logging(cli: &cli::Cli) {
    use tracing_subscriber::EnvFilter;
    // What runs for months tells of what it does without being asked.
    let (quietest, json) = match &cli.verb {
        cli::Verb::Serve(flags) => (1, flags.log_format == cli::LogFormat::Json),
        _ => (0, false),
    };
    let level = match cli.global.verbose.max(quietest) {
        0 => "error",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = std::env::var("KEYSIDE_LOG").unwrap_or_else(|_| level.to_owned());
    let capped = format!(
        "{filter},kube_client=warn,hyper=warn,hyper_util=warn,h2=warn,rustls=warn,reqwest=warn,tower=warn"
    );
    let filter = EnvFilter::try_new(capped).unwrap_or_else(|_| EnvFilter::new("error"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true);
    if json {
        subscriber.json().flatten_event(true).init();
    } else {
        subscriber.init();
    }
}
