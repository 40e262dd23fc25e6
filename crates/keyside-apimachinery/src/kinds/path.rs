//! Paths of fields in error messages: `spec.containers[0].name`, `data[.dockerconfigjson]`.

use std::fmt;

/// A path from the object's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    /// A top-level field.
    pub(crate) fn new(field: &str) -> Self {
        Self(field.to_owned())
    }

    /// The object itself.
    pub(crate) fn root() -> Self {
        Self(String::new())
    }

    /// A field below; dots in `field` go several levels down.
    pub(crate) fn at(&self, field: &str) -> Self {
        if self.0.is_empty() {
            Self::new(field)
        } else {
            Self(format!("{}.{field}", self.0))
        }
    }

    /// An element of a list.
    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// An entry of a map.
    pub(crate) fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.0
    }
}

impl From<&Path> for String {
    fn from(path: &Path) -> Self {
        path.0.clone()
    }
}
