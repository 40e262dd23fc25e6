//! What surrounds an API server in the embedded world.

pub(crate) mod event;
pub(crate) mod informer;
pub(crate) mod node;
pub mod queue;
pub(crate) mod token_bucket;
