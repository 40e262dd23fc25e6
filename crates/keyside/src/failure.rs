//! Errors in the user's words: `error:` what went wrong, `because:` why, `hint:` a command that can be pasted.

use crate::output::Output;
use std::process::ExitCode;

/// Exit status for "looked, and found a problem".
pub(crate) const FOUND: u8 = 1;
/// Exit status for "could not look".
pub(crate) const COULD_NOT_LOOK: u8 = 2;

/// What a verb failed with.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    because: Vec<String>,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    /// A failure to look: usage, connection, permission (status 2).
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            because: Vec::new(),
            hint: None,
            code: COULD_NOT_LOOK,
        }
    }

    /// Something was looked at and is wrong (status 1).
    pub(crate) fn found(message: impl Into<String>) -> Self {
        Self {
            code: FOUND,
            ..Self::new(message)
        }
    }

    /// Adds a `because:` line.
    pub(crate) fn because(mut self, reason: impl std::fmt::Display) -> Self {
        self.because.push(reason.to_string());
        self
    }

    /// Sets the `hint:` line: a command to paste.
    pub(crate) fn hint(mut self, command: impl Into<String>) -> Self {
        self.hint = Some(command.into());
        self
    }

    /// Prints to stderr and gives the exit status.
    pub(crate) fn print(&self, output: &Output) -> ExitCode {
        output.error(&self.message);
        for line in &self.because {
            output.because(line);
        }
        if let Some(hint) = &self.hint {
            output.hint(hint);
        }
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let mut chain = error.chain().map(ToString::to_string);
        let mut failure = Self::new(chain.next().unwrap_or_default());
        failure.because = chain.collect();
        failure
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::new(status.message.clone()).because(format!(
                "the API server answered {} {}",
                status.code, status.reason
            )),
            kube::Error::Auth(_) => Self::new("the API server does not accept this login"),
            other => Self::new("the API server cannot be reached").because(root_cause(&other)),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// The innermost error: the outer ones only say that there is an inner one.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Help and version go to stdout with status 0, everything else is a usage error with status 2.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    crate::output::usage(&in_our_form(&error.render().to_string()));
    ExitCode::from(COULD_NOT_LOOK)
}

/// The parser's sentence, with its tips and the way to the help as hints, like every other error.
fn in_our_form(rendered: &str) -> String {
    let (mut lines, mut hints) = (Vec::new(), Vec::new());
    for line in rendered.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(tip) = line.trim_start().strip_prefix("tip: ") {
            hints.push(format!("hint: {}", tip.trim_end()));
        } else if line.starts_with("For more information") {
            hints.push("hint: the same command with --help".to_owned());
        } else {
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.append(&mut hints);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn usage_errors_look_like_all_others() {
        let error = crate::cli::Cli::try_parse_from(["keyside", "credentail", "list"]).unwrap_err();
        let text = in_our_form(&error.render().to_string());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "error: unrecognized subcommand 'credentail'");
        assert!(lines[1].starts_with("Usage: keyside"), "{text}");
        assert!(
            lines[2].starts_with("hint: ") && lines[2].contains("'credential'"),
            "{text}"
        );
    }
}
