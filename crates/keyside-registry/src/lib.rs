//! An OCI distribution registry as a library: an axum router over an object store, with authentication modes and scripted faults.
