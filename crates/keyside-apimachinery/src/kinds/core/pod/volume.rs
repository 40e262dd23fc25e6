//! What a pod's volumes must be like: one source each, with what that source needs.

use super::env;
use crate::kinds::access::{count, int, is_set, list, text};
use crate::kinds::checks::{Errors, one_of, one_of_or_none, required, sentences};
use crate::kinds::core::{relative, volume as claims};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::quantity::Quantity;
use crate::status::FieldError;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The pod's valid volumes by name.
pub(super) type Volumes<'a> = HashMap<&'a str, &'a Value>;

const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const HOST_PATH_TYPES: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];
const FILE_FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

/// Errors of a pod's volumes, and those that mounts may name. `pod` is the pod's name, or empty.
pub(super) fn volumes<'a>(errors: &mut Errors, path: &Path, spec: &'a Value, pod: &str) -> Volumes<'a> {
    let all = list(spec, "volumes");
    let made: HashSet<String> = all
        .iter()
        .filter(|volume| !pod.is_empty() && is_set(volume, "ephemeral"))
        .map(|volume| format!("{pod}-{}", text(volume, "name")))
        .collect();
    let mut valid = Volumes::new();
    for (i, volume) in all.iter().enumerate() {
        let path = path.index(i);
        let mut found = Errors::new();
        source(&mut found, &path, volume);
        let volume_name = text(volume, "name");
        if volume_name.is_empty() {
            found.push(FieldError::required(path.at("name"), ""));
        } else {
            sentences(
                &mut found,
                &path.at("name"),
                volume_name,
                name::label(volume_name, false),
            );
        }
        if valid.contains_key(volume_name) {
            found.push(FieldError::duplicate(path.at("name"), volume_name));
        }
        if found.is_empty() {
            valid.insert(volume_name, volume);
        }
        errors.append(&mut found);
        let claim = text(&volume["persistentVolumeClaim"], "claimName");
        if made.contains(claim) {
            errors.push(FieldError::invalid(
                path.at("persistentVolumeClaim.claimName"),
                claim,
                "must not reference a PVC that gets created for an ephemeral volume",
            ));
        }
    }
    valid
}

fn source(errors: &mut Errors, path: &Path, volume: &Value) {
    let fields = volume.as_object().into_iter().flatten();
    let mut sources = fields.filter(|(field, source)| *field != "name" && !source.is_null());
    let Some((kind, first)) = sources.next() else {
        errors.push(FieldError::required(path, "must specify a volume type"));
        return;
    };
    one(errors, &path.at(kind), kind, first);
    for (more, _) in sources {
        errors.push(FieldError::forbidden(
            path.at(more),
            "may not specify more than 1 volume type",
        ));
    }
}

fn one(errors: &mut Errors, path: &Path, kind: &str, source: &Value) {
    match kind {
        "emptyDir" => not_below_nothing(errors, &path.at("sizeLimit"), &source["sizeLimit"]),
        "hostPath" => {
            required(errors, &path.at("path"), text(source, "path"));
            relative::no_backsteps(errors, &path.at("path"), text(source, "path"));
            one_of_or_none(errors, &path.at("type"), &source["type"], &HOST_PATH_TYPES);
        }
        "secret" => {
            required(errors, &path.at("secretName"), text(source, "secretName"));
            mode(errors, &path.at("defaultMode"), &source["defaultMode"]);
            key_files(errors, &path.at("items"), source);
        }
        "configMap" => {
            required(errors, &path.at("name"), text(source, "name"));
            mode(errors, &path.at("defaultMode"), &source["defaultMode"]);
            key_files(errors, &path.at("items"), source);
        }
        "downwardAPI" => {
            mode(errors, &path.at("defaultMode"), &source["defaultMode"]);
            env::files(source).for_each(|file| field_file(errors, path, file));
        }
        "projected" => {
            mode(errors, &path.at("defaultMode"), &source["defaultMode"]);
            projected(errors, path, source);
        }
        "persistentVolumeClaim" => required(errors, &path.at("claimName"), text(source, "claimName")),
        "nfs" => {
            required(errors, &path.at("server"), text(source, "server"));
            required(errors, &path.at("path"), text(source, "path"));
            if !text(source, "path").starts_with('/') {
                let detail = "must be an absolute path";
                errors.push(FieldError::invalid(path.at("path"), text(source, "path"), detail));
            }
        }
        "image" => {
            required(errors, &path.at("reference"), text(source, "reference"));
            let policy = text(source, "pullPolicy");
            one_of(
                errors,
                &path.at("pullPolicy"),
                policy,
                &["Always", "IfNotPresent", "Never"],
            );
        }
        "csi" => required(errors, &path.at("driver"), text(source, "driver")),
        "ephemeral" => {
            let path = path.at("volumeClaimTemplate");
            if is_set(source, "volumeClaimTemplate") {
                claims::claim::spec(errors, &path.at("spec"), &source["volumeClaimTemplate"]["spec"]);
            } else {
                errors.push(FieldError::required(path, ""));
            }
        }
        "gitRepo" => required(errors, &path.at("repository"), text(source, "repository")),
        _ => {}
    }
}

