//! What surrounds an API server in the embedded world.

pub(crate) mod catalog;
pub(crate) mod controllers;
pub(crate) mod cron;
pub(crate) mod event;
pub(crate) mod garbage;
pub(crate) mod informer;
pub(crate) mod node;
pub(crate) mod objects;
pub(crate) mod pod;
pub mod queue;
pub(crate) mod scheduler;
pub(crate) mod selector;
pub(crate) mod token_bucket;
