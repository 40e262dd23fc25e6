//! What form of answer a client wants: JSON or YAML, the object itself, its metadata, or a table of it.

use crate::query::Query;
use http::HeaderMap;
use http::header::{ACCEPT, USER_AGENT};
use keyside_apimachinery::status::Status;

/// Encoding of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
}

/// What becomes of an object on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Transform {
    /// Nothing.
    Whole,
    /// `meta.k8s.io` `Table`, of `v1` or `v1beta1`.
    Table(&'static str),
    /// `PartialObjectMetadata` or its list, of `v1` or `v1beta1`.
    Metadata(&'static str),
}

/// The negotiated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accept {
    pub(crate) encoding: Encoding,
    pub(crate) transform: Transform,
    pub(crate) pretty: bool,
}

impl Accept {
    /// Plain JSON: what errors fall back to.
    pub(crate) const JSON: Self = Self {
        encoding: Encoding::Json,
        transform: Transform::Whole,
        pretty: false,
    };
}

/// One clause of an `Accept` header.
pub(crate) struct Clause<'a> {
    pub(crate) media: &'a str,
    pub(crate) params: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl Clause<'_> {
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(found, _)| *found == name)
            .map_or("", |(_, value)| value)
    }

    /// Whether this clause means the media type `application/{subtype}`.
    pub(crate) fn covers(&self, subtype: &str) -> bool {
        self.media == "*/*"
            || self.media == "application/*"
            || self
                .media
                .strip_prefix("application/")
                .is_some_and(|found| found == subtype)
    }
}

/// The clauses of the `Accept` headers, best first.
pub(crate) fn clauses(headers: &HeaderMap) -> Vec<Clause<'_>> {
    let texts = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut out: Vec<Clause<'_>> = texts
        .flat_map(|text| text.split(','))
        .filter_map(clause)
        .collect();
    out.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    out
}

fn clause(text: &str) -> Option<Clause<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|media| !media.is_empty())?;
    let mut params: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let quality = params
        .iter()
        .find(|(name, _)| *name == "q")
        .and_then(|(_, value)| value.parse().ok());
    params.retain(|(name, _)| *name != "q");
    Some(Clause {
        media,
        params,
        quality: quality.unwrap_or(1.0),
    })
}

/// Chooses the form of an answer. `tables` is off for what is asked and not stored: it has no rows.
pub(crate) fn negotiate(headers: &HeaderMap, query: &Query, tables: bool) -> Result<Accept, Status> {
    let pretty = wants_pretty(headers, query);
    let clauses = clauses(headers);
    if clauses.is_empty() {
        return Ok(Accept {
            pretty,
            ..Accept::JSON
        });
    }
    let choices = [("json", Encoding::Json), ("yaml", Encoding::Yaml)];
    for clause in &clauses {
        for (subtype, encoding) in choices.iter().filter(|(subtype, _)| clause.covers(subtype)) {
            if let Some(transform) = transform(clause, tables) {
                tracing::trace!(subtype, "negotiated");
                let pretty = pretty || clause.param("pretty") == "1";
                return Ok(Accept {
                    encoding: *encoding,
                    transform,
                    pretty,
                });
            }
        }
    }
    Err(not_acceptable())
}

fn transform(clause: &Clause<'_>, tables: bool) -> Option<Transform> {
    let version = match clause.param("v") {
        "v1beta1" => "v1beta1",
        _ => "v1",
    };
    match clause.param("as") {
        "" => Some(Transform::Whole),
        "Table" if tables => Some(Transform::Table(version)),
        "PartialObjectMetadata" | "PartialObjectMetadataList" if tables => Some(Transform::Metadata(version)),
        _ => None,
    }
}

fn not_acceptable() -> Status {
    let list = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    let mut status = Status::new(
        406,
        "NotAcceptable",
        format!("406: Not Acceptable\n\nAvailable representations: {list}"),
    );
    status.details = serde_json::json!({});
    status
}

/// Programs people type get readable output, as from Kubernetes.
fn wants_pretty(headers: &HeaderMap, query: &Query) -> bool {
    let asked = query.get("pretty");
    if !asked.is_empty() {
        return matches!(asked, "1" | "t" | "T" | "true" | "TRUE" | "True");
    }
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    ["curl", "Wget", "Mozilla/5.0"]
        .iter()
        .any(|name| agent.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, tables: bool, expected: Option<(Encoding, Transform)>) {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(ACCEPT, header.parse().unwrap());
        }
        let found = negotiate(&headers, &Query::default(), tables).ok();
        assert_eq!(
            found.map(|accept| (accept.encoding, accept.transform)),
            expected,
            "{header}"
        );
    }

    #[test]
    fn the_first_clause_that_can_be_served_wins() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        check("", true, Some((Encoding::Json, Transform::Whole)));
        check(kubectl, true, Some((Encoding::Json, Transform::Table("v1"))));
        check(kubectl, false, Some((Encoding::Json, Transform::Whole)));
        check(
            "application/vnd.kubernetes.protobuf,application/json",
            true,
            Some((Encoding::Json, Transform::Whole)),
        );
        check(
            "application/vnd.kubernetes.protobuf, */*",
            true,
            Some((Encoding::Json, Transform::Whole)),
        );
        check(
            "application/json;q=0.1,application/yaml",
            true,
            Some((Encoding::Yaml, Transform::Whole)),
        );
        check(
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            true,
            Some((Encoding::Json, Transform::Metadata("v1"))),
        );
        check("application/json;as=Table;v=v1;g=meta.k8s.io", false, None);
        check("text/html", true, None);
    }
}
