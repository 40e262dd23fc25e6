//! x
pub mod words;
