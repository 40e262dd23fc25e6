//! Which form of an answer a client wants: the object itself, a Table, or metadata only; JSON or YAML.

use crate::discovery::Aggregated;
use keyside_apimachinery::status::Status;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The object or list as it is.
    Object,
    /// `as=Table`: rows of cells, as kubectl prints them.
    Table,
    /// `as=PartialObjectMetadata[List]`: metadata only.
    Metadata,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
}

/// Form and encoding together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) form: Form,
    pub(crate) encoding: Encoding,
}

/// Reads `Accept`: the first offer that can be met wins, as in Kubernetes.
///
/// # Errors
/// 406 if no offer can be met; `forms` are those the endpoint has.
pub(crate) fn wanted(accept: Option<&str>, forms: &[Form]) -> Result<Wanted, Status> {
    let accept = accept.map_or(
        "*/*",
        |accept| if accept.trim().is_empty() { "*/*" } else { accept },
    );
    accept
        .split(',')
        .find_map(|offer| meet(offer, forms))
        .ok_or_else(|| {
            let mut types = vec!["application/json", "application/yaml"];
            if forms.contains(&Form::Table) {
                types.push("application/json;as=Table;g=meta.k8s.io;v=v1");
            }
            not_acceptable(&types)
        })
}

/// 406 in Kubernetes' words.
pub(crate) fn not_acceptable(types: &[&str]) -> Status {
    Status::new(
        406,
        "NotAcceptable",
        format!(
            "only the following media types are accepted: {}",
            types.join(", ")
        ),
    )
}

fn meet(offer: &str, forms: &[Form]) -> Option<Wanted> {
    let (media, parameters) = split(offer);
    let encoding = match media {
        "application/json" | "*/*" | "application/*" => Encoding::Json,
        "application/yaml" => Encoding::Yaml,
        _ => return None,
    };
    let get = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    };
    let form = match get("as") {
        None => Form::Object,
        Some(_) if get("g") != Some("meta.k8s.io") || !matches!(get("v"), Some("v1" | "v1beta1")) => {
            return None;
        }
        Some("Table") => Form::Table,
        Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Form::Metadata,
        Some(_) => return None,
    };
    forms.contains(&form).then_some(Wanted { form, encoding })
}

/// Which form of discovery a client prefers; `None` is the old one.
pub(crate) fn discovery(accept: Option<&str>) -> Option<Aggregated> {
    accept.unwrap_or_default().split(',').find_map(|offer| {
        let (media, parameters) = split(offer);
        if media != "application/json" {
            return None;
        }
        let get = |name: &str| {
            parameters
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        match (get("g"), get("v"), get("as")) {
            (Some("apidiscovery.k8s.io"), Some("v2"), Some("APIGroupDiscoveryList")) => {
                Some(Some(Aggregated::V2))
            }
            (Some("apidiscovery.k8s.io"), Some("v2beta1"), Some("APIGroupDiscoveryList")) => {
                Some(Some(Aggregated::V2Beta1))
            }
            (None, None, None) => Some(None),
            _ => None,
        }
    })?
}

/// Media type and parameters of one offer.
fn split(offer: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = offer.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    (
        media,
        parts
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim().trim_matches('"')))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Form, Wanted, discovery, wanted};
    use crate::discovery::Aggregated;

    const ALL: &[Form] = &[Form::Object, Form::Table, Form::Metadata];

    fn form(accept: &str) -> Option<Form> {
        wanted(Some(accept), ALL).ok().map(|wanted| wanted.form)
    }

    #[test]
    fn kubectl_gets_tables_and_reflectors_metadata() {
        assert_eq!(
            form(
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
            ),
            Some(Form::Table)
        );
        assert_eq!(
            form("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            Some(Form::Metadata)
        );
        assert_eq!(
            form("application/vnd.kubernetes.protobuf,application/json"),
            Some(Form::Object)
        );
        assert_eq!(form("application/vnd.kubernetes.protobuf"), None);
        assert_eq!(form(""), Some(Form::Object));
    }

    #[test]
    fn an_endpoint_without_tables_falls_to_the_next_offer_or_refuses() {
        let only = &[Form::Object];
        assert_eq!(
            wanted(Some("application/json;as=Table;v=v1;g=meta.k8s.io, */*"), only),
            Ok(Wanted {
                form: Form::Object,
                encoding: Encoding::Json
            })
        );
        assert_eq!(
            wanted(Some("application/json;as=Table;v=v1;g=meta.k8s.io"), only)
                .expect_err("refused")
                .code,
            406
        );
    }

    #[test]
    fn aggregated_discovery_is_chosen_by_the_first_known_offer() {
        let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        let v2beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
        assert_eq!(
            discovery(Some(&format!("{v2},{v2beta1},application/json"))),
            Some(Aggregated::V2)
        );
        assert_eq!(
            discovery(Some(&format!("{v2beta1},application/json"))),
            Some(Aggregated::V2Beta1)
        );
        assert_eq!(discovery(Some(&format!("application/json,{v2}"))), None);
        assert_eq!(discovery(None), None);
    }
}
