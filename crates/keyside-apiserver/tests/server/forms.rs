//! The forms of answers: tables, metadata, YAML, pretty text, and refusals of forms that do not exist.

use crate::rig::{MAPS, Rig};
use http::Method;
use keyside_apiserver::Body;
use serde_json::{Value, json};

const TABLE: &str = "accept: application/json;as=Table;v=v1;g=meta.k8s.io";

#[tokio::test]
async fn a_table_has_columns_rows_and_what_was_asked_to_be_included() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({})).await;
    let table = async |query: &str| {
        let answer = rig
            .call(Method::GET, &format!("{MAPS}?{query}"), &[TABLE], Body::empty())
            .await;
        assert_eq!(answer.code, 200, "{}", answer.text);
        answer.json()
    };
    let all = table("").await;
    assert_eq!(
        (&all["kind"], &all["apiVersion"]),
        (&json!("Table"), &json!("meta.k8s.io/v1"))
    );
    let columns: Vec<_> = all["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].clone())
        .collect();
    assert_eq!(columns, ["Name", "Data", "Age"]);
    assert_eq!(all["rows"][0]["cells"], json!(["a", 1, "0s"]));
    assert_eq!(all["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert!(all["metadata"]["resourceVersion"].is_string());
    assert!(
        table("includeObject=None").await["rows"][0]
            .get("object")
            .is_some_and(Value::is_null)
    );
    assert_eq!(
        table("includeObject=Object").await["rows"][0]["object"]["data"],
        json!({"key": "1"})
    );
    assert!(table("noHeaders=true").await["columnDefinitions"].is_null());
    let one = rig
        .call(Method::GET, &format!("{MAPS}/a"), &[TABLE], Body::empty())
        .await
        .json();
    assert_eq!(one["rows"].as_array().unwrap().len(), 1);
    let wrong = rig
        .call(
            Method::GET,
            &format!("{MAPS}?includeObject=Some"),
            &[TABLE],
            Body::empty(),
        )
        .await;
    assert_eq!(wrong.code, 400);
}

#[tokio::test]
async fn metadata_can_be_had_alone() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({"x": "y"})).await;
    let one = "accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let answer = rig
        .call(Method::GET, &format!("{MAPS}/a"), &[one], Body::empty())
        .await
        .json();
    assert_eq!(
        (&answer["kind"], &answer["apiVersion"]),
        (&json!("PartialObjectMetadata"), &json!("meta.k8s.io/v1"))
    );
    assert_eq!(answer["metadata"]["labels"], json!({"x": "y"}));
    assert!(answer.get("data").is_none());
    let many = "accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let answer = rig.call(Method::GET, MAPS, &[many], Body::empty()).await.json();
    assert_eq!(answer["kind"], "PartialObjectMetadataList");
    assert_eq!(answer["items"][0]["kind"], "PartialObjectMetadata");
    let mut watch = rig.watch(&format!("{MAPS}?watch=1"), &[one]).await;
    assert_eq!(
        watch.next().await.unwrap()["object"]["kind"],
        "PartialObjectMetadata"
    );
}

#[tokio::test]
async fn what_is_asked_and_not_stored_has_no_table() {
    let rig = Rig::new().await;
    let review = json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = rig
        .call(
            Method::POST,
            path,
            &[TABLE, "content-type: application/json"],
            review.to_string(),
        )
        .await;
    assert_eq!(answer.code, 406);
    assert_eq!(answer.json()["reason"], "NotAcceptable");
    assert!(
        answer
            .error()
            .contains("Available representations: application/json")
    );
}

#[tokio::test]
async fn people_get_readable_answers() {
    let rig = Rig::new().await;
    rig.config_map("a", json!({})).await;
    let path = format!("{MAPS}/a");
    let text = async |headers: &[&str], query: &str| {
        rig.call(Method::GET, &format!("{path}?{query}"), headers, Body::empty())
            .await
            .text
    };
    assert!(!text(&[], "").await.trim_end().contains('\n'));
    assert!(
        text(&[], "pretty=true")
            .await
            .contains("\n  \"kind\": \"ConfigMap\"")
    );
    assert!(text(&["user-agent: curl/8"], "").await.contains("\n  \"kind\""));
    assert!(
        !text(&["user-agent: curl/8"], "pretty=false")
            .await
            .trim_end()
            .contains('\n')
    );
    assert!(
        text(&["accept: application/yaml"], "")
            .await
            .contains("kind: ConfigMap\n")
    );
    let refused = rig
        .call(Method::GET, &path, &["accept: text/html"], Body::empty())
        .await;
    assert_eq!(refused.code, 406);
    let watch = rig
        .call(
            Method::GET,
            &format!("{MAPS}?watch=1"),
            &["accept: application/yaml"],
            Body::empty(),
        )
        .await;
    assert_eq!(watch.code, 406);
}

#[tokio::test]
async fn a_stored_object_is_sent_as_it_is_stored() {
    let rig = Rig::new().await;
    let created = rig.config_map("a", json!({})).await;
    assert_eq!(rig.get(&format!("{MAPS}/a")).await.json(), created);
    let list: Value = rig.get(MAPS).await.json();
    let mut item = created.clone();
    for said_by_the_list in ["kind", "apiVersion"] {
        item.as_object_mut().unwrap().remove(said_by_the_list);
    }
    assert_eq!(list["items"], json!([item]));
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&json!("ConfigMapList"), &json!("v1"))
    );
    let head = rig
        .call(Method::HEAD, &format!("{MAPS}/a"), &[], Body::empty())
        .await;
    assert_eq!((head.code.as_u16(), head.text.as_str()), (200, ""));
}
