//! Writing: one line, kubectl's order of fields, unknown members last and untouched.

use zeroize::Zeroizing;

use super::{DockerConfig, Entry, Form, Member};
use crate::credential::Secret;
use crate::json::{self, Escape};

pub(super) fn to_json(config: &DockerConfig, escape: Escape) -> Secret {
    let mut writer = Writer {
        out: Zeroizing::new(Vec::new()),
        escape,
    };
    match config.form {
        Form::Legacy => writer.entries(config.entries()),
        Form::ConfigJson => {
            writer.out.push(b'{');
            writer.name(b"auths");
            writer.entries(config.entries());
            writer.members(&config.rest);
            writer.out.push(b'}');
        }
    }
    Secret::from(std::mem::take(&mut *writer.out))
}

struct Writer {
    out: Zeroizing<Vec<u8>>,
    escape: Escape,
}

impl Writer {
    fn entries(&mut self, entries: &[Entry]) {
        self.out.push(b'{');
        for entry in entries {
            self.name(entry.key.as_bytes());
            self.out.push(b'{');
            self.credential(entry);
            self.members(&entry.rest);
            self.out.push(b'}');
        }
        self.out.push(b'}');
    }

    fn credential(&mut self, entry: &Entry) {
        let credential = &entry.credential;
        // Bytes that are no text survive in `auth` only; as JSON strings they would be replaced, and be wrong beside it.
        let as_text = credential.username.is_text() && credential.password.is_text();
        if as_text {
            self.field(b"username", &credential.username);
            self.field(b"password", &credential.password);
        }
        self.field(b"email", &credential.email);
        if !credential.is_empty() && credential.fits_basic_auth() {
            self.field(b"auth", &credential.basic_auth());
        }
    }

    /// An empty field is left out, as Go's `omitempty` does.
    fn field(&mut self, name: &[u8], value: &Secret) {
        if !value.is_empty() {
            self.name(name);
            json::write_string(&mut self.out, value.expose(), self.escape);
        }
    }

    fn members(&mut self, members: &[Member]) {
        for member in members {
            self.name(member.name.as_bytes());
            self.out.extend_from_slice(member.raw.expose());
        }
    }

    /// A name with its colon, and a comma before it unless it is the first of its object.
    fn name(&mut self, name: &[u8]) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        json::write_string(&mut self.out, name, self.escape);
        self.out.push(b':');
    }
}
