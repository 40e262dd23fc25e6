use super::*;

fn desired() -> Value {
    let reach = Reach::Service {
        namespace: "keyside-system".to_owned(),
        name: "keyside".to_owned(),
        ca_bundle: Some(b"a bundle".to_vec()),
    };
    Which::Mutating.desired(&reach, "keyside-system", false)
}

#[test]
fn registration_is_right_only_as_it_was_written() {
    let right = desired();
    assert!(is_right(&right, Some(&right)));
    assert!(!is_right(&right, None));
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut live = right.clone();
        edit(&mut live["webhooks"][0]);
        is_right(&right, Some(&live))
    };
    assert!(with(&|one| one["somethingNew"] = json!("of a newer API server")));
    assert!(!with(&|one| one["clientConfig"]["caBundle"] = json!("")));
    assert!(!with(&|one| one["failurePolicy"] = json!("Fail")));
    assert!(!with(
        &|one| one["objectSelector"] = json!({"matchLabels": {"never": "set"}})
    ));
    assert!(!with(&|one| one["matchConditions"] = Value::Null));
    assert!(!with(&|one| one["rules"] = json!([])));
    let mut more = right.clone();
    more["webhooks"] = json!([right["webhooks"][0], right["webhooks"][0]]);
    assert!(!is_right(&right, Some(&more)));
}

#[test]
fn difference_is_put_right_once_and_then_only_reported() {
    let mut drift = Drift::default();
    let now = Instant::now();
    assert_eq!(drift.judge(true, false, now), Verdict::Right);
    assert_eq!(drift.judge(false, false, now), Verdict::Write);
    assert_eq!(drift.judge(true, false, now), Verdict::Right);
    for _ in 0..3 {
        assert_eq!(drift.judge(false, false, now), Verdict::Report);
    }
    assert_eq!(
        drift.judge(false, true, now),
        Verdict::Write,
        "the bundle has changed"
    );
}

#[test]
fn difference_after_a_long_calm_is_a_new_one() {
    let mut drift = Drift::default();
    let now = Instant::now();
    assert_eq!(drift.judge(false, false, now), Verdict::Write);
    assert_eq!(drift.judge(true, false, now), Verdict::Right);
    let soon = now + CALM / 2;
    assert_eq!(drift.judge(false, false, soon), Verdict::Report);
    assert_eq!(drift.judge(true, false, soon), Verdict::Right);
    assert_eq!(drift.judge(false, false, soon + CALM), Verdict::Write);
}
