//! Paths inside volumes: relative, and never upwards.

use crate::kinds::checks::Errors;
use crate::kinds::path::Path;
use crate::status::FieldError;

/// A path below a place: not absolute, no part `..`.
pub(crate) fn descending(errors: &mut Errors, path: &Path, target: &str) {
    if target.starts_with('/') {
        errors.push(FieldError::invalid(path, target, "must be a relative path"));
    }
    no_backsteps(errors, path, target);
}

/// A path without a part `..`.
pub(crate) fn no_backsteps(errors: &mut Errors, path: &Path, target: &str) {
    if target.split('/').any(|part| part == "..") {
        errors.push(FieldError::invalid(path, target, "must not contain '..'"));
    }
}

/// A path for a file the kubelet writes: its own files there begin with two dots.
pub(crate) fn unreserved(errors: &mut Errors, path: &Path, target: &str) {
    descending(errors, path, target);
    if target.starts_with("..") && !target.starts_with("../") {
        errors.push(FieldError::invalid(path, target, "must not start with '..'"));
    }
}
