//! Behaviour, traps and properties.
