//! `keyside up`: the embedded world in one process, in the foreground until it is told to stop.
//!
//! Order of start: folder and lock, ports, API server, registry, keyside's controllers, then the node and the workload
//! controllers. Ready means that all of that is done and a pod created now is treated as any later one.

mod folder;
mod page;
mod ports;
mod ready;
mod ui;
mod world;

use crate::cli::{Format, Global, Up};
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::verbs::Ended;
use folder::Folder;
use ports::Ports;
use std::process::ExitCode;
use world::World;

/// Runs until SIGINT or SIGTERM.
pub(crate) async fn run(global: &Global, flags: &Up, output: &Output) -> Ended {
    if !matches!(flags.output, None | Some(Format::Table | Format::Json)) {
        return Err(Failure::new("`up` prints a table or json").hint("keyside up -o json"));
    }
    if flags.print_link {
        return ui::print_link(global, output);
    }
    let mut stop = Signals::listen()?;
    let folder = Folder::open(global, flags.ephemeral)?;
    let ports = Ports::bind(flags, output).await?;
    let mut world = tokio::select! {
        world = World::start(&folder, ports, &flags.network, output) => world?,
        () = stop.received() => return Ok(ExitCode::from(130)),
    };
    folder.announce(world.ready())?;
    ready::print(world.ready(), flags, output);
    let failed = tokio::select! {
        () = stop.received() => None,
        failure = world.failed() => Some(failure),
    };
    output.note("stopping");
    world.stop().await;
    folder.close();
    match failed {
        Some(failure) => Err(failure),
        None => Ok(ExitCode::SUCCESS),
    }
}
