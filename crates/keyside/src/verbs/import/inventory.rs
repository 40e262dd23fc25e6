//! The inventory: every pull secret the user may see, grouped by content, with what is wrong and what would be better. Nothing is
//! changed.

use crate::cli::{Format, ImportSecrets};
use crate::connect::Connection;
use crate::label::Label;
use crate::output::{Mark, Output};
use crate::print;
use crate::verbs::Ended;
use crate::verbs::check::survey::{self, Survey};
use keyside_core::inventory::{Advice, Group, groups};
use keyside_core::language::Language;
use keyside_core::noticed;
use serde_json::json;
use std::collections::BTreeSet;
use std::process::ExitCode;

pub(super) async fn run(connection: &Connection, flags: &ImportSecrets, output: &Output) -> Ended {
    let survey = Survey::read(&connection.client, flags.namespace.as_deref()).await?;
    let named = survey.named();
    let is_in = |set: &BTreeSet<(String, String)>, namespace: &str, name: &str| {
        set.contains(&(namespace.to_owned(), name.to_owned()))
    };
    let groups = groups(
        &survey.secrets,
        |namespace, name| is_in(&named, namespace, name),
        |namespace, name| is_in(&survey.sources, namespace, name),
    );
    match flags.output {
        Some(format @ (Format::Json | Format::Yaml)) => {
            print::document(&json!({"groups": groups}), Some(format), output)?;
        }
        Some(Format::Name) => {
            for item in groups.iter().flat_map(|group| &group.secrets) {
                output.line(format!("secret/{}", item.name));
            }
        }
        _ => table(&groups, output),
    }
    Ok(ExitCode::SUCCESS)
}

fn table(groups: &[Group], output: &Output) {
    if groups.is_empty() {
        output.note(output.say(Label::NoPullSecrets));
        return;
    }
    for group in groups {
        let registries = match group.registries.as_slice() {
            [] => "<none>".to_owned(),
            some => some.join(", "),
        };
        let mark = match group.advice {
            Advice::Repair => Mark::Fail,
            Advice::StoreOnce | Advice::Unused => Mark::Warn,
            Advice::Adopt | Advice::Managed => Mark::Ok,
        };
        output.line(format!(
            "{} {registries}   {}",
            output.mark(mark),
            output.say(Label::SameContent {
                secrets: group.secrets.len()
            })
        ));
        let rows: Vec<Vec<String>> = group
            .secrets
            .iter()
            .map(|item| {
                vec![
                    item.namespace.clone(),
                    item.name.clone(),
                    survey::yes(item.used),
                    survey::yes(item.managed),
                ]
            })
            .collect();
        output.table_indented("  ", &["NAMESPACE", "NAME", "USED", "KEYSIDE"], &rows);
        for finding in &group.findings {
            let (level, language) = (finding.noticed.level, output.language());
            let (word, sentence) = (
                noticed::level(level, language),
                noticed::sentence(&finding.noticed, language),
            );
            let colon = match language {
                Language::Zh => "：",
                Language::En => ": ",
            };
            output.line(format!("  {word}{colon}{sentence}"));
        }
        if let Some(advice) = advice(group, output) {
            output.line(format!("  {advice}"));
        }
        output.line("");
    }
}

/// What to do with a group: a command to paste.
fn advice(group: &Group, output: &Output) -> Option<String> {
    let foreign = || group.secrets.iter().filter(|item| !item.managed);
    let first = foreign().next()?;
    Some(match group.advice {
        Advice::Managed => return None,
        Advice::Repair => format!("kubectl delete secret {} -n {}", first.name, first.namespace),
        Advice::Unused => {
            let command = format!("kubectl delete secret {} -n {}", first.name, first.namespace);
            output.say(Label::NobodyNames { command: &command })
        }
        Advice::Adopt => format!("keyside import secrets {} -n {}", first.name, first.namespace),
        Advice::StoreOnce => {
            let registry = group.registries.first().map_or("HOST", String::as_str);
            let command = format!(
                "keyside credential add NAME --registry {registry} --username USER --password-stdin --cluster"
            );
            output.say(Label::StoreOnce { command: &command })
        }
    })
}
