//! The checks of one entry: its key, its fields, its credential.

use super::{Finding, Level, Rule, used_as};
use crate::auth_field;
use crate::credential::{Credential, Secret};
use crate::docker_config::{Entry, Form};
use crate::hub;
use crate::keyring;
use crate::pattern::{Pattern, Warning};

/// Whether the key reaches the images it seems to be for, and no others.
pub(super) fn check_key(key: &str, findings: &mut Vec<Finding>) {
    let pattern = match Pattern::parse(key) {
        Ok(pattern) => pattern,
        Err(error) => {
            findings.push(Finding::new(Rule::KeyRefused).about(key).with(error));
            return;
        }
    };
    let canonical = pattern.to_string();
    let has_closing_slash = key.ends_with('/');
    if !keyring::serves(key, &image_under(&pattern)) {
        findings.push(
            Finding::new(Rule::KeyUnreachable)
                .about(key)
                .with(format!("the kubelet would find it as {canonical}")),
        );
    } else if key.trim_end_matches('/') != canonical && key != hub::CLI_KEY {
        findings.push(
            Finding::new(Rule::KeyRewritten)
                .about(key)
                .with(used_as(&canonical)),
        );
    }
    if !pattern.path().is_empty() && !has_closing_slash {
        let neighbour = format!("{canonical}-b is served too");
        findings.push(
            Finding::new(Rule::Trap(Warning::OfferedToNeighbours))
                .about(key)
                .with(neighbour),
        );
    }
    check_traps(key, &pattern, findings);
}

/// The traps of the pattern itself. Neighbours are left out: only a key written by hand reaches them, a copy does not.
pub(super) fn check_traps(key: &str, pattern: &Pattern, findings: &mut Vec<Finding>) {
    let traps = pattern
        .warnings()
        .into_iter()
        .filter(|&warning| warning != Warning::OfferedToNeighbours);
    findings.extend(traps.map(|warning| Finding::new(Rule::Trap(warning)).about(key)));
}

/// An image that the pattern is for.
fn image_under(pattern: &Pattern) -> String {
    let host = pattern.host().replace('*', "x");
    match pattern.path() {
        "" => format!("{host}/some/image"),
        path => format!("{host}/{path}/image"),
    }
}

/// What the fields say beside the credential that comes out of them.
pub(super) fn check_fields(form: Form, entry: &Entry, findings: &mut Vec<Finding>) {
    let (credential, stated) = (entry.credential(), entry.stated());
    let mut found = |rule: Rule| findings.push(Finding::new(rule).about(entry.key()));
    let auth = stated.auth.as_ref().filter(|auth| !auth.is_empty());
    if let Some(auth) = auth {
        let differs = |stated: &Option<Secret>, used: &Secret| {
            stated
                .as_ref()
                .is_some_and(|stated| !stated.is_empty() && stated != used)
        };
        if differs(&stated.username, &credential.username) || differs(&stated.password, &credential.password)
        {
            found(Rule::AuthContradicts);
        }
        if !auth_field::is_padded(auth.expose()) && !credential_fits_without_padding(auth) {
            found(Rule::AuthUnpadded);
        }
    }
    if entry.identity_token().is_some() || entry.registry_token().is_some() {
        found(Rule::TokenIgnored);
    }
    // Only readers of today's form insist on `auth`.
    if auth.is_none() && form == Form::ConfigJson && !credential.is_empty() && credential.fits_basic_auth() {
        let by_hand = is_plain(&credential.username) && is_plain(&credential.password);
        // Whoever has a dollar or a quote in a password did well to keep it out of a shell and of base64 made by hand.
        let level = if by_hand { Level::Warn } else { Level::Accept };
        findings.push(Finding::new(Rule::AuthMissing).at(level).about(entry.key()));
    }
}

/// Whether the encoded text needs no padding at all, so that strict readers take it as well.
fn credential_fits_without_padding(auth: &Secret) -> bool {
    auth.expose()
        .iter()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .count()
        .is_multiple_of(4)
}

/// Whether a value survives a shell without quotes.
fn is_plain(value: &Secret) -> bool {
    value
        .expose()
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.,:/@%+=^~ ".contains(byte))
}

/// Whether user and password can work.
pub(super) fn check_credential(key: &str, credential: &Credential, findings: &mut Vec<Finding>) {
    let Credential {
        username, password, ..
    } = credential;
    let mut found = |rule: Rule| findings.push(Finding::new(rule).about(key));
    if credential.is_empty() {
        found(Rule::EmptyEntry);
    } else if username.is_empty() {
        found(Rule::EmptyUser);
    } else if password.is_empty() {
        found(Rule::EmptyPassword);
    }
    if !credential.fits_basic_auth() {
        found(Rule::ColonInUser);
    }
    if username.expose() == b"robot" {
        found(Rule::EatenByShell);
    }
    for (field, value) in [("user name", username), ("password", password)] {
        if has_blank_edge(value) {
            findings.push(
                Finding::new(Rule::BlankEdge)
                    .about(key)
                    .with(format!("in the {field}")),
            );
        }
        if !value.is_text() {
            findings.push(
                Finding::new(Rule::NotText)
                    .about(key)
                    .with(format!("in the {field}")),
            );
        }
    }
}

fn has_blank_edge(value: &Secret) -> bool {
    let is_blank = |byte: Option<&u8>| byte.is_some_and(|&byte| byte == 0 || byte.is_ascii_whitespace());
    is_blank(value.expose().first()) || is_blank(value.expose().last())
}
