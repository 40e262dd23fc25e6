//! The pages, one file each. A page reads what it shows in the user's name, makes a value of it, and lets a template show
//! the value.

pub(super) mod add;
pub(super) mod credential;
pub(super) mod credentials;
pub(super) mod delete;
pub(super) mod deploy;
pub(super) mod edit;
pub(super) mod events;
pub(super) mod explain;
pub(super) mod import;
pub(super) mod moving;
pub(super) mod project;
pub(super) mod projects;
pub(super) mod settings;
pub(super) mod sign_in;
pub(super) mod workload;
pub(super) mod workloads;

use super::place::Seen;
use kube::ResourceExt as _;

/// What a page can be copied as.
#[derive(Clone, Debug, Default)]
pub(super) struct Copy {
    pub(super) command: String,
    pub(super) yaml: String,
}

impl Copy {
    pub(super) fn command(command: impl Into<String>) -> Self {
        Self {
            command: command.into(),
            yaml: String::new(),
        }
    }
}

/// A choice of a form: value and words.
type Choice = (String, String);

/// The projects a form offers.
fn project_choices(seen: &Seen) -> Vec<Choice> {
    let words = |project: &keyside_api::Project| {
        let name = project.name_any();
        match &project.spec.display_name {
            Some(display) => format!("{name} ({display})"),
            None => name,
        }
    };
    seen.projects
        .iter()
        .map(|project| (project.name_any(), words(project)))
        .collect()
}

/// Names separated by commas or blanks.
fn names(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n', '，'])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}
