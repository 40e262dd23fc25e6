//! `keyside down`: ends the running embedded cluster and waits until it is gone.

use super::Ended;
use crate::cli::Global;
use crate::connect;
use crate::failure::Failure;
use crate::output::Output;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A running instance drains its connections first; what takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn run(global: &Global, output: &Output) -> Ended {
    let Some(ready) = connect::running(global)? else {
        output.note("no embedded cluster is running");
        return Ok(ExitCode::SUCCESS);
    };
    let step = output.step("stopping");
    signal(ready.pid)?;
    let started = Instant::now();
    while connect::running(global)?.is_some() {
        if started.elapsed() > PATIENCE {
            return Err(Failure::new(format!("process {} does not end", ready.pid))
                .hint(format!("kill -9 {}", ready.pid)));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    step.done("stopped; the data stays");
    Ok(ExitCode::SUCCESS)
}

/// Asks the process to end. `kill` is used because the standard library has no signals and we write no unsafe code.
fn signal(pid: u32) -> Result<(), Failure> {
    let status = std::process::Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("process {pid} cannot be stopped")).hint(format!("kill {pid}")))
}
