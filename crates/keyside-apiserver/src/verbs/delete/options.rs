//! `DeleteOptions`, from the body or the query string.

use crate::call::Call;
use crate::query::Query;
use crate::verbs::{decode, options};
use keyside_apimachinery::meta;
use keyside_apimachinery::protobuf;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::{Value, json};

/// How an object shall be deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) dry_run: bool,
    pub(crate) grace_period: Option<i64>,
    /// `Orphan`, `Background` or `Foreground`, however it was said.
    pub(crate) propagation: Option<String>,
    /// The old way to say it, which changes the status code.
    pub(crate) orphan_dependents: Option<bool>,
    uid: Option<String>,
    resource_version: Option<String>,
}

impl DeleteOptions {
    /// Reads them; a body wins over the query string.
    pub(crate) fn read(call: &Call, body: &[u8]) -> Result<Self, Status> {
        let mut errors = Vec::new();
        let options = if body.is_empty() {
            Self::from_query(&call.query, &mut errors)?
        } else {
            Self::from_body(call, body, &mut errors)?
        };
        options.check(&mut errors);
        if errors.is_empty() {
            Ok(options)
        } else {
            Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors))
        }
    }

    fn from_query(query: &Query, errors: &mut Vec<FieldError>) -> Result<Self, Status> {
        let text = |name: &str| {
            Some(query.get(name))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let mut out = Self {
            dry_run: options::dry_run(query, errors),
            grace_period: query.number("gracePeriodSeconds")?,
            propagation: text("propagationPolicy"),
            orphan_dependents: query.maybe_flag("orphanDependents"),
            uid: None,
            resource_version: None,
        };
        out.resolve(errors);
        Ok(out)
    }

    fn from_body(call: &Call, body: &[u8], errors: &mut Vec<FieldError>) -> Result<Self, Status> {
        let unreadable = |error: String| Status::bad_request(format!("couldn't get version/kind; {error}"));
        let value = if call.content_type() == protobuf::MEDIA_TYPE {
            protobuf::decode(body, Some(("v1", "DeleteOptions")))
                .map_err(|error| unreadable(error.to_string()))?
        } else {
            let format = decode::format(&call.content_type())?;
            let parsed = keyside_apimachinery::decode::parse(body, format);
            parsed
                .map_err(|error| unreadable(format!("json parse error: {error}")))?
                .value
        };
        let kind = value["kind"].as_str().unwrap_or_default();
        if !matches!(kind, "" | "DeleteOptions") {
            return Err(Status::bad_request(
                "decoded object cannot be converted to DeleteOptions",
            ));
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let dry_run = value["dryRun"].as_array().cloned().unwrap_or_default();
        for value in &dry_run {
            if value != "All" {
                errors.push(FieldError::not_supported("dryRun", json!([value]), &["All"]));
            }
        }
        let mut out = Self {
            dry_run: !dry_run.is_empty(),
            grace_period: integer(&value["gracePeriodSeconds"])?,
            propagation: text(&value["propagationPolicy"]),
            orphan_dependents: value["orphanDependents"].as_bool(),
            uid: text(&value["preconditions"]["uid"]),
            resource_version: text(&value["preconditions"]["resourceVersion"]),
        };
        out.resolve(errors);
        Ok(out)
    }

    /// Turns the old `orphanDependents` into a policy.
    fn resolve(&mut self, errors: &mut Vec<FieldError>) {
        let Some(orphan) = self.orphan_dependents else {
            return;
        };
        if let Some(policy) = &self.propagation {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(FieldError::invalid("propagationPolicy", policy.as_str(), detail));
        }
        self.propagation = Some(if orphan { "Orphan" } else { "Background" }.to_owned());
    }

    fn check(&self, errors: &mut Vec<FieldError>) {
        if let Some(policy) = self.propagation.as_deref()
            && !matches!(policy, "Foreground" | "Background" | "Orphan")
        {
            let list = ["Foreground", "Background", "Orphan", "nil"];
            errors.push(FieldError::not_supported("propagationPolicy", policy, &list));
        }
    }

    /// The object must be the one the caller means.
    pub(crate) fn check_preconditions(&self, call: &Call, live: &Value) -> Result<(), Status> {
        let refuse = |what: &str, wanted: &str, found: &str, why: &str| {
            let detail = format!(
                "the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). The object might have been {why}"
            );
            Err(Status::conflict(call.group(), call.kind(), &call.name, &detail))
        };
        if let Some(uid) = self.uid.as_deref().filter(|uid| *uid != meta::uid(live)) {
            return refuse("UID", uid, meta::uid(live), "deleted and then recreated");
        }
        let found = meta::resource_version(live);
        if let Some(version) = self
            .resource_version
            .as_deref()
            .filter(|version| *version != found)
        {
            return refuse("ResourceVersion", version, found, "modified");
        }
        Ok(())
    }

    /// As admission webhooks are told.
    pub(crate) fn to_json(&self) -> Value {
        let mut out = json!({"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"});
        if let Some(seconds) = self.grace_period {
            out["gracePeriodSeconds"] = seconds.into();
        }
        if self.uid.is_some() || self.resource_version.is_some() {
            let mut preconditions = json!({});
            if let Some(uid) = &self.uid {
                preconditions["uid"] = uid.as_str().into();
            }
            if let Some(version) = &self.resource_version {
                preconditions["resourceVersion"] = version.as_str().into();
            }
            out["preconditions"] = preconditions;
        }
        if let Some(orphan) = self.orphan_dependents {
            out["orphanDependents"] = orphan.into();
        } else if let Some(policy) = &self.propagation {
            out["propagationPolicy"] = policy.as_str().into();
        }
        if self.dry_run {
            out["dryRun"] = json!(["All"]);
        }
        out
    }
}

fn integer(value: &Value) -> Result<Option<i64>, Status> {
    if value.is_null() {
        return Ok(None);
    }
    let wrong = || {
        Status::bad_request(
            "json: cannot unmarshal into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
        )
    };
    value.as_i64().map(Some).ok_or_else(wrong)
}
