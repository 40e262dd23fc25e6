//! keyside: one place for image pull credentials on Kubernetes.

fn main() {}
