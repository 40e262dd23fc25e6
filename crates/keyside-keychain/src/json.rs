//! JSON exactly as Go's `encoding/json` reads and writes it.
//!
//! A pull secret is read by programs written in Go. Where they differ from a strict reader (names without regard to case, bad UTF-8,
//! ten thousand levels of depth), a strict reader would call a working Secret broken or a broken one good. Reading is therefore done
//! in two steps like there: [`check`] the grammar of the whole text, then walk only the parts that matter with [`members`]. What
//! nobody reads is never decoded; it stays a slice of the original and survives a round trip byte for byte.

mod scan;
mod text;
mod walk;

pub use scan::SyntaxError;
pub(crate) use scan::check;
pub use text::Escape;
pub(crate) use text::{string, write_string};
pub(crate) use walk::{Kind, kind, members};

/// Whether Go would take `name` for the struct field `field`: equal without regard to case, where the two non-ASCII characters that
/// fold to an ASCII letter count too. `field` must be lower-case ASCII.
pub(crate) fn same_name(name: &str, field: &str) -> bool {
    let folded = name.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(field.chars())
}

#[cfg(test)]
mod tests;
