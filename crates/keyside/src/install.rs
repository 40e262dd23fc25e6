//! What an installation consists of: built from [`Values`], the same whether `keyside install` writes it or Helm does.
//!
//! The objects here are the source. The chart's templates say the same in Helm's language, and a test renders both for
//! several values and compares them. Long texts (definitions, the fence, alerts, the dashboard) are files of the chart
//! that both sides read.

mod objects;
mod values;

pub(crate) use objects::{Kind, objects};
pub(crate) use values::{Given, Image, Mode, Refused, Values, overlay, parse};

use serde_json::{Map, Value, json};

/// The chart's name.
const CHART: &str = "keyside";

/// The chart's version, which is the program's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Names longer than this are cut, because some names get a suffix and none may pass 63.
const NAME_MAX: usize = 53;

/// Where and under which name an installation stands.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// The release's name.
    pub(crate) name: String,
    /// The namespace.
    pub(crate) namespace: String,
    /// Which tool manages the objects.
    pub(crate) manager: &'static str,
}

/// A release with its values: what every object is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chart<'a> {
    release: &'a Release,
    values: &'a Values,
}

impl<'a> Chart<'a> {
    /// The chart for this release.
    pub(crate) fn new(release: &'a Release, values: &'a Values) -> Self {
        Self { release, values }
    }

    /// The name of the program in labels.
    fn name(&self) -> String {
        let name = &self.values.name_override;
        cut(if name.is_empty() { CHART } else { name })
    }

    /// The name of the objects.
    pub(crate) fn fullname(&self) -> String {
        if !self.values.fullname_override.is_empty() {
            return cut(&self.values.fullname_override);
        }
        let (release, name) = (&self.release.name, self.name());
        if release.contains(&name) {
            cut(release)
        } else {
            cut(&format!("{release}-{name}"))
        }
    }

    /// The name with a suffix.
    fn named(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.fullname())
    }

    /// The account keyside runs as.
    fn account(&self) -> String {
        let given = &self.values.service_account;
        match (given.name.is_empty(), given.create) {
            (false, _) => given.name.clone(),
            (true, true) => self.fullname(),
            (true, false) => "default".to_owned(),
        }
    }

    /// Labels by which our pods are found: those never change.
    fn selector(&self) -> Value {
        json!({
            "app.kubernetes.io/name": self.name(),
            "app.kubernetes.io/instance": self.release.name,
            "app.kubernetes.io/component": "server",
        })
    }

    /// Labels of an object.
    fn labels(&self, component: &str) -> Map<String, Value> {
        let common = self
            .values
            .common_labels
            .iter()
            .map(|(key, value)| (key.clone(), value.clone().into()));
        let mut labels: Map<String, Value> = common.collect();
        let own = [
            ("app.kubernetes.io/name", self.name()),
            ("app.kubernetes.io/instance", self.release.name.clone()),
            ("app.kubernetes.io/version", VERSION.to_owned()),
            ("app.kubernetes.io/component", component.to_owned()),
            ("app.kubernetes.io/part-of", CHART.to_owned()),
            ("app.kubernetes.io/managed-by", self.release.manager.to_owned()),
            ("helm.sh/chart", format!("{CHART}-{VERSION}")),
        ];
        labels.extend(own.map(|(key, value)| (key.to_owned(), value.into())));
        labels
    }

    /// Metadata of an object of the cluster.
    fn global(&self, name: &str, component: &str) -> Value {
        json!({"name": name, "labels": self.labels(component)})
    }

    /// Metadata of an object in the release's namespace.
    fn local(&self, name: &str, component: &str) -> Value {
        self.within(&self.release.namespace, name, component)
    }

    /// Metadata of an object in another namespace.
    fn within(&self, namespace: &str, name: &str, component: &str) -> Value {
        json!({"name": name, "namespace": namespace, "labels": self.labels(component)})
    }
}

/// At most [`NAME_MAX`] characters, and no dash at the end.
fn cut(name: &str) -> String {
    let end = name.char_indices().nth(NAME_MAX).map_or(name.len(), |(at, _)| at);
    name[..end].trim_end_matches('-').to_owned()
}
