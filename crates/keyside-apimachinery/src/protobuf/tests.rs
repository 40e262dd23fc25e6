use super::{ProtobufError, decode};
use serde_json::json;

/// Writes a field of bytes: enough of an encoder to make documents by hand.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(content);
    out
}

fn varint(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn framed(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
    let type_meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), bytes(1, &type_meta), bytes(2, object)].concat()
}

#[test]
fn a_secret_has_base64_data_and_its_labels() {
    let label = bytes(11, &[bytes(1, b"a"), bytes(2, b"b")].concat());
    let metadata = bytes(1, &[bytes(1, b"s"), bytes(2, b""), label].concat());
    let data = bytes(2, &[bytes(1, b"k"), bytes(2, b"\x00\x01")].concat());
    let document = framed("v1", "Secret", &[metadata, data, bytes(3, b"Opaque")].concat());
    assert_eq!(
        decode(&document, None).expect("it is a Secret"),
        json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s", "labels": {"a": "b"}}, "data": {"k": "AAE="}, "type": "Opaque"})
    );
}

#[test]
fn zero_is_kept_where_it_is_a_pointer_and_dropped_where_it_means_nothing_given() {
    // replicas (1) is a pointer, minReadySeconds (5) is not.
    let spec = bytes(2, &[varint(1, 0), varint(5, 0)].concat());
    let document = framed("apps/v1", "Deployment", &spec);
    assert_eq!(
        decode(&document, None).expect("it is a Deployment")["spec"],
        json!({"replicas": 0})
    );
}

#[test]
fn inlined_and_special_types_look_as_in_json() {
    // A volume with an emptyDir: name 1, the source inlined at 2, emptyDir 2 in it; a port of a probe as IntOrString.
    let volume = bytes(1, &[bytes(1, b"v"), bytes(2, &bytes(2, b""))].concat());
    let port = bytes(2, &[varint(1, 1), varint(2, 0), bytes(3, b"http")].concat());
    let probe = bytes(10, &bytes(1, &bytes(2, &port)));
    let container = bytes(2, &[bytes(1, b"c"), probe].concat());
    let created = bytes(8, &[varint(1, 60), varint(2, 0)].concat());
    let document = framed(
        "v1",
        "Pod",
        &[bytes(1, &created), bytes(2, &[volume, container].concat())].concat(),
    );
    let pod = decode(&document, None).expect("it is a Pod");
    assert_eq!(
        pod["metadata"],
        json!({"creationTimestamp": "1970-01-01T00:01:00Z"})
    );
    assert_eq!(
        pod["spec"],
        json!({
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [{"name": "c", "livenessProbe": {"httpGet": {"port": "http"}}}],
        })
    );
}

#[test]
fn options_come_under_the_version_of_any_group() {
    let document = framed(
        "apps/v1",
        "DeleteOptions",
        &[varint(1, 0), bytes(4, b"Orphan")].concat(),
    );
    let options = decode(&document, None).expect("they are options");
    assert_eq!(
        options,
        json!({"kind": "DeleteOptions", "apiVersion": "apps/v1", "gracePeriodSeconds": 0, "propagationPolicy": "Orphan"})
    );
}

#[test]
fn what_is_cut_or_foreign_is_refused() {
    let document = framed("v1", "Secret", &bytes(3, b"Opaque"));
    assert_eq!(decode(b"{}", None), Err(ProtobufError::NotFramed));
    assert_eq!(
        decode(&document[..document.len() - 1], None),
        Err(ProtobufError::Malformed)
    );
    assert!(matches!(
        decode(&framed("v1", "Nothing", b""), None),
        Err(ProtobufError::UnknownKind { .. })
    ));
}

#[test]
fn every_built_in_kind_can_be_read() {
    let unknown: Vec<String> = crate::kinds::builtin_resources()
        .iter()
        .map(|resource| (resource.api_version(), resource.gvk.kind.clone()))
        .filter(|(version, kind)| decode(&framed(version, kind, b""), None).is_err())
        .map(|(version, kind)| format!("{version} {kind}"))
        .collect();
    assert_eq!(unknown, [""; 0]);
}
