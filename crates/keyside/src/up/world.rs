use super::folder::Folder;
use super::ports::Ports;
use crate::failure::Failure;
use crate::output::Output;
use crate::state::Ready;
pub(super) struct World {
    ready: Ready,
}
impl World {
    pub(super) async fn start(_folder: &Folder, _ports: Ports, _output: &Output) -> Result<Self, Failure> {
        Err(Failure::new("x"))
    }
    pub(super) fn ready(&self) -> &Ready {
        &self.ready
    }
    pub(super) async fn failed(&self) -> Failure {
        std::future::pending().await
    }
    pub(super) async fn stop(self) {}
}
