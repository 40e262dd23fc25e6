//! The client against real peers: Debian's docker-registry, filled by skopeo, and small servers that mean harm.
//!
//! A tool that is not installed skips its tests with a line that says so; with `CI=true` it fails them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak like tests"
)]

mod connections;
mod docker_registry;
mod greed;
mod hostile;
mod image;
mod layout;
mod matrix;
mod node;
mod own;
mod real;
mod resume;
mod server;
mod steps;
mod thief;
mod tls;
mod token_mode;
mod verification;
