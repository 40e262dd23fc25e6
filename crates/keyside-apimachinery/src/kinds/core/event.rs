//! Events, in the core group's form and in the newer one of `events.k8s.io`. They are one kind with two sets of field
//! names; the newer API is stricter about who reports what, and never changes what was said.

use crate::kinds::access::{count, is_set, same, text};
use crate::kinds::checks::{Errors, IMMUTABLE, sentences};
use crate::kinds::kind::{ColumnRow, Kind};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::since;
use crate::status::FieldError;
use serde_json::Value;

/// Where a form of events keeps what the other keeps under another name.
struct Names {
    about: &'static str,
    message: &'static str,
    source: &'static str,
    first: &'static str,
    last: &'static str,
    count: &'static str,
    reporter: &'static str,
    /// Selectable fields of what the event is about.
    about_fields: [&'static str; 7],
}

const CORE: Names = Names {
    about: "involvedObject",
    message: "message",
    source: "source",
    first: "firstTimestamp",
    last: "lastTimestamp",
    count: "count",
    reporter: "reportingComponent",
    about_fields: [
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
    ],
};
const NEW: Names = Names {
    about: "regarding",
    message: "note",
    source: "deprecatedSource",
    first: "deprecatedFirstTimestamp",
    last: "deprecatedLastTimestamp",
    count: "deprecatedCount",
    reporter: "reportingController",
    about_fields: [
        "regarding.kind",
        "regarding.namespace",
        "regarding.name",
        "regarding.uid",
        "regarding.apiVersion",
        "regarding.resourceVersion",
        "regarding.fieldPath",
    ],
};

/// Events of `/api/v1`.
pub(crate) const CORE_EVENT: Kind = Kind {
    validate_create: |event, _| validate(event, &CORE),
    validate_update: |new, _, _| validate(new, &CORE),
    columns: COLUMNS,
    cells: |event, now| cells(event, &CORE, now),
    selectable: |event| selectable(event, &CORE),
    ..Kind::PLAIN
};

/// Events of `/apis/events.k8s.io/v1`.
pub(crate) const NEW_EVENT: Kind = Kind {
    validate_create: |event, _| {
        let mut errors = validate(event, &NEW);
        errors.extend(strict(event));
        errors
    },
    validate_update: |new, old, _| {
        let mut errors = validate(new, &NEW);
        errors.extend(unchanged(new, old));
        errors
    },
    columns: COLUMNS,
    cells: |event, now| cells(event, &NEW, now),
    selectable: |event| selectable(event, &NEW),
    ..Kind::PLAIN
};

const COLUMNS: &[ColumnRow] = &[
    ("Last Seen", "string", "", 0, "Time since it was last observed."),
    ("Type", "string", "", 0, "Normal or Warning."),
    ("Reason", "string", "", 0, "What happened, in one word."),
    ("Object", "string", "", 0, "What it happened to."),
    ("Subobject", "string", "", 1, "Which part of that."),
    ("Source", "string", "", 1, "Who reports it."),
    ("Message", "string", "", 0, "What happened."),
    ("First Seen", "string", "", 1, "Time since it was first observed."),
    ("Count", "string", "", 1, "How often it was observed."),
    ("Name", "string", "name", 1, "Name of the event."),
];

fn validate(event: &Value, names: &Names) -> Errors {
    let mut errors = Errors::new();
    let own = text(&event["metadata"], "namespace");
    let about = text(&event[names.about], "namespace");
    let elsewhere = "does not match event.namespace";
    let path = "involvedObject.namespace";
    if !is_set(event, "eventTime") {
        let fits = if about.is_empty() {
            matches!(own, "" | "default")
        } else {
            own == about
        };
        if !fits {
            errors.push(FieldError::invalid(path, about, elsewhere));
        }
        return errors;
    }
    if about.is_empty() && !matches!(own, "default" | "kube-system") {
        errors.push(FieldError::invalid(path, about, elsewhere));
    }
    let reporter = text(event, names.reporter);
    if reporter.is_empty() {
        errors.push(FieldError::required(names.reporter, ""));
    }
    sentences(
        &mut errors,
        &Path::new(names.reporter),
        reporter,
        name::label_key(reporter),
    );
    for field in ["reportingInstance", "action", "reason"] {
        let value = text(event, field);
        if value.is_empty() {
            errors.push(FieldError::required(field, ""));
        }
        at_most(&mut errors, field, value, 128);
    }
    at_most(&mut errors, "message", text(event, names.message), 1024);
    errors
}

fn at_most(errors: &mut Errors, field: &str, value: &str, limit: usize) {
    if value.len() > limit {
        errors.push(FieldError::invalid(
            field,
            "",
            format!("can have at most {limit} characters"),
        ));
    }
}

/// What the newer API asks of a new event besides.
fn strict(event: &Value) -> Errors {
    let mut errors = series(event);
    if !is_set(event, "eventTime") {
        errors.push(FieldError::required("eventTime", ""));
    }
    let kind = text(event, "type");
    if !matches!(kind, "Normal" | "Warning") {
        errors.push(FieldError::invalid(
            "type",
            "",
            format!("has invalid value: {kind}"),
        ));
    }
    let source = &event[NEW.source];
    let old_fields = [
        ("firstTimestamp", is_set(event, NEW.first)),
        ("lastTimestamp", is_set(event, NEW.last)),
        ("count", count(event, NEW.count) != 0),
        (
            "source",
            !text(source, "component").is_empty() || !text(source, "host").is_empty(),
        ),
    ];
    let given = old_fields.into_iter().filter(|(_, given)| *given);
    errors.extend(given.map(|(field, _)| FieldError::invalid(field, "", "needs to be unset")));
    errors
}

fn series(event: &Value) -> Errors {
    let mut errors = Errors::new();
    let series = &event["series"];
    if series.is_object() {
        if count(series, "count") < 2 {
            errors.push(FieldError::invalid("series.count", "", "should be at least 2"));
        }
        if !is_set(series, "lastObservedTime") {
            errors.push(FieldError::required("series.lastObservedTime", ""));
        }
    }
    errors
}

/// What was said stays said: only the series, labels and annotations change.
fn unchanged(new: &Value, old: &Value) -> Errors {
    let mut errors = if same(&new["series"], &old["series"]) {
        Errors::new()
    } else {
        series(new)
    };
    let fields = [
        ("involvedObject", NEW.about),
        ("reason", "reason"),
        ("message", NEW.message),
        ("source", NEW.source),
        ("firstTimestamp", NEW.first),
        ("lastTimestamp", NEW.last),
        ("count", NEW.count),
        ("type", "type"),
        ("eventTime", "eventTime"),
        ("action", "action"),
        ("related", "related"),
        ("reportingController", NEW.reporter),
        ("reportingInstance", "reportingInstance"),
    ];
    let changed = fields
        .into_iter()
        .filter(|(_, field)| !same_time(&new[*field], &old[*field]));
    errors.extend(changed.map(|(shown, field)| FieldError::invalid(shown, new[field].clone(), IMMUTABLE)));
    errors
}

/// Whether two values are the same, for timestamps up to the microsecond.
fn same_time(new: &Value, old: &Value) -> bool {
    let micros = |value: &Value| Some(value.as_str()?.parse::<jiff::Timestamp>().ok()?.as_microsecond());
    same(new, old) || matches!((micros(new), micros(old)), (Some(a), Some(b)) if a == b)
}

/// The newer API knows these fields by its own names.
fn selectable(event: &Value, names: &Names) -> Vec<(&'static str, String)> {
    let about = &event[names.about];
    let of_about = |field: &str| text(about, field).to_owned();
    let reporter = text(event, names.reporter);
    let own = [
        (names.reporter, reporter.to_owned()),
        ("reason", text(event, "reason").into()),
        ("type", text(event, "type").into()),
    ];
    let source = match text(&event[names.source], "component") {
        "" => reporter,
        component => component,
    };
    let source = (names.source == CORE.source).then(|| ("source", source.to_owned()));
    let about = names.about_fields.iter().map(|path| {
        let field = path.split_once('.').map_or(*path, |(_, field)| field);
        (*path, of_about(field))
    });
    about.chain(own).chain(source).collect()
}

fn cells(event: &Value, names: &Names, now: &str) -> Vec<Value> {
    let first = if is_set(event, names.first) {
        &event[names.first]
    } else {
        &event["eventTime"]
    };
    let series = &event["series"];
    let (last, seen) = if series.is_object() {
        (&series["lastObservedTime"], count(series, "count"))
    } else {
        let last = if is_set(event, names.last) {
            &event[names.last]
        } else {
            first
        };
        (last, count(event, names.count).max(1))
    };
    let about = &event[names.about];
    let kind = text(about, "kind").to_lowercase();
    let target = match text(about, "name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = &event[names.source];
    let either = |one: &'static str, other: &'static str| match text(source, one) {
        "" => text(event, other),
        given => given,
    };
    let source = match (
        either("component", names.reporter),
        either("host", "reportingInstance"),
    ) {
        (component, "") => component.to_owned(),
        (component, host) => format!("{component}, {host}"),
    };
    vec![
        since(last, now).into(),
        text(event, "type").into(),
        text(event, "reason").into(),
        target.into(),
        text(about, "fieldPath").into(),
        source.into(),
        text(event, names.message).trim().into(),
        since(first, now).into(),
        seen.into(),
        event["metadata"]["name"].clone(),
    ]
}
