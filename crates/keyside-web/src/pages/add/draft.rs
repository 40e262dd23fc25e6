//! What was typed into the form, and what follows from it.

use super::{FILE, delivery};
use crate::call::Call;
use crate::form::Form;
use crate::pages::names;
use crate::paste::{self, Kind};
use crate::place::{Place, Seen};
use crate::text::Lang;
use crate::write::Wish;
use keyside_api::Verification;
use keyside_keychain::preset;
use kube::ResourceExt as _;

/// What was typed, without secrets.
#[derive(Clone, Default)]
pub(super) struct Draft {
    pub(super) preset: String,
    pub(super) name: String,
    pub(super) registry: String,
    pub(super) username: String,
    pub(super) scope: String,
    pub(super) project: String,
    pub(super) namespace: String,
    pub(super) delivery: String,
    pub(super) repositories: String,
    pub(super) verify: String,
}

impl Draft {
    pub(super) fn of(call: &Call, fields: &Form) -> Self {
        let get = |name: &str| fields.get(name).to_owned();
        let project = [fields.get("in-project"), call.query.get("project")]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default();
        let preset = [fields.get("preset"), fields.get("chosen")]
            .into_iter()
            .find(|id| !id.is_empty())
            .unwrap_or("dockerhub");
        Self {
            preset: preset.to_owned(),
            name: get("name"),
            registry: get("registry"),
            username: get("username"),
            scope: get("scope"),
            project: project.to_owned(),
            namespace: get("namespace"),
            delivery: get("delivery"),
            repositories: get("repositories"),
            verify: get("verify"),
        }
    }

    /// Puts in what follows from the preset and from what there is, where nothing was typed.
    pub(super) fn complete(&mut self, seen: &Seen) {
        let preset = self.chosen();
        let is_known_host = preset::ALL
            .iter()
            .any(|other| other.host == Some(self.registry.as_str()));
        if self.registry.is_empty() || (is_known_host && preset.host != Some(&self.registry)) {
            self.registry = preset.host.unwrap_or_default().to_owned();
        }
        if self.username.is_empty() {
            self.username = preset.fixed_username.unwrap_or_default().to_owned();
        }
        if self.scope.is_empty() {
            let in_project = !seen.projects.is_empty();
            self.scope = if in_project { "project" } else { "namespace" }.to_owned();
        }
        if self.project.is_empty() {
            let first = seen
                .projects
                .iter()
                .find(|project| project.name_any() == "default");
            let first = first.or_else(|| seen.projects.first());
            self.project = first.map(kube::ResourceExt::name_any).unwrap_or_default();
        }
        if self.namespace.is_empty() && self.scope != "cluster" {
            let first = seen.namespaces.iter().find(|name| *name == "default");
            let first = first.or_else(|| seen.namespaces.first());
            self.namespace = first.cloned().unwrap_or_default();
        }
    }

    pub(super) fn chosen(&self) -> &'static preset::Preset {
        preset::by_id(&self.preset)
            .or_else(|| preset::by_id("custom"))
            .unwrap_or(&preset::ALL[0])
    }

    pub(super) fn place(&self, seen: &Seen) -> Option<Place> {
        seen.place(&self.scope, &self.project, &self.namespace)
    }

    /// The project, if it is the scope.
    pub(super) fn its_project(&self) -> &str {
        if self.scope == "project" {
            &self.project
        } else {
            ""
        }
    }

    /// Takes over what was pasted as the registry; says what was understood, if it was more than an address.
    pub(super) fn understand(&mut self, t: Lang) -> String {
        let pasted = paste::read(&self.registry);
        if pasted.kind == Kind::Config {
            self.preset = FILE.to_owned();
            self.registry.clear();
            return t.understood_config(pasted.entries);
        }
        self.preset = paste::preset_of(&pasted.registry).id.to_owned();
        self.registry.clone_from(&pasted.registry);
        if !pasted.username.is_empty() {
            self.username = pasted.username;
        }
        if !pasted.name.is_empty() {
            self.name = pasted.name;
        }
        match pasted.kind {
            Kind::Url => t.understood_url(&pasted.registry),
            Kind::Image => t.understood_image(&pasted.registry),
            Kind::Login => t.understood_line("docker login", &pasted.registry),
            Kind::Kubectl => t.understood_line("kubectl create secret", &pasted.registry),
            Kind::Address | Kind::Config => String::new(),
        }
    }

    pub(super) fn wish(&self) -> Wish {
        Wish {
            name: self.name.clone(),
            delivery: delivery(&self.delivery),
            repositories: names(&self.repositories),
            registry: None,
            verification: (!self.verify.is_empty()).then(|| Verification {
                repository: Some(self.verify.clone()),
                interval_seconds: None,
            }),
        }
    }
}
