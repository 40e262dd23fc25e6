//! A sample image, made here and pushed into a registry, so that there is something private to pull without any other registry.
//!
//! It is an ordinary image of four layers, some 300 KB, and always the same to the byte. It is never run.

mod image;
mod push;

pub use image::{Blob, Image};
pub use push::{PushError, Target, push};
