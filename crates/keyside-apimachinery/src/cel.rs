//! Rules in the Common Expression Language, as Kubernetes evaluates them.

pub mod duration;
