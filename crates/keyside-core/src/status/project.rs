//! The status of a Project.

use super::conditions::{Conditions, Holds, Said};
use crate::index::{Claim, Index, Project};
use crate::plan::project::{Home, home};
use jiff::Timestamp;
use keyside_api::ProjectStatus;
use keyside_api::condition::{ready, stalled};

/// How many namespaces a message names.
const NAMED_MAX: usize = 5;

/// The status of a Project. `refused` is what the API server said when the home namespace could not be created.
pub fn project(index: &Index, project: &Project, refused: Option<&str>, now: Timestamp) -> ProjectStatus {
    let build = Conditions {
        former: &project.status.conditions,
        generation: project.generation,
        now,
    };
    let ready = ready(index, project, refused);
    // Every reason waits for a human, except a home namespace that is about to be created or to go.
    let is_stalled =
        ready.holds == Holds::False && (ready.reason != ready::HOME_NAMESPACE_MISSING || refused.is_some());
    let mut conditions = vec![build.condition(ready::TYPE, ready.clone())];
    if is_stalled {
        conditions.push(build.condition(
            stalled::TYPE,
            Said {
                holds: Holds::True,
                ..ready
            },
        ));
    }
    ProjectStatus {
        observed_generation: Some(project.generation),
        home_namespace: Some(project.home.to_string()),
        namespace_count: i64::try_from(project.members.len()).unwrap_or(i64::MAX),
        conditions,
    }
}

fn ready(index: &Index, project: &Project, refused: Option<&str>) -> Said {
    let not = |reason: &str, message: String| Said::new(Holds::False, reason, message);
    let name = &project.home;
    match home(index, project) {
        Home::Stands => {}
        Home::System => {
            return not(
                ready::HOME_NAMESPACE_TAKEN,
                format!("{name} is a system namespace and cannot be a home"),
            );
        }
        Home::TakenBy(other) => {
            return not(
                ready::HOME_NAMESPACE_TAKEN,
                format!("namespace {name} is the home of the older Project {other}"),
            );
        }
        Home::Terminating => {
            return not(
                ready::HOME_NAMESPACE_MISSING,
                format!("home namespace {name} is being deleted"),
            );
        }
        Home::Absent => {
            let why = refused.map_or_else(String::new, |refused| format!(": {refused}"));
            return not(
                ready::HOME_NAMESPACE_MISSING,
                format!("home namespace {name} does not exist{why}"),
            );
        }
    }
    let claims: Vec<_> = project
        .named
        .iter()
        .map(|namespace| (namespace, index.claim(project, namespace)))
        .collect();
    let claimed = claims.iter().filter_map(|(namespace, claim)| match claim {
        Claim::Claimed(by) => Some(format!("{namespace} belongs to the older Project {by}")),
        _ => None,
    });
    let claimed: Vec<String> = claimed.collect();
    if !claimed.is_empty() {
        return not(ready::NAMESPACE_CLAIMED, listed(&claimed));
    }
    let recreated = claims.iter().filter(|(_, claim)| *claim == Claim::Recreated);
    let recreated: Vec<String> = recreated.map(|(namespace, _)| namespace.to_string()).collect();
    if !recreated.is_empty() {
        let names = listed(&recreated);
        let message = format!(
            "{names}: deleted and made anew, so it gets nothing until it is taken out of `spec.namespaces` and stated again"
        );
        return not(ready::NAMESPACE_RECREATED, message);
    }
    Said::new(Holds::True, ready::ACCEPTED, members(project.members.len()))
}

fn members(count: usize) -> String {
    match count {
        0 => "no namespace is a member yet".to_owned(),
        1 => "one namespace is a member".to_owned(),
        many => format!("{many} namespaces are members"),
    }
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", names[..names.len().min(NAMED_MAX)].join(", "))
}
