use super::*;
use crate::schema;
use std::path::Path;
use std::sync::Arc;

const NOW: &str = "2024-01-01T00:00:00Z";

fn table(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    serde_json::from_slice(&std::fs::read(&path).expect("the table is there")).expect("the table is JSON")
}

/// The shape of a row's kind. The rows were answered for objects without Go types, where nothing exists from the start.
fn shape_of(row: &Value) -> Arc<Schema> {
    let text = |field: &str| row[field].as_str().expect("text");
    if text("kind") == "Widget" {
        return schema::from_crd(&table("widget.json"));
    }
    let known = schema::builtin(text("group"), text("version"), text("kind")).expect("a built-in kind");
    Arc::new(Schema {
        source: Source::Inline,
        ..Schema::clone(&known)
    })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k, without_nulls(v)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Carries out one step on what is stored, as the API server would.
fn step(schema: &Schema, row: &Value, step: &Value, live: Option<&Value>) -> Result<Value, String> {
    let text = |field: &str| step[field].as_str().unwrap_or_default();
    let api_version = match row["group"].as_str().unwrap_or_default() {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    };
    let ignored: &[&str] = if text("subresource") == "status" {
        &["spec"]
    } else {
        &["status"]
    };
    let writer = Writer {
        manager: text("manager"),
        subresource: text("subresource"),
        api_version: &api_version,
        now: NOW,
        ignored,
    };
    let mut object = if text("op") == "Apply" {
        apply(schema, live, &step["object"], &writer, step["force"] == true).map_err(|e| e.to_string())?
    } else {
        let mut object = step["object"].clone();
        track(schema, live, &mut object, &writer);
        object
    };
    if live.is_none() {
        meta::set(&mut object, "uid", "uid");
    }
    Ok(without_nulls(object))
}

/// Histories made at random and answered by `k8s.io/apimachinery` v0.37.2 (`managedfields`).
#[test]
fn random_histories_go_as_upstream_lets_them_go() {
    for (i, row) in table("apply.json").as_array().expect("rows").iter().enumerate() {
        let schema = shape_of(row);
        let mut live: Option<Value> = None;
        for (j, s) in row["steps"].as_array().expect("steps").iter().enumerate() {
            let done = step(&schema, row, s, live.as_ref());
            match (done, s.get("result")) {
                (Ok(object), Some(expected)) => {
                    let before = live.unwrap_or_default();
                    let owners = |object: &Value| object["metadata"]["managedFields"].clone();
                    assert_eq!(
                        owners(&object),
                        owners(expected),
                        "row {i} step {j}: {s}\nbefore: {before}"
                    );
                    assert_eq!(&object, expected, "row {i} step {j}: {s}\nbefore: {before}");
                    live = Some(object);
                }
                (Err(error), None) => assert_eq!(
                    error,
                    s["error"].as_str().expect("an error"),
                    "row {i} step {j}: {s}"
                ),
                (done, _) => panic!("row {i} step {j}: {done:?}\n{s}\nbefore: {live:?}"),
            }
        }
    }
}

fn writer(manager: &'static str) -> Writer<'static> {
    Writer {
        manager,
        subresource: "",
        api_version: "apps/v1",
        now: NOW,
        ignored: &["status"],
    }
}

fn deployments() -> Arc<Schema> {
    schema::builtin("apps", "v1", "Deployment").expect("a built-in kind")
}

/// A Deployment with a spec.
fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": spec})
}

fn applied(
    live: Option<&Value>,
    spec: Value,
    manager: &'static str,
    force: bool,
) -> Result<Value, ApplyError> {
    apply(&deployments(), live, &deployment(spec), &writer(manager), force)
}

/// The fields of each owner, as `manager operation: path path`.
fn owners(object: &Value) -> Vec<String> {
    let owners = Owners::read(&object["metadata"]["managedFields"]).unwrap();
    let line = |owner: &managers::Owner| {
        format!(
            "{} {:?}: {}",
            owner.id.manager,
            owner.id.operation,
            owner.set.paths().join(" ")
        )
    };
    owners.iter().map(line).collect()
}

#[test]
fn a_creator_owns_what_it_wrote_and_not_its_containers() {
    let mut object =
        deployment(json!({"replicas": 1, "template": {"spec": {"containers": [{"name": "c"}]}}}));
    object["metadata"]["labels"] = json!({"a": "b"});
    track(&deployments(), None, &mut object, &writer("kubectl-create"));
    let expected = "kubectl-create Update: .metadata.labels .metadata.labels.a .spec.replicas \
                    .spec.template.spec.containers[name=\"c\"] \
                    .spec.template.spec.containers[name=\"c\"].name";
    assert_eq!(owners(&object), [expected]);
}

#[test]
fn applying_again_what_is_stored_changes_nothing() {
    let spec = json!({"replicas": 1, "template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}});
    let once = applied(None, spec.clone(), "me", false).unwrap();
    let later = Writer {
        now: "2025-01-01T00:00:00Z",
        ..writer("me")
    };
    let twice = apply(&deployments(), Some(&once), &deployment(spec), &later, false).unwrap();
    assert_eq!(once, twice);
}

#[test]
fn fields_no_longer_applied_go_unless_somebody_else_owns_them() {
    let first = applied(None, json!({"replicas": 1, "paused": true}), "me", false).unwrap();
    let shared = applied(Some(&first), json!({"paused": true}), "you", false).unwrap();
    let less = applied(Some(&shared), json!({}), "me", false).unwrap();
    assert_eq!(less["spec"], json!({"paused": true}));
    assert_eq!(owners(&less), ["you Apply: .spec.paused", "me Apply: .spec"]);
}

#[test]
fn conflicts_name_owner_and_field() {
    let mut object = deployment(json!({"replicas": 1, "paused": true}));
    track(&deployments(), None, &mut object, &writer("kubectl-scale"));
    let both = applied(
        Some(&object),
        json!({"replicas": 2, "paused": false}),
        "me",
        false,
    )
    .unwrap_err();
    assert_eq!(
        both.to_string(),
        "Apply failed with 2 conflicts: conflicts with \"kubectl-scale\" using apps/v1:\n- .spec.paused\n- \
         .spec.replicas"
    );
    let one = applied(Some(&object), json!({"replicas": 2}), "me", false).unwrap_err();
    let sentence =
        "Apply failed with 1 conflict: conflict with \"kubectl-scale\" using apps/v1: .spec.replicas";
    assert_eq!(one.to_string(), sentence);
    let cause = json!({"causes": [{"reason": "FieldManagerConflict", "field": ".spec.replicas",
        "message": "conflict with \"kubectl-scale\" using apps/v1"}]});
    assert_eq!((one.status().code, one.status().details), (409, cause));
}

#[test]
fn force_takes_the_field_over() {
    let mut object = deployment(json!({"replicas": 1}));
    track(&deployments(), None, &mut object, &writer("kubectl-scale"));
    let forced = applied(Some(&object), json!({"replicas": 2}), "me", true).unwrap();
    assert_eq!(owners(&forced), ["me Apply: .spec.replicas"]);
}

#[test]
fn agreeing_managers_share_a_field() {
    let first = applied(None, json!({"replicas": 1}), "me", false).unwrap();
    let shared = applied(Some(&first), json!({"replicas": 1}), "you", false).unwrap();
    assert_eq!(
        owners(&shared),
        ["you Apply: .spec.replicas", "me Apply: .spec.replicas"]
    );
}

#[test]
fn endpoints_own_only_what_they_write() {
    let mut object = deployment(json!({"replicas": 1}));
    object["status"] = json!({"replicas": 1});
    track(&deployments(), None, &mut object, &writer("me"));
    assert_eq!(owners(&object), ["me Update: .spec.replicas"]);
    let mut reported = object.clone();
    reported["status"]["replicas"] = 2.into();
    let status = Writer {
        subresource: "status",
        ignored: &["spec"],
        ..writer("controller")
    };
    track(&deployments(), Some(&object), &mut reported, &status);
    assert_eq!(
        owners(&reported),
        ["controller Update: .status.replicas", "me Update: .spec.replicas"]
    );
    assert_eq!(reported["metadata"]["managedFields"][0]["subresource"], "status");
}

#[test]
fn an_empty_list_of_owners_forgets_them() {
    let object = applied(None, json!({"replicas": 1}), "me", false).unwrap();
    for reset in [json!([]), json!([{}])] {
        let mut new = object.clone();
        new["metadata"]["managedFields"] = reset;
        track(&deployments(), Some(&object), &mut new, &writer("you"));
        assert_eq!(new["metadata"].get("managedFields"), None);
    }
    let mut new = object.clone();
    meta::remove(&mut new, "managedFields");
    track(&deployments(), Some(&object), &mut new, &writer("you"));
    assert_eq!(
        owners(&new),
        owners(&object),
        "a client that knows nothing of owners keeps them"
    );
}

#[test]
fn what_was_there_before_the_first_apply_has_an_owner_of_its_own() {
    let live = deployment(json!({"replicas": 1}));
    let object = applied(Some(&live), json!({"paused": true}), "me", false).unwrap();
    assert_eq!(
        owners(&object),
        [
            "me Apply: .spec.paused",
            "before-first-apply Update: .spec.replicas"
        ]
    );
}

#[test]
fn kubectl_takes_over_what_it_applied_on_the_client_side() {
    let config = deployment(json!({"replicas": 1}));
    let mut live = config.clone();
    live["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": config.to_string()});
    track(
        &deployments(),
        None,
        &mut live,
        &writer("kubectl-client-side-apply"),
    );
    assert!(applied(Some(&live), json!({"replicas": 2}), "me", false).is_err());
    let object = applied(Some(&live), json!({"replicas": 2}), "kubectl", false).unwrap();
    let annotation =
        object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].as_str();
    assert_eq!(
        annotation.unwrap(),
        format!("{}\n", deployment(json!({"replicas": 2})))
    );
}

#[test]
fn configurations_that_do_not_fit_are_told_with_their_paths() {
    let wrong = |spec: Value| applied(None, spec, "me", false).unwrap_err().to_string();
    let begin = "failed to create typed patch object (n/a; apps/v1, Kind=Deployment): ";
    assert_eq!(
        wrong(json!({"foo": 1})),
        format!("{begin}.spec.foo: field not declared in schema")
    );
    let twice = json!({"template": {"spec": {"imagePullSecrets": [{"name": "a"}, {"name": "a"}]}}});
    let message = ".spec.template.spec.imagePullSecrets: duplicate entries for key [name=\"a\"]";
    assert_eq!(wrong(twice), format!("{begin}{message}"));
    assert_eq!(
        wrong(json!({"replicas": "x", "paused": 1})),
        format!(
            "{begin}errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.paused: \
                 expected boolean, got &{{1}}"
        )
    );
    let mut owned = deployment(json!({}));
    owned["metadata"]["managedFields"] = json!([]);
    let error = apply(&deployments(), None, &owned, &writer("me"), false).unwrap_err();
    assert_eq!(
        (error.status().code, error.to_string().as_str()),
        (400, "metadata.managedFields must be nil")
    );
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Some of the fields of a Deployment that merge in different ways.
    fn spec() -> impl Strategy<Value = Value> {
        let secrets = proptest::sample::subsequence(vec!["x", "y", "z"], 0..=3).prop_shuffle();
        let labels = proptest::collection::btree_map("[ab]", "[12]", 0..3);
        let replicas = proptest::option::of(1..3);
        let ports = proptest::sample::subsequence(vec![(80, "TCP"), (80, "UDP"), (443, "TCP")], 0..=3);
        (secrets, labels, replicas, ports).prop_map(|(secrets, labels, replicas, ports)| {
            let secrets: Vec<Value> = secrets.into_iter().map(|name| json!({"name": name})).collect();
            let port = |(port, protocol): (i32, &str)| json!({"containerPort": port, "protocol": protocol});
            let ports: Vec<Value> = ports.into_iter().map(port).collect();
            let pod = json!({"imagePullSecrets": secrets, "containers": [{"name": "c", "ports": ports}]});
            without_nulls(
                json!({"replicas": replicas, "template": {"metadata": {"labels": labels}, "spec": pod}}),
            )
        })
    }

    proptest! {
        #[test]
        fn applying_twice_is_applying_once(before in spec(), mine in spec()) {
            let live = applied(None, before, "you", true).unwrap();
            let once = without_nulls(applied(Some(&live), mine.clone(), "me", true).unwrap());
            let twice = applied(Some(&once), mine, "me", false).unwrap();
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn what_was_applied_is_there_afterwards(before in spec(), mine in spec()) {
            let live = applied(None, before, "you", true).unwrap();
            let object = applied(Some(&live), mine.clone(), "me", true).unwrap();
            let again = crate::patch::strategic(&deployments(), &object, &deployment(mine)).unwrap();
            prop_assert_eq!(object["spec"]["replicas"].clone(), again["spec"]["replicas"].clone());
            let secrets = |o: &Value| o["spec"]["template"]["spec"]["imagePullSecrets"].as_array().map(Vec::len);
            prop_assert_eq!(secrets(&object), secrets(&again));
        }

        #[test]
        fn withdrawing_everything_leaves_what_others_own(theirs in spec(), mine in spec()) {
            let live = without_nulls(applied(None, theirs, "you", true).unwrap());
            let both = match applied(Some(&live), mine, "me", false) {
                Ok(both) => without_nulls(both),
                Err(_) => return Ok(()),
            };
            let alone = applied(Some(&both), json!({}), "me", false).unwrap();
            let kept = without_nulls(alone);
            prop_assert_eq!(&kept["spec"]["replicas"], &live["spec"]["replicas"]);
            let names = |o: &Value| -> Vec<String> {
                let list = o["spec"]["template"]["spec"]["imagePullSecrets"].as_array().cloned().unwrap_or_default();
                let mut names: Vec<_> = list.iter().map(ToString::to_string).collect();
                names.sort();
                names
            };
            prop_assert_eq!(names(&kept), names(&live));
        }
    }
}
