//! What would come of a draft: whom it reaches, which workloads it is for, and the Secret it becomes, without what is
//! secret in it.

use super::FILE;
use super::draft::Draft;
use crate::call::Call;
use crate::cluster::{self, Found};
use crate::failure::Failure;
use crate::pages::workloads;
use crate::place::{FEW, Place, Seen};
use crate::text::Lang;
use crate::users::within;
use crate::{pull, write};
use k8s_openapi::api::core::v1::Pod;
use keyside_api::Project;
use keyside_keychain::docker_config::{self, DockerConfig};
use keyside_keychain::{Credential, Pattern, Reference, lint};
use kube::{Api, ResourceExt as _};
use std::collections::BTreeMap;

/// How many namespaces, or workloads, a preview names.
const NAMED: usize = 8;

/// What would come of a draft.
#[derive(Default)]
pub(super) struct Preview {
    pub(super) place: String,
    pub(super) sentence: String,
    pub(super) gained: Vec<String>,
    pub(super) more: usize,
    pub(super) taken: String,
    /// The workloads it is for, if it was asked and can be said.
    pub(super) matched: Option<Matched>,
    pub(super) secret: String,
}

/// The workloads whose pods have an image that the credential is for.
pub(super) struct Matched {
    pub(super) sentence: String,
    /// Name and link.
    pub(super) rows: Vec<(String, String)>,
    pub(super) more: usize,
}

/// Whether the workloads are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    No,
    AtWorkloads,
}

/// Looks at what there is.
pub(super) async fn preview(call: &Call, seen: &Seen, draft: &Draft, look: Look) -> Result<Preview, Failure> {
    let t = call.t();
    let Some(place) = draft.place(seen) else {
        return Ok(Preview::default());
    };
    let reach = seen.reach(&place);
    let besides = if place == Place::Cluster { seen.besides } else { 0 };
    let config = config(call, draft);
    let matched = match (&config, look) {
        (Some(config), Look::AtWorkloads) => Some(matched(call, seen, draft, &place, config).await?),
        _ => None,
    };
    Ok(Preview {
        place: place.title(),
        sentence: sentence(seen, &place, reach.len() + besides, t),
        taken: taken(call, draft, &place, &reach).await?,
        matched,
        secret: secret(draft, &place, config.as_ref(), t),
        more: (reach.len() + besides).saturating_sub(NAMED),
        gained: reach.into_iter().take(NAMED).collect(),
    })
}

fn sentence(seen: &Seen, place: &Place, reach: usize, t: Lang) -> String {
    match place {
        Place::Namespace(namespace) => t.reach_namespace(namespace),
        Place::Project { name, .. } => match seen.project(name).filter(|project| project.status.is_some()) {
            Some(project) => t.reach_project(members(project)),
            None => t.reach_project_unknown().to_owned(),
        },
        Place::Cluster => t.reach_cluster(reach),
    }
}

/// How many namespaces a Project has now: those that exist, as far as its status knows, else those it names.
fn members(project: &Project) -> usize {
    let counted = project.status.as_ref().map(|status| status.namespace_count);
    let counted = counted.and_then(|count| usize::try_from(count).ok());
    counted
        .filter(|count| *count > 0)
        .unwrap_or(project.spec.namespaces.len())
}

async fn taken(call: &Call, draft: &Draft, place: &Place, reach: &[String]) -> Result<String, Failure> {
    if draft.name.is_empty() {
        return Ok(String::new());
    }
    let mut namespaces = reach.to_vec();
    if !reach.iter().any(|name| name == place.home()) {
        namespaces.push(place.home().to_owned());
    }
    let taken = write::taken(&call.client()?, &draft.name, &namespaces).await?;
    Ok(taken.first().map_or_else(String::new, |namespace| {
        call.t().name_taken(&draft.name, namespace)
    }))
}

/// The entries it will have. What stands for the password is none.
fn config(call: &Call, draft: &Draft) -> Option<DockerConfig> {
    if draft.preset == FILE {
        return DockerConfig::parse(docker_config::Form::ConfigJson, super::file(call)?.as_bytes()).ok();
    }
    if draft.registry.is_empty() {
        return None;
    }
    let nobody = Credential::new("user", "password");
    let (findings, key) = lint::entry(&draft.registry, &nobody);
    let is_refused = findings.iter().any(lint::Finding::is_refusal);
    (!is_refused).then(|| DockerConfig::with_keys([key], &nobody))
}

/// What the credential would be for: by the same reading of it that delivers it later.
fn patterns(draft: &Draft, place: &Place, config: &DockerConfig) -> Vec<Pattern> {
    let mut wish = draft.wish();
    if wish.name.is_empty() {
        "preview".clone_into(&mut wish.name);
    }
    let secret = write::secret_for(&wish.name, place, config);
    let (index, id) = write::make(&wish, place).index(&secret);
    let content = index.credential(&id).and_then(|one| one.content());
    let served = content.into_iter().flat_map(|content| &content.served);
    served.map(|one| one.pattern.clone()).collect()
}

