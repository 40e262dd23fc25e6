//! The requests keyside writes with. There are few, and each has one shape.

use crate::error::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, header};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keyside_api::FIELD_MANAGER;
use keyside_core::plan::{Delete, Existing, Write};
use keyside_keychain::Form;
use serde::Deserialize;
use serde_json::{Value, json};

/// Answers to writes carry metadata only: the content is known, and should not travel more than needed.
const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json";

/// An object of which only the metadata matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Written {
    pub(crate) metadata: ObjectMeta,
}

/// Creates a copy, if nothing has its name, or changes the very copy that was meant. This is the only function that
/// writes a Secret into another namespace, and this is the only shape it writes.
pub(crate) async fn write_copy(client: &kube::Client, write: &Write) -> Result<ObjectMeta, Error> {
    let Write {
        namespace,
        name,
        credential: _,
        labels,
        annotations,
        document,
        existing,
    } = write;
    let path = format!("/api/v1/namespaces/{namespace}/secrets");
    let mut secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": **namespace, "name": **name, "labels": labels, "annotations": annotations},
        "type": Form::ConfigJson.secret_type(),
        "data": {Form::ConfigJson.data_key(): STANDARD.encode(document.expose())},
    });
    let request = match existing {
        None => request(
            Method::POST,
            &format!("{path}?fieldManager={FIELD_MANAGER}"),
            "application/json",
            &secret,
        ),
        Some(existing) => {
            secret["metadata"]["uid"] = json!(existing.uid);
            secret["metadata"]["resourceVersion"] = json!(existing.resource_version);
            let path = format!("{path}/{name}?fieldManager={FIELD_MANAGER}");
            request(Method::PATCH, &path, "application/merge-patch+json", &secret)
        }
    };
    Ok(client
        .request::<Written>(request)
        .await
        .map_err(Error::WriteCopy)?
        .metadata)
}

/// The metadata of a copy that no watch shows, if something with this credential's label has the name. Nothing may be read
/// with the rights that go with that, so this is a change that changes nothing: it demands the label, and fails without it.
pub(crate) async fn find_copy(
    client: &kube::Client,
    namespace: &str,
    name: &str,
    label: &str,
) -> Result<ObjectMeta, Error> {
    let key = keyside_api::label::CREDENTIAL.replace('/', "~1");
    let demands = json!([
        {"op": "test", "path": "/type", "value": Form::ConfigJson.secret_type()},
        {"op": "test", "path": format!("/metadata/labels/{key}"), "value": label},
    ]);
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}?fieldManager={FIELD_MANAGER}");
    let request = request(Method::PATCH, &path, "application/json-patch+json", &demands);
    Ok(client
        .request::<Written>(request)
        .await
        .map_err(Error::WriteCopy)?
        .metadata)
}

/// Whether somebody else was faster: the object has changed, exists already, or is gone.
pub(crate) fn conflicts(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 404 | 409))
}

/// Removes the very copy that was meant.
pub(crate) async fn delete_copy(client: &kube::Client, delete: &Delete) -> Result<(), Error> {
    let Delete {
        namespace,
        name,
        existing: Existing {
            uid,
            resource_version,
        },
    } = delete;
    let options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid, "resourceVersion": resource_version},
    });
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    let request = request(Method::DELETE, &path, "application/json", &options);
    client
        .request::<Value>(request)
        .await
        .map_err(Error::DeleteCopy)?;
    Ok(())
}

fn request(method: Method, path: &str, content_type: &str, body: &Value) -> Request<Vec<u8>> {
    let body = serde_json::to_vec(body).expect("a JSON value is written without fail");
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, METADATA_ONLY)
        .header(header::CONTENT_TYPE, content_type)
        .body(body)
        .expect("names of Kubernetes objects are valid in a path")
}
