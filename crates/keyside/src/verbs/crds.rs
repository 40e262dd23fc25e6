//! `keyside crds`: the definitions of our kinds, for `kubectl apply -f -`.

use super::Ended;
use crate::output::Output;
use std::process::ExitCode;

pub(super) fn run(output: &Output) -> Ended {
    output.raw(&keyside_api::crds::yaml());
    Ok(ExitCode::SUCCESS)
}
