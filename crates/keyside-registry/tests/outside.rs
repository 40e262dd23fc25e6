//! The registry on a port, in the hands of programs we did not write: one test binary, so that it is linked once.
//!
//! A test whose program is missing says so and passes, except in CI.

#[cfg(test)]
#[cfg(feature = "s3")]
#[path = "outside/bucket.rs"]
mod bucket;
#[cfg(test)]
#[path = "outside/conformance.rs"]
mod conformance;
#[cfg(test)]
#[path = "outside/containerd.rs"]
mod containerd;
#[cfg(test)]
#[cfg(feature = "s3")]
#[path = "outside/gateway.rs"]
mod gateway;
#[cfg(test)]
#[path = "outside/registry.rs"]
mod registry;
#[cfg(test)]
#[path = "outside/skopeo.rs"]
mod skopeo;
#[cfg(test)]
#[path = "outside/wire.rs"]
mod wire;
