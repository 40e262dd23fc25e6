//! The program as its users meet it: one test binary, so that it is linked once.

#[path = "program/canary.rs"]
mod canary;
#[path = "program/clash.rs"]
mod clash;
#[path = "program/contract.rs"]
mod contract;
#[path = "program/failing.rs"]
mod failing;
#[path = "program/killed.rs"]
mod killed;
#[path = "program/kubectl.rs"]
mod kubectl;
#[path = "program/page.rs"]
mod page;
#[path = "program/rotation.rs"]
mod rotation;
#[path = "program/scopes.rs"]
mod scopes;
#[path = "program/world.rs"]
mod world;
