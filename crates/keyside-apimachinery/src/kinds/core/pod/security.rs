//! Security contexts of pods and containers: numbers in range, and no two wishes that contradict each other.

use crate::kinds::access::{flag, is_set, list, text};
use crate::kinds::checks::{Errors, one_of_or_none, required, sentences};
use crate::kinds::core::relative;
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::status::FieldError;
use serde_json::Value;
use std::collections::HashSet;

const PROFILE_TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

/// Errors of the pod's security context.
pub(super) fn pod(errors: &mut Errors, path: &Path, spec: &Value) {
    let context = &spec["securityContext"];
    if !context.is_object() {
        return;
    }
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        number(errors, &path.at(field), &context[field]);
    }
    for (i, group) in list(context, "supplementalGroups").iter().enumerate() {
        number(errors, &path.at("supplementalGroups").index(i), group);
    }
    sysctls(errors, &path.at("sysctls"), spec);
    one_of_or_none(
        errors,
        &path.at("fsGroupChangePolicy"),
        &context["fsGroupChangePolicy"],
        &["Always", "OnRootMismatch"],
    );
    one_of_or_none(
        errors,
        &path.at("supplementalGroupsPolicy"),
        &context["supplementalGroupsPolicy"],
        &["Merge", "Strict"],
    );
    one_of_or_none(
        errors,
        &path.at("seLinuxChangePolicy"),
        &context["seLinuxChangePolicy"],
        &["MountOption", "Recursive"],
    );
    profiles(errors, path, context);
}

/// Errors of a container's security context.
pub(super) fn container(errors: &mut Errors, path: &Path, context: &Value, host_users: bool) {
    if !context.is_object() {
        return;
    }
    for field in ["runAsUser", "runAsGroup"] {
        number(errors, &path.at(field), &context[field]);
    }
    if let Some(mount) = context["procMount"].as_str() {
        let path = path.at("procMount");
        let allowed = ["Default", "Unmasked"];
        if !allowed.contains(&mount) {
            errors.push(FieldError::not_supported(&path, mount, &allowed));
        }
        if host_users && mount == "Unmasked" {
            let detail = "`hostUsers` must be false to use `Unmasked`";
            errors.push(FieldError::invalid(path, mount, detail));
        }
    }
    if context["allowPrivilegeEscalation"] == Value::Bool(false) {
        if flag(context, "privileged") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.push(FieldError::invalid(path, context.clone(), detail));
        }
        if list(&context["capabilities"], "add")
            .iter()
            .any(|name| name == "CAP_SYS_ADMIN")
        {
            let detail =
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.push(FieldError::invalid(path, context.clone(), detail));
        }
    }
    profiles(errors, path, context);
}

/// What the pod's operating system allows.
pub(super) fn system(errors: &mut Errors, path: &Path, spec: &Value) {
    let os = &spec["os"];
    if !os.is_object() {
        return;
    }
    match text(os, "name") {
        "" => required(errors, &path.at("os.name"), ""),
        "linux" => {
            if is_set(&spec["securityContext"], "windowsOptions") {
                let path = path.at("securityContext.windowsOptions");
                errors.push(FieldError::forbidden(
                    path,
                    "windows options cannot be set for a linux pod",
                ));
            }
        }
        "windows" => {
            for field in ["hostPID", "hostIPC", "shareProcessNamespace"] {
                if flag(spec, field) {
                    let detail = "cannot be set for a windows pod";
                    errors.push(FieldError::forbidden(path.at(field), detail));
                }
            }
        }
        other => errors.push(FieldError::not_supported(
            path.at("os"),
            other,
            &["linux", "windows"],
        )),
    }
}

fn number(errors: &mut Errors, path: &Path, value: &Value) {
    if let Some(number) = value.as_i64() {
        sentences(errors, path, number, name::user_number(number));
    }
}

fn sysctls(errors: &mut Errors, path: &Path, spec: &Value) {
    let mut seen = HashSet::new();
    for (i, sysctl) in list(&spec["securityContext"], "sysctls").iter().enumerate() {
        let (path, sysctl) = (path.index(i).at("name"), text(sysctl, "name"));
        if sysctl.is_empty() {
            errors.push(FieldError::required(&path, ""));
        } else if !is_sysctl(sysctl) {
            let segment = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
            errors.push(FieldError::invalid(
                &path,
                sysctl,
                format!("must have at most 253 characters and match regex ^({segment}[\\./])*{segment}$"),
            ));
        } else if seen.contains(sysctl) {
            errors.push(FieldError::duplicate(&path, sysctl));
        }
        let dotted = sysctl.replace('/', ".");
        let shared = ["kernel.shm", "kernel.msg", "fs.mqueue."];
        if flag(spec, "hostNetwork") && dotted.starts_with("net.") {
            let detail = "may not be specified when 'hostNetwork' is true";
            errors.push(FieldError::invalid(&path, sysctl, detail));
        } else if flag(spec, "hostIPC")
            && (dotted == "kernel.sem" || shared.iter().any(|start| dotted.starts_with(start)))
        {
            let detail = "may not be specified when 'hostIPC' is true";
            errors.push(FieldError::invalid(&path, sysctl, detail));
        }
        seen.insert(sysctl);
    }
}

fn is_sysctl(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let segment = |part: &str| {
        let bytes = part.as_bytes();
        let ends = bytes
            .first()
            .zip(bytes.last())
            .is_some_and(|(&a, &z)| inner(a) && inner(z));
        ends && bytes.iter().all(|&b| inner(b) || matches!(b, b'-' | b'_'))
    };
    text.len() <= 253 && text.split(['.', '/']).all(segment)
}

/// The seccomp and `AppArmor` profiles: a file is named exactly when the type says `Localhost`.
fn profiles(errors: &mut Errors, path: &Path, context: &Value) {
    for (field, what) in [("seccompProfile", "seccomp"), ("appArmorProfile", "AppArmor")] {
        let profile = &context[field];
        if !profile.is_object() {
            continue;
        }
        let path = path.at(field);
        let kind = text(profile, "type");
        if kind.is_empty() {
            let detail = format!("type is required when {field} is set");
            errors.push(FieldError::required(path.at("type"), detail));
        } else if !PROFILE_TYPES.contains(&kind) {
            errors.push(FieldError::not_supported(path.at("type"), kind, &PROFILE_TYPES));
        }
        let path = path.at("localhostProfile");
        match (kind, profile["localhostProfile"].as_str()) {
            ("Localhost", None) => {
                let detail = format!("must be set when {what} type is Localhost");
                errors.push(FieldError::required(path, detail));
            }
            ("Localhost", Some(file)) if field == "seccompProfile" => {
                relative::descending(errors, &path, file);
            }
            ("Localhost", Some(file)) if file.trim() != file => {
                errors.push(FieldError::invalid(
                    path,
                    file,
                    "must not be padded with whitespace",
                ));
            }
            ("Localhost", Some("")) => {
                let detail = format!("must be set when {what} type is Localhost");
                errors.push(FieldError::required(path, detail));
            }
            ("Localhost", Some(_)) | (_, None) => {}
            (_, Some(file)) => {
                let detail = format!("can only be set when {what} type is Localhost");
                errors.push(FieldError::invalid(path, file, detail));
            }
        }
    }
}
