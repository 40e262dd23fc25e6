//! The server as its clients meet it: one test binary, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "server/client.rs"]
mod client;
#[path = "server/deleting.rs"]
mod deleting;
#[path = "server/discovery.rs"]
mod discovery;
#[path = "server/forms.rs"]
mod forms;
#[path = "server/history.rs"]
mod history;
#[path = "server/listener.rs"]
mod listener;
#[path = "server/lists.rs"]
mod lists;
#[path = "server/rig.rs"]
mod rig;
#[path = "server/store.rs"]
mod store;
#[path = "server/subresources.rs"]
mod subresources;
#[path = "server/watches.rs"]
mod watches;
#[path = "server/writing.rs"]
mod writing;
