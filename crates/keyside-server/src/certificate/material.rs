//! Certificates and keys themselves: made, stored in a Secret, read back.

use super::rotation::{AUTHORITY_LASTS, Authority, LEAF_LASTS, Leaf, State, Step, Validity};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use keyside_keychain::Secret as Hidden;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// The Secret in keyside's own namespace.
pub(crate) const SECRET: &str = "keyside-webhook";

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: Hidden,
}

/// What the Secret holds.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    current: Pair,
    next: Option<Pair>,
    leaf: Pair,
    stepped: Timestamp,
}

impl Material {
    /// Carries out a step for a webhook that is called by these names.
    pub(crate) fn step(
        stored: Option<&Self>,
        step: Step,
        names: &[String],
        now: Timestamp,
    ) -> Result<Self, rcgen::Error> {
        let fresh = || authority(now);
        let Some(stored) = stored.filter(|_| step != Step::Mint) else {
            let current = fresh()?;
            let leaf = leaf(&current, names, now)?;
            return Ok(Self {
                current,
                next: None,
                leaf,
                stepped: now,
            });
        };
        let mut changed = Self {
            stepped: now,
            ..stored.clone()
        };
        match (step, &stored.next) {
            (Step::Announce, _) => changed.next = Some(fresh()?),
            (Step::Switch, Some(next)) => changed.leaf = leaf(next, names, now)?,
            (Step::Retire, Some(next)) => {
                changed.current = next.clone();
                changed.next = None;
            }
            _ => changed.leaf = leaf(&stored.current, names, now)?,
        }
        Ok(changed)
    }

    /// What the rotation needs to know of it.
    pub(crate) fn state(&self, names: &[String]) -> Option<State> {
        let of_authority = |pair: &Pair| {
            let (name, valid) = read(&pair.certificate, |one| {
                (one.subject().to_string(), validity(one))
            })?;
            Some(Authority { name, valid })
        };
        let next = match &self.next {
            Some(next) => Some(of_authority(next)?),
            None => None,
        };
        Some(State {
            current: of_authority(&self.current)?,
            next,
            leaf: read(&self.leaf.certificate, |one| Leaf {
                issuer: one.issuer().to_string(),
                valid: validity(one),
                fits: names.iter().all(|name| is_for(one, name)),
            })?,
            stepped: self.stepped,
        })
    }

    /// The certificates of all authorities: what API servers are to trust.
    pub(crate) fn bundle(&self) -> String {
        let next = self.next.iter().map(|next| next.certificate.as_str());
        std::iter::once(self.current.certificate.as_str())
            .chain(next)
            .collect()
    }

    /// What replicas serve.
    pub(crate) fn leaf(&self) -> &Pair {
        &self.leaf
    }

    /// Reads the Secret; `None` if it holds something else.
    pub(crate) fn read(secret: &Secret) -> Option<Self> {
        let data = secret.data.as_ref()?;
        let pair = |name: &str| {
            let text =
                |suffix: &str| String::from_utf8(data.get(&format!("{name}.{suffix}"))?.0.clone()).ok();
            Some(Pair {
                certificate: text("crt")?,
                key: Hidden::from(text("key")?),
            })
        };
        let stepped = data.get(STEPPED)?;
        Some(Self {
            current: pair(CURRENT)?,
            next: pair(NEXT),
            leaf: pair(LEAF)?,
            stepped: std::str::from_utf8(&stepped.0).ok()?.parse().ok()?,
        })
    }

    /// The Secret, to be applied over the version that was read.
    pub(crate) fn to_secret(&self, over: Option<&str>) -> Value {
        let mut data: BTreeMap<String, ByteString> = BTreeMap::new();
        let pairs = [
            (CURRENT, Some(&self.current)),
            (NEXT, self.next.as_ref()),
            (LEAF, Some(&self.leaf)),
        ];
        for (name, pair) in pairs {
            let Some(Pair { certificate, key }) = pair else {
                continue;
            };
            data.insert(
                format!("{name}.crt"),
                ByteString(certificate.clone().into_bytes()),
            );
            data.insert(format!("{name}.key"), ByteString(key.expose().to_vec()));
        }
        data.insert(
            STEPPED.to_owned(),
            ByteString(self.stepped.to_string().into_bytes()),
        );
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": SECRET}, "data": data,
        });
        if let Some(version) = over {
            secret["metadata"]["resourceVersion"] = version.into();
        }
        secret
    }
}

/// Keys of the Secret.
const CURRENT: &str = "ca";
const NEXT: &str = "next-ca";
const LEAF: &str = "tls";
const STEPPED: &str = "stepped";

fn authority(now: Timestamp) -> Result<Pair, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    // A name of its own, so that it can be told from the one before it.
    let name = key
        .public_key_raw()
        .iter()
        .rev()
        .take(8)
        .fold("keyside-webhook-".to_owned(), |name, byte| {
            name + &format!("{byte:02x}")
        });
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, Validity::starting(now, AUTHORITY_LASTS));
    Ok(Pair {
        certificate: params.self_signed(&key)?.pem(),
        key: Hidden::from(key.serialize_pem()),
    })
}

fn leaf(authority: &Pair, names: &[String], now: Timestamp) -> Result<Pair, rcgen::Error> {
    let signing = KeyPair::from_pem(&authority.key.expose_text())?;
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, signing)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = DistinguishedName::new();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let mut valid = Validity::starting(now, LEAF_LASTS);
    if let Some(until) = read(&authority.certificate, |one| validity(one).until) {
        valid.until = valid.until.min(until);
    }
    set_validity(&mut params, valid);
    Ok(Pair {
        certificate: params.signed_by(&key, &issuer)?.pem(),
        key: Hidden::from(key.serialize_pem()),
    })
}

fn set_validity(params: &mut CertificateParams, valid: Validity) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since = |time: Timestamp| std::time::Duration::from_secs(time.as_second().unsigned_abs());
    params.not_before = epoch + since(valid.from);
    params.not_after = epoch + since(valid.until);
}

fn read<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
    Some(look(&certificate))
}

fn validity(certificate: &X509Certificate<'_>) -> Validity {
    let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN);
    Validity {
        from: time(certificate.validity().not_before.timestamp()),
        until: time(certificate.validity().not_after.timestamp()),
    }
}

/// Whether a certificate is made out for a host name or address.
fn is_for(certificate: &X509Certificate<'_>, name: &str) -> bool {
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return false;
    };
    let address = name
        .parse::<std::net::IpAddr>()
        .ok()
        .map(|address| match address {
            std::net::IpAddr::V4(address) => address.octets().to_vec(),
            std::net::IpAddr::V6(address) => address.octets().to_vec(),
        });
    names.value.general_names.iter().any(|known| match known {
        GeneralName::DNSName(known) => *known == name,
        GeneralName::IPAddress(known) => address.as_deref() == Some(*known),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
