//! What `up` says when everything is there: one JSON line for scripts, a few lines and the next commands for people.

use crate::cli::{Format, Up};
use crate::output::Output;
use crate::state::Ready;

/// Prints it.
pub(super) fn print(ready: &Ready, flags: &Up, output: &Output) {
    if flags.output == Some(Format::Json) {
        match serde_json::to_string(ready) {
            Ok(line) => output.raw(&line),
            Err(error) => output.error(&error.to_string()),
        }
        return;
    }
    output.line("");
    output.line("The embedded node downloads and checks every byte of an image; it does not run containers.");
    output.line("");
    output.line(format!("  API server  {}", ready.api_server));
    output.line(format!(
        "  registry    {}   user {}, password in {}",
        ready.registry,
        ready.registry_user,
        ready.registry_password_file.display()
    ));
    output.line(format!("  image       {}   private", ready.image));
    output.line(format!("  web UI      {}", ready.ui));
    output.line("              works once, within five minutes; another one: keyside up --print-link");
    output.line("");
    output.line("Try it in a second terminal:");
    output.line(format!("  export KUBECONFIG={}", ready.kubeconfig.display()));
    output.line(format!(
        "  kubectl create deployment hello --image={}",
        ready.image
    ));
    output.line(format!(
        "  keyside credential add demo --registry {} --username {} --project default --password-stdin < {}",
        ready.registry,
        ready.registry_user,
        ready.registry_password_file.display()
    ));
    output.line("  kubectl rollout restart deployment/hello && kubectl get pods -w");
}
