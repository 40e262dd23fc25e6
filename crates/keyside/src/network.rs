//! How registries are reached from here, by the flags and the environment: names with fixed addresses, authorities to trust,
//! the proxy.

use crate::cli::Network as Flags;
use crate::failure::Failure;
use keyside_oci::{Network, Proxy, Trust};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The network as the flags describe it.
pub(crate) fn network(flags: &Flags) -> Result<Network, Failure> {
    Ok(Network {
        trust: match certificates(flags)? {
            Some(pem) => Trust::default()
                .with_pem(pem.as_bytes())
                .map_err(|error| Failure::new("the file of --registry-ca cannot be used").because(error))?,
            None => Trust::default(),
        },
        hosts: hosts(flags)?,
        proxy: Proxy::from_variables(|name| std::env::var(name).ok()).map_err(anyhow::Error::from)?,
        ..Network::default()
    })
}

/// The addresses of `--add-host`.
fn hosts(flags: &Flags) -> Result<BTreeMap<String, SocketAddr>, Failure> {
    let read = |text: &String| {
        let (name, address) = text.split_once('=')?;
        Some((name.to_owned(), address.parse().ok()?))
    };
    let bad = |text: &String| {
        Failure::new(format!("`{text}` is no address of a name")).hint("--add-host reg.example=192.0.2.7:443")
    };
    flags
        .add_host
        .iter()
        .map(|text| read(text).ok_or_else(|| bad(text)))
        .collect()
}

/// The text of the file of `--registry-ca`.
fn certificates(flags: &Flags) -> Result<Option<String>, Failure> {
    let Some(path) = &flags.registry_ca else {
        return Ok(None);
    };
    std::fs::read_to_string(path)
        .map(Some)
        .map_err(|error| Failure::new(format!("{} cannot be read", path.display())).because(error))
}
