//! A small Kubernetes API server as a library: create, read, patch, apply, watch, admission, tables, OpenAPI, over a memory or disk store.
