//! The node.

pub(crate) mod back_off;
pub(crate) mod container;
pub(crate) mod image_manager;
pub(crate) mod keyring;
pub(crate) mod pull;
pub(crate) mod records;
pub(crate) mod status;
pub(crate) mod sync;
