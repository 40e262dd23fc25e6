//! What an expression can give: types, and when a value of one may stand where another is wanted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A type of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Known only when the rule runs.
    Dyn,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A whole number of 64 bits that is not negative.
    Uint,
    /// A floating-point number.
    Double,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// A length of time.
    Duration,
    /// A moment.
    Timestamp,
    /// A list.
    List(Arc<Self>),
    /// A map.
    Map(Arc<Self>, Arc<Self>),
    /// An object with named fields.
    Object(Arc<Object>),
    /// A value that may be missing.
    Optional(Arc<Self>),
    /// A type as a value.
    Type,
    /// A type that only functions understand, such as `net.IP`.
    Opaque(&'static str),
    /// A type of a function's signature that is decided by its arguments.
    Param(char),
}

/// An object type. Two are the same if they have the same name: names tell where in a schema they stand.
#[derive(Debug, Clone)]
pub struct Object {
    /// Name, such as `self.spec`.
    pub name: String,
    /// Fields by the name a rule uses.
    pub fields: BTreeMap<String, Type>,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What the parameters of a signature stand for in one call.
pub(super) type Bindings = BTreeMap<char, Type>;

impl Type {
    /// A list of these.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Arc::new(self))
    }

    /// Whether a value of type `given` may stand where this type is wanted.
    pub(super) fn accepts(&self, given: &Self, bound: &mut Bindings) -> bool {
        match (self, given) {
            (Self::Param(name), _) => match bound.get(name).cloned() {
                None => drop(bound.insert(*name, given.clone())),
                Some(known) if known.accepts(given, bound) => {}
                Some(known) if given.accepts(&known, bound) => drop(bound.insert(*name, given.clone())),
                Some(_) => return false,
            },
            (Self::Dyn, _) | (_, Self::Dyn) => {}
            (
                Self::Object(_) | Self::Timestamp | Self::Duration | Self::Opaque(_) | Self::Optional(_),
                Self::Null,
            )
            | (
                Self::Null,
                Self::Object(_) | Self::Timestamp | Self::Duration | Self::Opaque(_) | Self::Optional(_),
            ) => {}
            (Self::List(wanted), Self::List(given)) | (Self::Optional(wanted), Self::Optional(given)) => {
                return wanted.accepts(given, bound);
            }
            (Self::Map(key, value), Self::Map(given_key, given_value)) => {
                return key.accepts(given_key, bound) && value.accepts(given_value, bound);
            }
            (wanted, given) => return wanted == given,
        }
        true
    }

    /// The type with parameters replaced by what they stand for.
    pub(super) fn resolved(&self, bound: &Bindings) -> Self {
        match self {
            Self::Param(name) => bound.get(name).cloned().unwrap_or(Self::Dyn),
            Self::List(of) => Self::List(Arc::new(of.resolved(bound))),
            Self::Optional(of) => Self::Optional(Arc::new(of.resolved(bound))),
            Self::Map(key, value) => {
                Self::Map(Arc::new(key.resolved(bound)), Arc::new(value.resolved(bound)))
            }
            other => other.clone(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dyn => "dyn",
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Duration => "duration",
            Self::Timestamp => "timestamp",
            Self::Type => "type",
            Self::Opaque(name) => name,
            Self::Object(object) => &object.name,
            Self::List(of) => return write!(f, "list({of})"),
            Self::Optional(of) => return write!(f, "optional_type({of})"),
            Self::Map(key, value) => return write!(f, "map({key}, {value})"),
            Self::Param(name) => return write!(f, "{name}"),
        })
    }
}
