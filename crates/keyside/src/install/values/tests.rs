use super::text::{schema, yaml};
use super::*;
use std::path::{Path, PathBuf};

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/keyside")
}

/// Compares a committed file with what the types say; `UPDATE_CHART=1` writes it anew.
fn committed(name: &str, text: &str) {
    let path = chart().join(name);
    if std::env::var_os("UPDATE_CHART").is_some() {
        std::fs::write(&path, text).expect("the chart's folder is writable");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{name} differs: run `UPDATE_CHART=1 cargo test -p keyside` to write the chart's copy anew"
    );
}

/// Reads a values file over the chart's own values.
fn read(text: &str) -> Result<Values, Refused> {
    overlay([parse(text)?])
}

#[test]
fn committed_values_equal_the_types() {
    committed("values.yaml", &yaml());
}

#[test]
fn committed_schema_equals_the_types() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    committed("values.schema.json", &text);
}

#[test]
fn committed_policy_equals_the_one_that_the_server_writes() {
    let policy = keyside_core::plan::policy::policy("@NAMESPACE@");
    let text = serde_saphyr::to_string(&policy["spec"]).unwrap();
    committed("files/injection.yaml", &text);
}

#[test]
fn values_file_reads_back_as_the_defaults() {
    assert_eq!(read(&yaml()).unwrap(), Values::default());
    assert_eq!(read("").unwrap(), Values::default());
}

#[test]
fn every_value_has_a_comment_that_starts_with_its_name() {
    let text = yaml();
    for name in schema()["properties"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\n# {name} ")), "{name} has no comment");
    }
    for name in [
        "image.pullPolicy",
        "crds.keep",
        "networkPolicy.enabled",
        "prometheusRule.labels",
        "delivery.mode",
    ] {
        assert!(
            text.contains(&format!("\n  # {name} ")),
            "{name} has no comment in\n{text}"
        );
    }
}

#[track_caller]
fn refused(text: &str) -> String {
    let error = read(text).expect_err("these values are wrong");
    std::error::Error::source(&error).expect("a cause").to_string()
}

#[test]
fn unknown_names_are_refused_at_every_depth() {
    assert!(refused("replicas: 3").contains("unknown field `replicas`"));
    assert!(refused("image: {repo: x}").contains("unknown field `repo`"));
    assert!(refused("resources: {limit: {memory: 1Gi}}").contains("unknown field `limit`"));
    assert!(refused("tolerations: [{key: a, efect: NoSchedule}]").contains("unknown field `efect`"));
    assert!(refused("delivery: {mode: Everything}").contains("Everything"));
}

#[test]
fn a_parent_chart_may_hand_on_what_it_likes() {
    let values = read("global: {imagePullSecrets: [{name: a}], storageClass: fast}").unwrap();
    assert_eq!(values.global.image_pull_secrets[0].value()["name"], "a");
}

#[test]
fn maps_are_merged_lists_replaced_and_null_removes() {
    let values = read("resources: {limits: {memory: 1Gi, cpu: '1'}, requests: null}").unwrap();
    assert_eq!(
        *values.resources.value(),
        json!({"limits": {"memory": "1Gi", "cpu": "1"}})
    );
    assert_eq!(values.image, Image::default());
}