fn not_below_nothing(errors: &mut Errors, path: &Path, limit: &Value) {
    if Quantity::read(limit).is_some_and(|limit| limit.is_negative()) {
        errors.push(FieldError::forbidden(
            path,
            "SizeLimit field must be a valid resource quantity",
        ));
    }
}

fn mode(errors: &mut Errors, path: &Path, mode: &Value) {
    if let Some(number) = mode.as_i64()
        && !(0..=0o777).contains(&number)
    {
        errors.push(FieldError::invalid(path, number, FILE_MODE));
    }
}

fn key_files(errors: &mut Errors, path: &Path, source: &Value) {
    for (i, item) in list(source, "items").iter().enumerate() {
        let path = path.index(i);
        required(errors, &path.at("key"), text(item, "key"));
        required(errors, &path.at("path"), text(item, "path"));
        relative::unreserved(errors, &path.at("path"), text(item, "path"));
        mode(errors, &path.at("mode"), &item["mode"]);
    }
}

/// A file with a field of the pod. Kubernetes reports these without their position.
fn field_file(errors: &mut Errors, path: &Path, file: &Value) {
    required(errors, &path.at("path"), text(file, "path"));
    relative::unreserved(errors, &path.at("path"), text(file, "path"));
    match (is_set(file, "fieldRef"), is_set(file, "resourceFieldRef")) {
        (true, both) => {
            env::field(errors, &path.at("fieldRef"), &file["fieldRef"], &FILE_FIELDS);
            if both {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(FieldError::invalid(path, "resource", detail));
            }
        }
        (false, true) => {
            env::resource(
                errors,
                &path.at("resourceFieldRef"),
                &file["resourceFieldRef"],
                true,
            );
        }
        (false, false) => {
            errors.push(FieldError::required(
                path,
                "one of fieldRef and resourceFieldRef is required",
            ));
        }
    }
    mode(errors, &path.at("mode"), &file["mode"]);
}

fn projected(errors: &mut Errors, path: &Path, source: &Value) {
    let mut taken = HashSet::new();
    for (i, source) in list(source, "sources").iter().enumerate() {
        let own = path.at("sources").index(i);
        let fields = source.as_object().into_iter().flatten();
        let given: Vec<&str> = fields
            .filter(|(_, value)| !value.is_null())
            .map(|(f, _)| f.as_str())
            .collect();
        for kind in &given {
            if *kind == "serviceAccountToken" {
                token(errors, path, &own.at(kind), &source[*kind]);
            }
            projection(errors, &own.at(kind), kind, &source[*kind]);
            for (target, shown) in targets(kind, &source[*kind]) {
                if !target.is_empty() && !taken.insert(target) {
                    errors.push(FieldError::invalid(path, shown, "conflicting duplicate paths"));
                }
            }
        }
        if given.len() > 1 {
            let detail = "may not specify more than 1 volume type per source";
            errors.push(FieldError::forbidden(own, detail));
        }
    }
}

/// Paths a projection writes, each with what is shown if it is taken.
fn targets<'a>(kind: &str, source: &'a Value) -> Vec<(&'a str, &'a str)> {
    let own = text(source, "path");
    match kind {
        "secret" | "configMap" => env::files(source)
            .map(|item| (text(item, "path"), text(source, "name")))
            .collect(),
        "downwardAPI" => env::files(source)
            .map(|item| (text(item, "path"), text(item, "path")))
            .collect(),
        "clusterTrustBundle" => vec![(own, own)],
        _ => Vec::new(),
    }
}

fn projection(errors: &mut Errors, path: &Path, kind: &str, source: &Value) {
    match kind {
        "secret" | "configMap" => {
            required(errors, &path.at("name"), text(source, "name"));
            key_files(errors, &path.at("items"), source);
        }
        "downwardAPI" => env::files(source).for_each(|file| field_file(errors, path, file)),
        "clusterTrustBundle" => {
            if is_set(source, "name") == is_set(source, "signerName") {
                errors.push(FieldError::required(
                    path,
                    "exactly one of name and signerName must be specified",
                ));
            }
            required(errors, &path.at("path"), text(source, "path"));
            relative::unreserved(errors, &path.at("path"), text(source, "path"));
        }
        _ => {}
    }
}

/// A token for some time. Kubernetes reports its path as one of the whole volume.
fn token(errors: &mut Errors, volume: &Path, path: &Path, source: &Value) {
    let seconds = count(source, "expirationSeconds");
    let path = path.at("expirationSeconds");
    if int(source, "expirationSeconds").is_none() {
        errors.push(FieldError::required(path, ""));
    } else if seconds < 600 {
        let detail = "may not specify a duration less than 10 minutes";
        errors.push(FieldError::invalid(path, seconds, detail));
    } else if seconds > 1 << 32 {
        let detail = "may not specify a duration larger than 2^32 seconds";
        errors.push(FieldError::invalid(path, seconds, detail));
    }
    match text(source, "path") {
        "" => errors.push(FieldError::required(volume.at("path"), "")),
        file => relative::unreserved(errors, &volume.at("path"), file),
    }
}
