//! Where containers see volumes: each mount names a volume of the pod, and no two are at one place.

use super::volume::Volumes;
use crate::kinds::access::{flag, list, text};
use crate::kinds::checks::{Errors, one_of_or_none, required};
use crate::kinds::core::relative;
use crate::kinds::path::Path;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::collections::HashSet;

/// Errors of `volumeMounts`.
pub(super) fn mounts(errors: &mut Errors, path: &Path, container: &Value, volumes: &Volumes<'_>) {
    let devices = list(container, "volumeDevices");
    let mut places = HashSet::new();
    for (i, mount) in list(container, "volumeMounts").iter().enumerate() {
        let own = path.index(i);
        let (volume, place) = (text(mount, "name"), text(mount, "mountPath"));
        required(errors, &own.at("name"), volume);
        if !volumes.contains_key(volume) {
            errors.push(not_found(&own.at("name"), volume));
        }
        required(errors, &own.at("mountPath"), place);
        if !places.insert(place) {
            errors.push(FieldError::invalid(own.at("mountPath"), place, "must be unique"));
        }
        if devices.iter().any(|device| text(device, "name") == volume) {
            let detail = "must not already exist in volumeDevices";
            errors.push(FieldError::invalid(own.at("name"), volume, detail));
        }
        if devices.iter().any(|device| text(device, "devicePath") == place) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(FieldError::invalid(own.at("mountPath"), place, detail));
        }
        sub_path(errors, path, &own, mount);
        propagation(errors, path, mount, container);
        recursion(errors, &path.at("recursiveReadOnly"), mount);
    }
}

fn sub_path(errors: &mut Errors, path: &Path, own: &Path, mount: &Value) {
    let (plain, expression) = (text(mount, "subPath"), text(mount, "subPathExpr"));
    relative::descending(errors, &path.at("subPath"), plain);
    if !expression.is_empty() {
        if !plain.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(FieldError::invalid(own.at("subPathExpr"), expression, detail));
        }
        relative::descending(errors, &path.at("subPathExpr"), expression);
    }
}

fn propagation(errors: &mut Errors, path: &Path, mount: &Value, container: &Value) {
    let path = path.at("mountPropagation");
    let wanted = &mount["mountPropagation"];
    one_of_or_none(
        errors,
        &path,
        wanted,
        &["Bidirectional", "HostToContainer", "None"],
    );
    if wanted == "Bidirectional" && !flag(&container["securityContext"], "privileged") {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        errors.push(FieldError::forbidden(path, detail));
    }
}

fn recursion(errors: &mut Errors, path: &Path, mount: &Value) {
    let wanted = &mount["recursiveReadOnly"];
    one_of_or_none(errors, path, wanted, &["Disabled", "Enabled", "IfPossible"]);
    if wanted == "Enabled" || wanted == "IfPossible" {
        if !flag(mount, "readOnly") {
            errors.push(FieldError::forbidden(
                path,
                "may only be specified when readOnly is true",
            ));
        }
        if mount["mountPropagation"]
            .as_str()
            .is_some_and(|mode| mode != "None")
        {
            let detail = "may only be specified when mountPropagation is None or not specified";
            errors.push(FieldError::forbidden(path, detail));
        }
    }
}

/// Errors of `volumeDevices`: block devices come only from claims.
pub(super) fn devices(errors: &mut Errors, path: &Path, container: &Value, volumes: &Volumes<'_>) {
    let mounts = list(container, "volumeMounts");
    let (mut names, mut places) = (HashSet::new(), HashSet::new());
    for (i, device) in list(container, "volumeDevices").iter().enumerate() {
        let path = path.index(i);
        let (volume, place) = (text(device, "name"), text(device, "devicePath"));
        required(errors, &path.at("name"), volume);
        if !volume.is_empty() && !names.insert(volume) {
            errors.push(FieldError::invalid(path.at("name"), volume, "must be unique"));
        }
        match volumes.get(volume) {
            None => errors.push(not_found(&path.at("name"), volume)),
            Some(source)
                if !source["persistentVolumeClaim"].is_object() && !source["ephemeral"].is_object() =>
            {
                errors.push(FieldError::invalid(
                    path.at("name"),
                    volume,
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
                ));
            }
            Some(_) => {}
        }
        required(errors, &path.at("devicePath"), place);
        if !places.insert(place) {
            errors.push(FieldError::invalid(
                path.at("devicePath"),
                place,
                "must be unique",
            ));
        }
        if place.split('/').any(|part| part == "..") {
            let detail = "can not contain backsteps ('..')";
            errors.push(FieldError::invalid(path.at("devicePath"), place, detail));
        }
        if mounts.iter().any(|mount| text(mount, "name") == volume) {
            let detail = "must not already exist in volumeMounts";
            errors.push(FieldError::invalid(path.at("name"), volume, detail));
        }
        if mounts.iter().any(|mount| text(mount, "mountPath") == place) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.push(FieldError::invalid(path.at("devicePath"), place, detail));
        }
    }
}

fn not_found(path: &Path, volume: &str) -> FieldError {
    FieldError::new(FieldErrorKind::NotFound, path, Some(volume.into()), "")
}
