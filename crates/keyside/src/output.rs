//! The only place that prints. Results go to stdout, everything else to stderr; colour and progress only on a
//! terminal, and meaning never by colour alone.

use crate::cli::{ColorChoice, Global};
use crate::label::Label;
use indicatif::{ProgressBar, ProgressStyle};
use keyside_core::language::Language;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthStr;

/// A mark before a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Fine.
    Ok,
    /// Doubtful.
    Warn,
    /// Wrong.
    Fail,
}

impl Mark {
    /// The symbol, the word for terminals without it, and the colour.
    fn forms(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ok => ("√", "ok", "32"),
            Self::Warn => ("!", "warn", "33"),
            Self::Fail => ("×", "FAIL", "31"),
        }
    }
}

/// How this run prints.
#[derive(Debug)]
pub(crate) struct Output {
    color: bool,
    color_errors: bool,
    unicode: bool,
    progress: bool,
    quiet: bool,
    language: Language,
}

impl Output {
    /// Looks at the terminal, the flags, `NO_COLOR`, `CLICOLOR_FORCE`, `TERM` and the locale.
    pub(crate) fn new(global: &Global) -> Self {
        let smart = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let color = |terminal: bool| match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR") => false,
            ColorChoice::Auto if set("CLICOLOR_FORCE") => true,
            ColorChoice::Auto => terminal && smart,
        };
        let stderr = std::io::stderr().is_terminal();
        Self {
            color: color(std::io::stdout().is_terminal()),
            color_errors: color(stderr),
            unicode: locale().is_none_or(|locale| locale.to_lowercase().replace('-', "").contains("utf8")),
            progress: stderr && smart && std::env::var_os("CI").is_none(),
            quiet: global.quiet,
            language: Language::of(&global.lang.clone().or_else(messages).unwrap_or_default()),
        }
    }

    /// The language of tables and notes.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Some words in that language.
    pub(crate) fn say(&self, label: Label<'_>) -> String {
        label.text(self.language)
    }

    /// A line of the result.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        let mut out = std::io::stdout().lock();
        // A closed pipe (`| head`) is the reader's decision, not an error of ours.
        let _ = writeln!(out, "{}", printable(text.as_ref()));
        let _ = out.flush();
    }

    /// Machine output, as it is: JSON and YAML escape what must not be printed.
    pub(crate) fn raw(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{}", text.trim_end_matches('\n'));
        let _ = out.flush();
    }

    /// A remark for the person at the terminal (stderr).
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.stderr(text.as_ref());
        }
    }

    /// A warning (stderr).
    pub(crate) fn warning(&self, text: impl AsRef<str>) {
        self.stderr(&format!(
            "{} {}",
            self.paint_error("33", "warning:"),
            text.as_ref()
        ));
    }

    /// `error: …` (stderr).
    pub(crate) fn error(&self, text: &str) {
        self.stderr(&format!("{} {text}", self.paint_error("31;1", "error:")));
    }

    /// `because: …` (stderr).
    pub(crate) fn because(&self, text: &str) {
        self.stderr(&format!("{} {text}", self.paint_error("2", "because:")));
    }

    /// `hint: …` (stderr).
    pub(crate) fn hint(&self, text: &str) {
        self.stderr(&format!("{} {text}", self.paint_error("36", "hint:")));
    }

    fn stderr(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{}", printable_block(text));
    }

    /// A mark in the form the terminal can show, coloured where colour is on.
    pub(crate) fn mark(&self, mark: Mark) -> String {
        let (symbol, word, code) = mark.forms();
        self.paint(code, if self.unicode { symbol } else { word })
    }

    /// As [`Output::mark`], for stderr.
    pub(crate) fn mark_error(&self, mark: Mark) -> String {
        let (symbol, word, code) = mark.forms();
        self.paint_error(code, if self.unicode { symbol } else { word })
    }

    /// Bold on a terminal.
    pub(crate) fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn paint_error(&self, code: &str, text: &str) -> String {
        if self.color_errors {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Starts a step that may take a moment: a spinner on a terminal, one line when done in a pipe.
    pub(crate) fn step(&self, text: &str) -> Step<'_> {
        let bar = (self.progress && !self.quiet).then(|| {
            let bar = ProgressBar::new_spinner().with_message(text.to_owned());
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}")
                .expect("the template is a constant that parses");
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Step {
            output: self,
            bar,
            started: Instant::now(),
        }
    }

    /// Prints rows under a header in columns, Chinese characters counted as two.
    pub(crate) fn table(&self, header: &[&str], rows: &[Vec<String>]) {
        self.table_indented("", header, rows);
    }

    /// As [`Output::table`], each line behind an indent.
    pub(crate) fn table_indented(&self, indent: &str, header: &[&str], rows: &[Vec<String>]) {
        for line in layout(header, rows) {
            self.line(format!("{indent}{line}"));
        }
    }
}

/// How many columns of a terminal a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// A step in progress; says what came of it when done.
pub(crate) struct Step<'a> {
    output: &'a Output,
    bar: Option<ProgressBar>,
    started: Instant,
}

