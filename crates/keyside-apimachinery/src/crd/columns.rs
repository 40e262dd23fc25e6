//! Printer columns of custom kinds: what `kubectl get` shows.

use super::jsonpath::JsonPath;
use crate::kinds::print;
use crate::resource::Column;
use serde_json::Value;

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some \
    resources may allow a client to request the generation of an appropriate name automatically. Name is primarily \
    intended for creation idempotence and configuration definition. Cannot be updated. More info: \
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is \
    not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It \
    is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The columns of one version of a definition.
pub(crate) struct Columns(Vec<(Column, Option<JsonPath>)>);

impl Columns {
    /// Reads `additionalPrinterColumns`; without any, name and age are shown.
    pub(crate) fn read(columns: &Value) -> Self {
        let text = |column: &Value, field: &str| column[field].as_str().unwrap_or_default().to_owned();
        let mut out = vec![(column("Name", "string", "name", NAME), None)];
        for given in columns.as_array().into_iter().flatten() {
            let path = text(given, "jsonPath");
            let mut description = text(given, "description");
            if description.is_empty() {
                description = format!("Custom resource definition column (in JSONPath format): {path}");
            }
            let column = Column {
                name: text(given, "name"),
                kind: text(given, "type"),
                format: text(given, "format"),
                description,
                priority: given["priority"]
                    .as_i64()
                    .and_then(|p| i32::try_from(p).ok())
                    .unwrap_or(0),
            };
            // As in Kubernetes, a path that cannot be read ends the list.
            let Some(path) = JsonPath::parse(&path) else { break };
            out.push((column, Some(path)));
        }
        if columns.as_array().is_none_or(Vec::is_empty) {
            out.push((
                column("Age", "date", "", AGE),
                JsonPath::parse(".metadata.creationTimestamp"),
            ));
        }
        Self(out)
    }

    /// Titles and types.
    pub(crate) fn titles(&self) -> Vec<Column> {
        self.0.iter().map(|(column, _)| column.clone()).collect()
    }

    /// One row.
    pub(crate) fn cells(&self, object: &Value, now: &str) -> Vec<Value> {
        let cell = |(column, path): &(Column, Option<JsonPath>)| match path {
            None => object["metadata"]["name"].clone(),
            Some(path) => path
                .find(object)
                .first()
                .map_or(Value::Null, |value| cell(&column.kind, value, now)),
        };
        self.0.iter().map(cell).collect()
    }
}

fn column(name: &str, kind: &str, format: &str, description: &str) -> Column {
    Column {
        name: name.into(),
        kind: kind.into(),
        format: format.into(),
        description: description.into(),
        priority: 0,
    }
}

/// A value in a column of the given type; null where it does not fit.
fn cell(kind: &str, value: &Value, now: &str) -> Value {
    match (kind, value) {
        (_, Value::Null) if kind != "string" => Value::Null,
        ("string", value) => text(value).into(),
        ("integer", Value::Number(n)) => n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)).into(),
        ("number", Value::Number(n)) => n.as_f64().into(),
        ("boolean", Value::Bool(_)) => value.clone(),
        ("date", Value::String(text)) if text.parse::<jiff::Timestamp>().is_err() => "<invalid>".into(),
        ("date", Value::String(_)) => print::since(value, now).into(),
        _ => Value::Null,
    }
}

/// A value as Go prints it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        value => {
            let mut sorted = value.clone();
            sorted.sort_all_objects();
            sorted.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;
    use serde_json::json;

    #[test]
    fn cells_follow_the_type_of_their_column() {
        let columns = Columns::read(&json!([
            {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"},
            {"name": "N", "type": "integer", "jsonPath": ".spec.n", "priority": 1},
            {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
            {"name": "On", "type": "boolean", "jsonPath": ".spec.on"},
            {"name": "Odd", "type": "date", "jsonPath": ".spec.odd"},
            {"name": "Gone", "type": "string", "jsonPath": ".spec.gone"},
        ]));
        let object = json!({
            "metadata": {"name": "x", "creationTimestamp": "2024-01-01T00:00:00Z"},
            "spec": {"n": 3.0, "on": true, "odd": "soon"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        let cells = columns.cells(&object, "2024-01-01T01:00:00Z");
        assert_eq!(
            json!(cells),
            json!(["x", "True", 3, "60m", true, "<invalid>", null])
        );
        assert_eq!(columns.titles()[2].priority, 1);
    }

    #[test]
    fn name_and_age_are_shown_without_columns() {
        let columns = Columns::read(&json!(null));
        let names: Vec<_> = columns.titles().into_iter().map(|c| (c.name, c.kind)).collect();
        assert_eq!(
            names,
            [("Name".into(), "string".into()), ("Age".into(), "date".into())]
        );
    }
}
