//! What can be done to resources. Each verb is a file; what several of them need is in those listed first.

pub(crate) mod conduct;
pub(crate) mod decode;
pub(crate) mod guard;
pub(crate) mod metadata;
pub(crate) mod options;
pub(crate) mod select;
pub(crate) mod write;

pub(crate) mod collection;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod patch;
pub(crate) mod subresource;
pub(crate) mod update;
pub(crate) mod watch;
