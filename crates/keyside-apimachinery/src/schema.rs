//! The shape of a kind: fields, types, list keys. One form for built-in kinds and custom ones.

/// (being written)
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {}
