//! `keyside version`.

use crate::output::Output;
use std::process::ExitCode;

pub(super) fn run(output: &Output) -> ExitCode {
    output.line(format!("keyside {}", env!("CARGO_PKG_VERSION")));
    ExitCode::SUCCESS
}
