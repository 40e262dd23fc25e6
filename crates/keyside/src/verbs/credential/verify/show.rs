//! What was found out, for people and for programs.

use super::{Finding, overall};
use crate::cli::Format;
use crate::failure::Failure;
use crate::label::Label;
use crate::output::{Mark, Output, foreign};
use crate::print;
use crate::verbs::credential::place::{Place, Stored};
use keyside_api::condition::verified;
use keyside_core::verify::sentence;
use keyside_oci::verify::{Name, Outcome, Taken};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn all(
    stored: &Stored,
    place: &Place,
    findings: &[Finding],
    format: Option<Format>,
    output: &Output,
) -> Result<(), Failure> {
    match format {
        Some(Format::Json | Format::Yaml) => print::document(&machine(stored, findings), format, output)?,
        Some(Format::Name) => output.line(stored.title()),
        Some(Format::Table | Format::Wide) | None => {
            for finding in findings {
                one(finding, output);
            }
        }
    }
    if let Some(fix) = findings.iter().find_map(|finding| fix(stored, place, finding)) {
        output.hint(&fix);
    }
    Ok(())
}

/// What the registries that refused said themselves.
pub(super) fn words(findings: &[Finding], output: &Output) {
    for finding in findings {
        let said = finding.report.as_ref().and_then(|report| report.words.as_ref());
        if let Some(said) = said {
            let (host, own) = (&finding.host, output.say(Label::RawWords));
            output.note(format!("{host} {own} {}", foreign(said)));
        }
    }
}

/// The verdict of all together in one line.
pub(super) fn verdict(findings: &[Finding], output: &Output) -> String {
    let (status, reason) = overall(findings);
    let text = sentence_of(findings, &reason);
    match &*status {
        "True" => format!("{} verified: {text}  {reason}", output.mark_error(Mark::Ok)),
        _ => format!(
            "{} stored, but not verified: {text}  {reason}",
            output.mark_error(if status == "False" { Mark::Fail } else { Mark::Warn })
        ),
    }
}

/// The sentence of the registry that decides.
pub(super) fn sentence_of(findings: &[Finding], reason: &str) -> String {
    let same = |finding: &&Finding| finding.state.reason.as_deref() == Some(reason);
    let worst = findings.iter().find(same).or(findings.first());
    worst.map_or_else(String::new, |finding| sentence(&finding.state))
}

fn one(finding: &Finding, output: &Output) {
    let reason = finding.state.reason.as_deref().unwrap_or_default();
    output.line(format!(
        "{} {}   {}   {reason}",
        output.mark(mark(reason)),
        output.bold(&finding.state.registry),
        sentence(&finding.state)
    ));
    let steps = finding.report.iter().flat_map(|report| &report.steps);
    for step in steps {
        let sign = match step.outcome {
            Outcome::Passed => output.mark(Mark::Ok),
            Outcome::Failed => output.mark(mark(reason)),
            Outcome::Skipped => "-".to_owned(),
        };
        let took = match (step.outcome, step.time) {
            (Outcome::Skipped, _) => "not asked".to_owned(),
            (_, None) => nothing(step.name).to_owned(),
            (_, Some(time)) => format!("{:.1} ms", millis(time)),
        };
        let cause = if step.outcome == Outcome::Failed {
            reason
        } else {
            ""
        };
        output.line(format!("  {sign} {:<24} {took:<10} {cause}", step.name.title()).trim_end());
    }
}

fn mark(reason: &str) -> Mark {
    match verified::status_of(reason) {
        "True" => Mark::Ok,
        "False" => Mark::Fail,
        _ => Mark::Warn,
    }
}

/// Why a step took no time.
fn nothing(name: Name) -> &'static str {
    match name {
        Name::Resolve => "no lookup",
        _ => "reused",
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn machine(stored: &Stored, findings: &[Finding]) -> Value {
    let (status, reason) = overall(findings);
    let registries: Vec<Value> = findings.iter().map(registry).collect();
    json!({"credential": stored.title(), "verified": status, "reason": reason, "registries": registries})
}

fn registry(finding: &Finding) -> Value {
    let state = &finding.state;
    let steps = finding.report.iter().flat_map(|report| &report.steps);
    let steps: Vec<Value> = steps
        .map(|step| self::step(step, state.reason.as_deref()))
        .collect();
    json!({
        "registry": state.registry,
        "host": finding.host,
        "repository": state.repository,
        "verified": state.verified,
        "reason": state.reason,
        "message": sentence(state),
        "tokenService": token_service(finding),
        "steps": steps,
    })
}

fn step(step: &Taken, reason: Option<&str>) -> Value {
    let mut value = json!({"name": step.name.as_str(), "result": step.outcome.as_str()});
    if let Some(time) = step.time {
        value["durationMs"] = json!((millis(time) * 1000.0).round() / 1000.0);
    }
    if step.outcome == Outcome::Failed {
        value["reason"] = json!(reason);
    }
    value
}

/// The token service that the registry names and nobody has confirmed.
fn token_service(finding: &Finding) -> Option<String> {
    let report = finding.report.as_ref()?;
    report.verdict.unconfirmed.as_ref().map(ToString::to_string)
}

/// A command to paste.
fn fix(stored: &Stored, place: &Place, finding: &Finding) -> Option<String> {
    let name = stored.name();
    match finding.state.reason.as_deref()? {
        "BadCredentials" | "Expired" => Some(format!(
            "keyside credential set-password {name} {} --password-stdin",
            place.flags()
        )),
        verified::TOKEN_SERVICE_UNCONFIRMED => {
            let service = token_service(finding)?;
            let target = match stored {
                Stored::Namespaced(_) => format!("registrycredential {name} -n {}", place.home()),
                Stored::Cluster(_) => format!("clusterregistrycredential {name}"),
            };
            let patch = json!({"spec": {"tokenService": service}});
            Some(format!(
                "{} names the token service {service}; if that is right: kubectl patch {target} --type=merge -p '{patch}' and enter the password again",
                finding.host
            ))
        }
        _ => None,
    }
}
