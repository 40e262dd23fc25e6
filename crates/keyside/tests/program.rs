//! The program as its users meet it: one test binary, so that it is linked once.

#[path = "program/bare.rs"]
mod bare;
#[path = "program/canary.rs"]
mod canary;
#[path = "program/chart.rs"]
mod chart;
#[path = "program/clash.rs"]
mod clash;
#[path = "program/contract.rs"]
mod contract;
#[path = "program/diagnosis.rs"]
mod diagnosis;
#[path = "program/failing.rs"]
mod failing;
#[path = "program/history.rs"]
mod history;
#[path = "program/installed.rs"]
mod installed;
#[path = "program/killed.rs"]
mod killed;
#[path = "program/kubectl.rs"]
mod kubectl;
#[path = "program/modes.rs"]
mod modes;
#[path = "program/moving.rs"]
mod moving;
#[path = "program/page.rs"]
mod page;
#[path = "program/registry.rs"]
mod registry;
#[path = "program/rights.rs"]
mod rights;
#[path = "program/rotation.rs"]
mod rotation;
#[path = "program/scopes.rs"]
mod scopes;
#[path = "program/serve.rs"]
mod serve;
#[path = "program/serve_ui.rs"]
mod serve_ui;
#[path = "program/world.rs"]
mod world;
