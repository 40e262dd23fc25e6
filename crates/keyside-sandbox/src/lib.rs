//! What surrounds an API server in the embedded world: default service accounts, workload controllers, scheduler, a node that pulls, garbage collection, sample images.
