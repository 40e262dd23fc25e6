//! What a Kubernetes API server does to *one* object, as pure functions: decode it, default it, validate it,
//! patch it, apply to it, select it, print it as a table row.
//!
//! Nothing here stores, listens, waits or reads a clock: `keyside-apiserver` does that and calls in here. Objects
//! are [`serde_json::Value`]s; what is known about their shape is a [`schema::Schema`], built from the Kubernetes
//! types for built-in kinds and from the stored definition for custom ones, so that one code path serves both.
//!
//! | Module | What it answers |
//! |---|---|
//! | [`status`] | what an error looks like on the wire, in Kubernetes' own words |
//! | [`meta`] | reading and writing `metadata`: names, uids, versions, owners, finalizers |
//! | [`resource`] | what is served: names, verbs, subresources, and the behaviour of a kind |
//! | [`schema`] | the shape of a kind: fields, types, list keys |
//! | [`decode`] | bytes to an object: JSON and YAML, unknown and duplicate fields |
//! | [`patch`] | JSON, merge and strategic merge patches |
//! | [`apply`] | server-side apply and `managedFields` |
//! | [`select`] | label and field selectors |
//! | [`kinds`] | the built-in kinds: defaults, validation, what may change, table columns |
//! | [`cel`] | rules in the Common Expression Language: checked against a shape, then evaluated |
//! | [`crd`] | custom kinds: definitions, structural schemas, pruning, defaulting, rules |
//! | [`openapi`] | the published documents, v2 and v3 |
//! | [`protobuf`] | bodies in the binary form that Go clients send |

pub mod apply;
pub mod cel;
pub mod crd;
pub mod decode;
pub mod kinds;
pub mod meta;
pub mod openapi;
pub mod patch;
pub mod protobuf;
pub mod resource;
pub mod schema;
pub mod select;
pub mod status;
