//! Which objects a list, watch or collection deletion is about.

use crate::call::Call;
use crate::catalog::Served;
use crate::present;
use crate::store::{Facts, Range};
use bytes::Bytes;
use keyside_apimachinery::meta;
use keyside_apimachinery::select::{FieldSelector, LabelSelector};
use keyside_apimachinery::status::Status;
use serde_json::Value;

/// Selectors of a request.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
    /// A name in the path, as in a watch on one object.
    name: String,
}

impl Selection {
    /// Reads `labelSelector` and `fieldSelector`.
    pub(crate) fn parse(call: &Call) -> Result<Self, Status> {
        let labels = LabelSelector::parse(call.query.get("labelSelector"))
            .map_err(|error| Status::bad_request(error.to_string()))?;
        let fields = FieldSelector::parse(call.query.get("fieldSelector"))
            .map_err(|error| Status::bad_request(error.to_string()))?;
        check_fields(&call.served, &fields)?;
        let named = fields
            .terms()
            .iter()
            .find(|term| term.field == "metadata.name" && term.equal);
        if !call.name.is_empty() && !fields.is_empty() && named.is_none_or(|term| term.value != call.name) {
            return Err(Status::bad_request(
                "fieldSelector metadata.name doesn't match requested name",
            ));
        }
        Ok(Self {
            labels,
            fields,
            name: call.name.clone(),
        })
    }

    /// Whether everything is selected.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty() && self.name.is_empty()
    }

    /// The objects that can match: a namespace in the selector narrows them.
    pub(crate) fn range(&self, call: &Call) -> Range {
        let resource = &call.served.resource;
        let exact = |field: &str| {
            let term = self
                .fields
                .terms()
                .iter()
                .find(|term| term.field == field && term.equal);
            term.map(|term| term.value.as_str())
                .filter(|value| !value.is_empty() && !value.contains('/'))
        };
        let namespace = if call.namespace.is_empty() && resource.namespaced {
            exact("metadata.namespace")
        } else {
            Some(call.namespace.as_str())
        };
        Range::new(&resource.storage_group, &resource.plural, namespace)
    }

    /// Whether an object is selected.
    pub(crate) fn matches(&self, served: &Served, object: &Value) -> bool {
        self.is_everything() || self.matches_facts(&facts(served, object))
    }

    /// Whether an object of which this is known is selected.
    pub(crate) fn matches_facts(&self, facts: &Facts) -> bool {
        let field = |name: &str| {
            facts
                .fields
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
        };
        if !self.name.is_empty() && field("metadata.name") != Some(&self.name) {
            return false;
        }
        self.labels.matches(facts.labels.as_ref()) && self.fields.matches(field)
    }
}

/// What selectors look at in an object.
pub(crate) fn facts(served: &Served, object: &Value) -> Facts {
    let mut fields = served.resource.behaviour.selectable_fields(object);
    fields.push(("metadata.name".to_owned(), meta::name(object).to_owned()));
    fields.push((
        "metadata.namespace".to_owned(),
        meta::namespace(object).to_owned(),
    ));
    Facts {
        labels: meta::labels(object).cloned(),
        fields,
    }
}

/// What selectors look at in a stored object.
pub(crate) fn stored_facts(served: &Served, stored: &Bytes) -> Facts {
    facts(served, &present::value(served, stored))
}

fn check_fields(served: &Served, fields: &FieldSelector) -> Result<(), Status> {
    let known = served.resource.behaviour.selectable_field_names();
    for term in fields.terms() {
        let field = &term.field;
        if matches!(field.as_str(), "metadata.name" | "metadata.namespace") || known.contains(field) {
            continue;
        }
        return Err(Status::bad_request(if known.is_empty() {
            format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        } else {
            format!("field label not supported: {field}")
        }));
    }
    Ok(())
}