async fn matched(
    call: &Call,
    seen: &Seen,
    draft: &Draft,
    place: &Place,
    config: &DockerConfig,
) -> Result<Matched, Failure> {
    let patterns = patterns(draft, place, config);
    let found = pods(call, seen, place).await?;
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    for pod in &found.items {
        let is_meant = pull::images(pod).iter().any(|image| {
            Reference::parse(image).is_ok_and(|image| patterns.iter().any(|one| one.matches(&image)))
        });
        if is_meant {
            let (text, link) = workload(pod);
            rows.insert(text, link);
        }
    }
    Ok(Matched {
        sentence: call.t().matched_workloads(rows.len(), found.is_cut),
        more: rows.len().saturating_sub(NAMED),
        rows: rows.into_iter().take(NAMED).collect(),
    })
}

/// What a pod belongs to, and where that is shown.
fn workload(pod: &Pod) -> (String, String) {
    let namespace = pod.namespace().unwrap_or_default();
    let owner = workloads::workload_of(pod);
    let (kind, name) = owner.split_once('/').unwrap_or(("Pod", &owner));
    let link = match workloads::resource(kind) {
        Some(_) => workloads::link(&namespace, kind, name),
        None => workloads::link(&namespace, "Pod", &pod.name_any()),
    };
    (format!("{namespace}/{owner}"), link)
}

/// The first pods of the scope, of as many namespaces as one page may look into.
async fn pods(call: &Call, seen: &Seen, place: &Place) -> Result<Found<Pod>, Failure> {
    let client = call.client()?;
    let reach = seen.reach(place);
    if *place == Place::Cluster
        && let Some(mut found) = cluster::some::<Pod>(Api::all(client.clone()), "", 1).await?
    {
        found
            .items
            .retain(|pod| pod.namespace().is_some_and(|name| !Place::is_system(&name)));
        return Ok(found);
    }
    let few = within(&client, &reach, "", 1).await?;
    // Where no pods may be seen, there may be some.
    Ok(few.unwrap_or(Found {
        items: Vec::new(),
        is_cut: reach.len() > FEW,
    }))
}

/// The Secret as YAML. User names are shown as far as they came in a form: a question has none, because addresses are
/// written down in many places.
fn secret(draft: &Draft, place: &Place, config: Option<&DockerConfig>, t: Lang) -> String {
    let hidden = format!("({})", t.hidden());
    let entries: Vec<String> = config
        .iter()
        .flat_map(|config| config.entries())
        .map(|entry| {
            let username = match draft.username.as_str() {
                _ if draft.preset == FILE => &hidden,
                "" => &hidden,
                typed => typed,
            };
            format!(
                "      {}: {{\n        \"username\": {},\n        \"password\": {},\n        \"auth\": {}\n      }}",
                quoted(&lint::shown_key(entry.key())),
                quoted(username),
                quoted(&hidden),
                quoted(&hidden),
            )
        })
        .collect();
    let name = if draft.name.is_empty() { "…" } else { &draft.name };
    format!(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\nmetadata:\n  name: {}\n  namespace: {}\nstringData:\n  .dockerconfigjson: |\n    {{\"auths\": {{\n{}\n    }}}}",
        plain(name),
        plain(place.home()),
        entries.join(",\n"),
    )
}

/// As JSON writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// As YAML writes it: names need no quotes, whatever else is typed does.
fn plain(text: &str) -> String {
    let is_name = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.…".contains(c));
    let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '…');
    if is_name && starts_well {
        text.to_owned()
    } else {
        quoted(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(registry: &str, repositories: &str) -> Draft {
        Draft {
            registry: registry.to_owned(),
            repositories: repositories.to_owned(),
            username: "ann\"\n".to_owned(),
            ..Draft::default()
        }
    }

    fn config(registry: &str) -> DockerConfig {
        DockerConfig::with_keys([registry.to_owned()], &Credential::new("user", "password"))
    }

    fn is_for(draft: &Draft, image: &str) -> bool {
        let image = Reference::parse(image).expect("an image");
        let place = Place::Namespace("shop".to_owned());
        patterns(draft, &place, &config(&draft.registry))
            .iter()
            .any(|pattern| pattern.matches(&image))
    }

    #[test]
    fn what_it_is_for_follows_the_registry_and_its_repositories() {
        assert!(is_for(&draft("quay.io", ""), "quay.io/shop/web:1"));
        assert!(!is_for(&draft("quay.io", ""), "ghcr.io/shop/web:1"));
        let narrow = draft("quay.io", "quay.io/shop");
        assert!(is_for(&narrow, "quay.io/shop/web:1") && !is_for(&narrow, "quay.io/shopping/web:1"));
    }

    #[test]
    fn the_secret_is_yaml_that_holds_no_password() {
        let place = Place::Namespace("shop".to_owned());
        let text = secret(&draft("quay.io", ""), &place, Some(&config("quay.io")), Lang::En);
        let read: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        let document = read["stringData"][".dockerconfigjson"]
            .as_str()
            .expect("a document");
        let document: serde_json::Value = serde_json::from_str(document).expect("JSON");
        let entry = &document["auths"]["quay.io"];
        assert_eq!(entry["username"], "ann\"\n");
        assert_eq!(entry["password"], format!("({})", Lang::En.hidden()));
    }
}
