use super::*;
use crate::certificate::rotation::model::after;
use crate::certificate::rotation::{self, SETTLE};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{ServerName, UnixTime};
use std::sync::Arc;
use std::time::Duration;

const NAME: &str = "keyside.keyside-system.svc";

fn names() -> Vec<String> {
    vec![NAME.to_owned(), "127.0.0.1".to_owned()]
}

/// Asks rustls, as an API server's TLS library would be asked.
fn validates(bundle: &str, leaf: &str, name: &str, now: Timestamp) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .unwrap();
    let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let clock = UnixTime::since_unix_epoch(Duration::from_secs(now.as_second().unsigned_abs()));
    verifier.verify_server_cert(&leaf, &[], &name, &[], clock).is_ok()
}

/// R54, with real certificates: four years of rotation, every published bundle against every served leaf, one part late.
#[test]
fn r54_every_bundle_validates_every_leaf_through_four_years() {
    let start = Timestamp::now();
    let mut now = start;
    let mut stored = Material::step(None, Step::Mint, &names(), now).unwrap();
    let mut late = stored.clone();
    let mut steps = Vec::new();
    while now.duration_since(start).as_hours() < 4 * 365 * 24 {
        now += SETTLE * 5;
        let state = stored.state(&names()).expect("what was made can be read");
        if now.duration_since(state.stepped) > SETTLE * 7 {
            late = stored.clone();
        }
        if let Some(step) = rotation::due(Some(&state), true, now) {
            let next = Material::step(Some(&stored), step, &names(), now).unwrap();
            late = std::mem::replace(&mut stored, next);
            steps.push(step);
        }
        for bundle in [stored.bundle(), late.bundle()] {
            for leaf in [stored.leaf(), late.leaf()] {
                assert!(
                    validates(&bundle, &leaf.certificate, NAME, now),
                    "after {steps:?}"
                );
            }
        }
    }
    for step in [Step::Announce, Step::Switch, Step::Retire, Step::Renew] {
        assert!(steps.contains(&step), "{steps:?}");
    }
}

#[test]
fn certificates_are_what_the_rotation_takes_them_for() {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let mut stored = Material::step(None, Step::Mint, &names(), now).unwrap();
    let mut expected = after(None, Step::Mint, "", now);
    for step in [
        Step::Announce,
        Step::Switch,
        Step::Renew,
        Step::Switch,
        Step::Retire,
    ] {
        stored = Material::step(Some(&stored), step, &names(), now).unwrap();
        expected = after(Some(&expected), step, "", now);
        let state = stored.state(&names()).unwrap();
        assert_eq!(state.leaf.valid, expected.leaf.valid, "{step:?}");
        assert_eq!(state.current.valid, expected.current.valid, "{step:?}");
        assert_eq!(state.next.is_some(), expected.next.is_some(), "{step:?}");
        let signer = [Some(&state.current), state.next.as_ref()]
            .into_iter()
            .flatten()
            .filter(|one| one.name == state.leaf.issuer);
        assert_eq!(signer.count(), 1, "{step:?}");
    }
}

#[test]
fn secret_holds_all_of_it_and_logs_show_none_of_it() {
    let material = Material::step(None, Step::Mint, &names(), Timestamp::now()).unwrap();
    let material = Material::step(Some(&material), Step::Announce, &names(), Timestamp::now()).unwrap();
    let secret: Secret = serde_json::from_value(material.to_secret(Some("7"))).unwrap();
    assert_eq!(secret.metadata.resource_version.as_deref(), Some("7"));
    let read = Material::read(&secret).unwrap();
    assert_eq!(read.state(&names()), material.state(&names()));
    assert_eq!(read.bundle(), material.bundle());
    assert!(!format!("{material:?}").contains("PRIVATE KEY"));
    let empty: Secret = serde_json::from_value(json!({"data": {"ca.crt": ""}})).unwrap();
    assert!(Material::read(&empty).is_none());
}

#[test]
fn leaf_that_lacks_a_name_is_seen_to() {
    let material = Material::step(None, Step::Mint, &names(), Timestamp::now()).unwrap();
    let state = |names: &[String]| material.state(names).unwrap();
    assert!(state(&names()).leaf.fits);
    assert!(!state(&["keyside.elsewhere.svc".to_owned()]).leaf.fits);
    assert!(!state(&["127.0.0.2".to_owned()]).leaf.fits);
}
