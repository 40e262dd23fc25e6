//! Where a password comes from: a prompt without echo, stdin, or, with a warning, the command line. It is kept byte for
//! byte; only the one newline that ends a line of input is not part of it.

use crate::cli::PasswordSource;
use crate::failure::Failure;
use crate::output::Output;
use keyside_keychain::Secret;
use std::io::{IsTerminal, Read};

/// More than this is no password but a file piped by mistake; a service account key in JSON has about 2 KiB.
const MOST: u64 = 64 * 1024;

/// Reads it. `again` names the command to paste when there is no terminal to ask on.
pub(super) fn read(
    source: &PasswordSource,
    what: &str,
    again: &str,
    output: &Output,
) -> Result<Secret, Failure> {
    let bytes = match &source.password {
        Some(password) => {
            output.warning("--password shows the password to every user of this machine and stays in the shell's history; use --password-stdin");
            password.clone().into_bytes()
        }
        None if source.password_stdin => stdin()?,
        None if std::io::stdin().is_terminal() => {
            rpassword::prompt_password(format!("Password for {what}: "))?.into_bytes()
        }
        None => {
            return Err(
                Failure::new("the password is missing and there is no terminal to ask on")
                    .because("--password-stdin was not given")
                    .hint(format!("{again} --password-stdin < FILE")),
            );
        }
    };
    if bytes.is_empty() {
        return Err(Failure::new("the password is empty")
            .because("the kubelet takes an empty password as no credential")
            .hint(format!("{again} --password-stdin < FILE")));
    }
    Ok(Secret::from(bytes))
}

/// As [`read`], for a password that is stored without its registry being looked at again: edges are spoken of here.
pub(super) fn read_anew(
    source: &PasswordSource,
    what: &str,
    again: &str,
    output: &Output,
) -> Result<Secret, Failure> {
    let secret = read(source, what, again, output)?;
    warn_of_edges(secret.expose(), output);
    Ok(secret)
}

/// Everything on stdin, less the newline that ends the last line.
fn stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::new(format!(
            "the password on stdin has more than {MOST} bytes"
        )));
    }
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(bytes)
}

/// Says what is probably a slip of copying, without changing it.
fn warn_of_edges(bytes: &[u8], output: &Output) {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    match (edge(bytes.first()), edge(bytes.last())) {
        (true, true) => {
            output.warning("the password begins and ends with a blank or newline; it is kept as it is")
        }
        (true, false) => output.warning("the password begins with a blank or newline; it is kept as it is"),
        (false, true) => output.warning("the password ends with a blank or newline; it is kept as it is"),
        (false, false) => {}
    }
}
