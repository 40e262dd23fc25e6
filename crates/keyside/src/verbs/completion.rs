//! `keyside completion SHELL`.

use crate::cli::{Cli, Completion};
use crate::output::Output;
use clap::CommandFactory;
use std::process::ExitCode;

pub(super) fn run(flags: &Completion, output: &Output) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Cli::command(), "keyside", &mut script);
    output.raw(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
