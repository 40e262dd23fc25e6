use super::{Authority, lasts, write_kubeconfig};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_authority_outlives_restarts_and_is_private() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("pki");
    let first = Authority::open(&folder).unwrap();
    let key = first.token_key().unwrap();
    assert_eq!(mode(&folder), 0o700);
    for name in ["ca.crt", "ca.key", "sa.key"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    let again = Authority::open(&folder).unwrap();
    assert_eq!(first.certificate(), again.certificate());
    assert_eq!(key.id(), again.token_key().unwrap().id());
    let kubeconfig = home.path().join("kubeconfig");
    let identity = again.client("kubernetes-admin", "system:masters").unwrap();
    write_kubeconfig(
        &kubeconfig,
        &again.kubeconfig("keyside", "https://127.0.0.1:1", &identity),
    )
    .unwrap();
    assert_eq!(mode(&kubeconfig), 0o600);
}

#[test]
fn an_unreadable_authority_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("ca.crt"), "nothing").unwrap();
    std::fs::write(home.path().join("ca.key"), "nothing").unwrap();
    assert!(lasts(Authority::open(home.path()).unwrap().certificate()));
}

#[test]
fn client_certificates_carry_user_and_group() {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::open(home.path()).unwrap();
    let identity = authority.client("ann", "dev").unwrap();
    let der = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let user = crate::auth::certificate_user(&der).unwrap();
    assert_eq!(user.username, "ann");
    assert_eq!(user.groups, ["dev", "system:authenticated"]);
}

#[test]
fn a_listener_can_be_set_up() {
    let home = tempfile::tempdir().unwrap();
    let authority = Authority::open(home.path()).unwrap();
    let names = ["localhost", "127.0.0.1", "kubernetes.default.svc"].map(str::to_owned);
    assert!(authority.server(&names).is_ok());
}
