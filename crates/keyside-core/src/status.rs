//! What may be said about a credential or a Project: conditions, numbers and events, from what is known and what was
//! done. Nothing is called delivered that is not seen to stand.

mod conditions;
mod credential;
mod news;
mod project;
mod state;
mod verified;

pub(crate) use credential::REGISTRIES_MAX;
pub use credential::{Failure, credential};
pub use news::{News, news};
pub use project::project;
pub use state::{Kind, State, last_asked, state};

#[cfg(test)]
mod tests;
