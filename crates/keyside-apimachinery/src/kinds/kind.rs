//! One built-in kind as a table of functions. Most kinds need three or four of them and take the rest from
//! [`Kind::PLAIN`]; what all kinds share (keeping `status` apart, counting generations) is done here once.

use super::name;
use crate::resource::{Behaviour, Column, WriteContext};
use crate::status::FieldError;
use serde_json::Value;

/// What raises `metadata.generation`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// The kind has no generation.
    Absent,
    /// A change of `spec`.
    Spec,
    /// A change of anything but `metadata` and `status`: kinds without a `spec`, such as webhook configurations.
    Content,
}

/// Title, type, format, priority and sentence of a column.
pub(super) type ColumnRow = (&'static str, &'static str, &'static str, i32, &'static str);

/// The name column, first in every table.
pub(super) const NAME: ColumnRow = (
    "Name",
    "string",
    "name",
    0,
    "Name of the object, unique within its namespace.",
);
/// The age column.
pub(super) const AGE: ColumnRow = ("Age", "string", "", 0, "Time since the object was created.");

/// Behaviour of one kind.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// Fills in defaults.
    pub(super) default: fn(&mut Value),
    /// Runs after `status` was cleared.
    pub(super) prepare_create: fn(&mut Value, &WriteContext),
    /// Runs after `status`, or everything else, was taken from the old object.
    pub(super) prepare_update: fn(&mut Value, &Value, &WriteContext),
    /// Errors of a new object.
    pub(super) validate_create: fn(&Value, &WriteContext) -> Vec<FieldError>,
    /// Errors of a change.
    pub(super) validate_update: fn(&Value, &Value, &WriteContext) -> Vec<FieldError>,
    /// `Warning:` sentences.
    pub(super) warnings: fn(&Value, Option<&Value>) -> Vec<String>,
    /// Whether `status` belongs to the `/status` subresource.
    pub(super) status: bool,
    /// What raises the generation.
    pub(super) generation: Generation,
    /// Table columns.
    pub(super) columns: &'static [ColumnRow],
    /// Cells of one row.
    pub(super) cells: fn(&Value, &str) -> Vec<Value>,
    /// Selectable fields; the names may not depend on the object.
    pub(super) selectable: fn(&Value) -> Vec<(&'static str, String)>,
    /// Seconds of grace at deletion.
    pub(super) grace_period: fn(&Value) -> Option<i64>,
    /// Errors of a name.
    pub(super) name: fn(&str, bool) -> Vec<String>,
}

impl Kind {
    /// An object without rules: name and age are shown, everything is stored as given.
    pub(super) const PLAIN: Self = Self {
        default: |_| {},
        prepare_create: |_, _| {},
        prepare_update: |_, _, _| {},
        validate_create: |_, _| Vec::new(),
        validate_update: |_, _, _| Vec::new(),
        warnings: |_, _| Vec::new(),
        status: false,
        generation: Generation::Absent,
        columns: &[NAME, AGE],
        cells: super::print::name_and_age,
        selectable: |_| Vec::new(),
        grace_period: |_| None,
        name: name::subdomain,
    };

    /// A plain object with `spec` and `status`.
    pub(super) const WITH_STATUS: Self = Self {
        status: true,
        generation: Generation::Spec,
        ..Self::PLAIN
    };
}

impl Behaviour for Kind {
    fn default(&self, object: &mut Value) {
        (self.default)(object);
    }

    fn prepare_create(&self, object: &mut Value, context: &WriteContext) {
        if let (true, Some(fields)) = (self.status, object.as_object_mut()) {
            fields.shift_remove("status");
        }
        (self.prepare_create)(object, context);
    }

    fn prepare_update(&self, new: &mut Value, old: &Value, context: &WriteContext) {
        if self.status {
            keep_the_other_half(new, old, context.subresource == "status");
        }
        (self.prepare_update)(new, old, context);
    }

    fn validate_create(&self, object: &Value, context: &WriteContext) -> Vec<FieldError> {
        (self.validate_create)(object, context)
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &WriteContext) -> Vec<FieldError> {
        (self.validate_update)(new, old, context)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        (self.warnings)(object, old)
    }

    fn generation_counts(&self, new: &Value, old: &Value) -> bool {
        match self.generation {
            Generation::Absent => false,
            Generation::Spec => new.get("spec") != old.get("spec"),
            Generation::Content => content(new) != content(old),
        }
    }

    fn has_generation(&self) -> bool {
        self.generation != Generation::Absent
    }

    fn columns(&self) -> Vec<Column> {
        self.columns
            .iter()
            .map(|&(name, kind, format, priority, description)| Column {
                name: name.into(),
                kind: kind.into(),
                format: format.into(),
                description: description.into(),
                priority,
            })
            .collect()
    }

    fn cells(&self, object: &Value, now: &str) -> Vec<Value> {
        (self.cells)(object, now)
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(String, String)> {
        (self.selectable)(object)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn selectable_field_names(&self) -> Vec<String> {
        (self.selectable)(&Value::Null)
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    fn grace_period(&self, object: &Value) -> Option<i64> {
        (self.grace_period)(object)
    }

    fn validate_name(&self, name: &str, generated_prefix: bool) -> Vec<String> {
        (self.name)(name, generated_prefix)
    }
}

/// An update of the object keeps `status`; an update of `/status` keeps everything but `status` and `metadata`.
fn keep_the_other_half(new: &mut Value, old: &Value, status_write: bool) {
    let (Some(new), Some(old)) = (new.as_object_mut(), old.as_object()) else {
        return;
    };
    let kept = |field: &str| match field {
        "apiVersion" | "kind" | "metadata" => false,
        "status" => !status_write,
        _ => status_write,
    };
    new.retain(|field, _| !kept(field) || old.contains_key(field));
    for (field, value) in old.iter().filter(|(field, _)| kept(field)) {
        new.insert(field.clone(), value.clone());
    }
}

/// The fields that are neither identity nor observation.
fn content(object: &Value) -> Vec<(&String, &Value)> {
    let fields = object.as_object().into_iter().flatten();
    let mut rest: Vec<_> = fields
        .filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status"))
        .collect();
    rest.sort_by_key(|(name, _)| *name);
    rest
}
