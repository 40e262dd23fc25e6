//! Cron jobs.

use super::{job, schedule};
use crate::kinds::access::{fill, fill_text, flag, inside, is_set, list, text};
use crate::kinds::apps::workload::{name_warning, numbers};
use crate::kinds::checks::{Errors, one_of};
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::path::Path;
use crate::kinds::print::{age, containers, since};
use crate::kinds::selector::shown;
use crate::status::FieldError;
use serde_json::Value;

pub(super) const CRON_JOB: Kind = Kind {
    default,
    validate_create: |cron, _| {
        let mut errors = validate(cron, None);
        let name = text(&cron["metadata"], "name");
        // The jobs it makes have its name and a time, and no more than 63 characters.
        if name.len() > 52 {
            errors.push(FieldError::invalid(
                "metadata.name",
                name,
                "must be no more than 52 characters",
            ));
        }
        errors
    },
    validate_update: |new, old, context| {
        if context.subresource == "status" {
            Errors::new()
        } else {
            validate(new, Some(old))
        }
    },
    warnings,
    columns: &[
        NAME,
        ("Schedule", "string", "", 0, "When jobs are made."),
        ("Timezone", "string", "", 0, "Where that time is meant."),
        ("Suspend", "boolean", "", 0, "Whether it pauses."),
        ("Active", "integer", "", 0, "Jobs that run now."),
        ("Last Schedule", "string", "", 0, "Time since a job was made."),
        AGE,
        ("Containers", "string", "", 1, "Names of the containers."),
        ("Images", "string", "", 1, "Images of the containers."),
        ("Selector", "string", "", 1, "Labels of the jobs' pods."),
    ],
    cells,
    ..Kind::WITH_STATUS
};

fn warnings(cron: &Value, old: Option<&Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    if old.is_none() {
        warnings.extend(name_warning(cron));
    } else if text(&cron["spec"], "schedule").contains("TZ") {
        warnings.push(
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
             https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                .to_owned(),
        );
    }
    let path = Path::new("spec.jobTemplate.spec");
    let old = old.map(|old| &old["spec"]["jobTemplate"]["spec"]);
    warnings.extend(job::warnings_of_spec(
        &cron["spec"]["jobTemplate"]["spec"],
        old,
        &path,
    ));
    warnings
}

fn default(cron: &mut Value) {
    let Some(spec) = inside(cron, "spec") else { return };
    fill_text(spec, "concurrencyPolicy", "Allow");
    fill(spec, "suspend", || false.into());
    fill(spec, "successfulJobsHistoryLimit", || 3.into());
    fill(spec, "failedJobsHistoryLimit", || 1.into());
    if let Some(template) = inside(spec, "jobTemplate").and_then(|template| inside(template, "spec")) {
        job::default_spec(template);
    }
}

fn validate(cron: &Value, old: Option<&Value>) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&cron["spec"], Path::new("spec"));
    let wanted = text(spec, "schedule");
    let own = path.at("schedule");
    if wanted.is_empty() {
        errors.push(FieldError::required(&own, ""));
    } else {
        if let Err(problem) = schedule::check(wanted) {
            errors.push(FieldError::invalid(&own, wanted, problem));
        }
        let zoned_before = old.is_some_and(|old| text(&old["spec"], "schedule").contains("TZ"));
        if wanted.contains("TZ") && zoned_before && is_set(spec, "timeZone") {
            let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
            errors.push(FieldError::invalid(&own, wanted, detail));
        } else if wanted.contains("TZ") && !zoned_before {
            let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            errors.push(FieldError::invalid(&own, wanted, detail));
        }
    }
    if let Some(zone) = spec["timeZone"].as_str()
        && old.is_none_or(|old| old["spec"]["timeZone"] != zone)
    {
        time_zone(&mut errors, &path.at("timeZone"), zone);
    }
    let fields = [
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit",
    ];
    numbers(&mut errors, &path, spec, &fields);
    let policy = text(spec, "concurrencyPolicy");
    one_of(
        &mut errors,
        &path.at("concurrencyPolicy"),
        policy,
        &["Allow", "Forbid", "Replace"],
    );
    let (path, template) = (path.at("jobTemplate"), &spec["jobTemplate"]);
    let path = path.at("spec");
    job::validate::spec(&mut errors, &path, &template["spec"], false);
    if flag(&template["spec"], "manualSelector") {
        let allowed: [&str; 2] = ["nil", "false"];
        errors.push(FieldError::not_supported(
            path.at("manualSelector"),
            true,
            &allowed,
        ));
    }
    if is_set(&template["spec"], "selector") {
        let value = template["spec"]["selector"].clone();
        errors.push(FieldError::invalid(
            path.at("selector"),
            value,
            "`selector` will be auto-generated",
        ));
    }
    errors
}

/// A name as the time zone database has them, such as `Europe/Berlin`. Whether there is such a zone is not looked up:
/// nothing here reads files.
fn time_zone(errors: &mut Errors, path: &Path, zone: &str) {
    if zone.is_empty() {
        errors.push(FieldError::invalid(
            path,
            zone,
            "timeZone must be nil or non-empty string",
        ));
        return;
    }
    let fits = |part: &str| {
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
        (1..=14).contains(&part.len())
            && !matches!(part, "." | "..")
            && !part.starts_with('-')
            && part.bytes().all(word)
    };
    if !zone.split('/').all(fits) {
        errors.push(FieldError::invalid(
            path,
            zone,
            format!("unknown time zone {zone}"),
        ));
    } else if zone.eq_ignore_ascii_case("local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.push(FieldError::invalid(path, zone, detail));
    }
}

fn cells(cron: &Value, now: &str) -> Vec<Value> {
    let (spec, status) = (&cron["spec"], &cron["status"]);
    let suspend = match spec["suspend"].as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = match &status["lastScheduleTime"] {
        Value::Null => "<none>".into(),
        time => since(time, now),
    };
    let job = &spec["jobTemplate"]["spec"];
    let [names, images] = containers(&job["template"]);
    vec![
        cron["metadata"]["name"].clone(),
        spec["schedule"].clone(),
        spec["timeZone"].as_str().unwrap_or("<none>").into(),
        suspend.into(),
        list(status, "active").len().into(),
        last.into(),
        age(cron, now).into(),
        names,
        images,
        shown(&job["selector"]).into(),
    ]
}