impl Step<'_> {
    /// Ends the step with a line that says what is there now, and how long it took.
    pub(crate) fn done(self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if !self.output.quiet {
            let mark = if self.output.unicode { "√" } else { "ok" };
            let mark = self.output.paint_error("32", mark);
            self.output.stderr(&format!(
                "{mark} {text}  {:.1}s",
                self.started.elapsed().as_secs_f64()
            ));
        }
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A usage error on stderr, before there is an [`Output`].
pub(crate) fn usage(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable_block(text));
}

/// Asks on stderr, so that stdout stays the result's.
pub(crate) fn prompt(question: &str) {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{question}");
    let _ = err.flush();
}

/// Lays rows out in columns separated by three spaces, as kubectl does.
fn layout(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = header.iter().map(|title| title.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let render = |cells: Vec<&str>| {
        let mut line = String::new();
        for (index, cell) in cells.iter().enumerate() {
            line.push_str(cell);
            if index + 1 < cells.len() {
                line.extend(std::iter::repeat_n(' ', widths[index] - cell.width() + 3));
            }
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![render(header.to_vec())];
    lines.extend(
        rows.iter()
            .map(|row| render(row.iter().map(String::as_str).collect())),
    );
    lines
}

/// Leaves what a terminal shows as itself: no control or direction-changing characters that could rewrite the screen.
/// Our own colour codes are built from constants and let through.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(len) = color_code(rest) {
            out.push_str(&rest[..len]);
            rest = &rest[len..];
            continue;
        }
        if is_harmless(c) {
            out.push(c)
        } else {
            out.push_str(&c.escape_unicode().to_string())
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// What a stranger has said, in one line: as [`printable`], but no colour of theirs either.
pub(crate) fn foreign(text: &str) -> String {
    let escaped = |c: char| {
        if is_harmless(c) {
            c.to_string()
        } else {
            c.escape_unicode().to_string()
        }
    };
    text.chars().map(escaped).collect()
}

/// As [`printable`], line breaks kept.
fn printable_block(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// The length of a colour code (`ESC [ digits m`) at the start of the text.
fn color_code(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let digits = body
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b';')
        .count();
    (body.as_bytes().get(digits) == Some(&b'm')).then_some(digits + 3)
}

fn is_harmless(c: char) -> bool {
    let directional =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    c == '\t' || !(c.is_control() || directional)
}

fn set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// The locale of characters, by POSIX order.
fn locale() -> Option<String> {
    first_set(&["LC_ALL", "LC_CTYPE", "LANG"])
}

/// The locale of messages, by POSIX order.
fn messages() -> Option<String> {
    first_set(&["LC_ALL", "LC_MESSAGES", "LANG"])
}

fn first_set(names: &[&str]) -> Option<String> {
    names
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::{layout, printable};

    #[test]
    fn chinese_characters_count_as_two_columns() {
        let rows = vec![
            vec!["商城".to_owned(), "x".to_owned()],
            vec!["shop".to_owned(), "y".to_owned()],
        ];
        assert_eq!(
            layout(&["NAME", "V"], &rows),
            ["NAME   V", "商城   x", "shop   y"]
        );
    }

    #[test]
    fn control_and_direction_characters_are_shown_not_obeyed() {
        assert_eq!(
            printable("a\u{1b}]0;x\u{7}b\u{202e}c 商"),
            "a\\u{1b}]0;x\\u{7}b\\u{202e}c 商"
        );
    }
}
