//! Users by client certificate: the common name is the user, organizations are its groups.

use super::UserInfo;
use rustls_pki_types::CertificateDer;

/// The user a certificate names. The listener has verified that our CA signed it and that the client owns its key.
pub(crate) fn certificate_user(certificate: &CertificateDer<'_>) -> Option<UserInfo> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let subject = parsed.subject();
    let username = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
    if username.is_empty() {
        return None;
    }
    let groups = subject
        .iter_organization()
        .filter_map(|name| name.as_str().ok())
        .map(str::to_owned)
        .collect();
    let user = UserInfo {
        username,
        groups,
        ..UserInfo::default()
    };
    Some(user.authenticated())
}
