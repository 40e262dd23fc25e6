//! The `auth` field of a docker config entry: `base64(user:password)`, decoded exactly as the kubelet does.
//!
//! The rules are those of Go's `encoding/base64` and of `decodeDockerConfigFieldAuth` in `pkg/credentialprovider/config.go`: padded if
//! the text ends in `=`, else unpadded; line breaks inside are skipped; spare bits of the last digit are not checked. General decoders
//! for Rust are stricter in one point or laxer in another, and none reports Go's offsets, which people see in events.

use zeroize::Zeroizing;

use crate::credential::Secret;

/// Why an `auth` field cannot be used, in the kubelet's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFieldError {
    /// Not base64; the offset is the one Go reports.
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// Base64 of something without a colon.
    #[error("unable to parse auth field, must be formatted as base64(username:password)")]
    NoColon,
}

/// User and password in a non-empty `auth` field.
pub(crate) fn decode(field: &[u8]) -> Result<(Secret, Secret), AuthFieldError> {
    let decoded = decode_base64(field, is_padded(field)).map_err(AuthFieldError::Base64)?;
    let colon = decoded
        .iter()
        .position(|&byte| byte == b':')
        .ok_or(AuthFieldError::NoColon)?;
    Ok((
        Secret::from(&decoded[..colon]),
        Secret::from(&decoded[colon + 1..]),
    ))
}

/// Whether the field is decoded with padding. Blanks around it count here, although they are errors in the decoding itself.
pub(crate) fn is_padded(field: &[u8]) -> bool {
    String::from_utf8_lossy(field).trim_end().ends_with('=')
}

/// Decodes four digits at a time. The error is the offset that Go reports.
fn decode_base64(input: &[u8], padded: bool) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut out = Zeroizing::new(Vec::with_capacity(input.len() / 4 * 3 + 3));
    let mut at = 0;
    while at < input.len() {
        let mut digits = [0_u8; 4];
        let mut count = 0;
        while count < 4 {
            let Some(&byte) = input.get(at) else {
                if count == 0 {
                    return Ok(out);
                }
                if count == 1 || padded {
                    // Go counts back over the digits, not over line breaks between them.
                    return Err(at - count);
                }
                break;
            };
            at += 1;
            match digit(byte) {
                Some(value) => {
                    digits[count] = value;
                    count += 1;
                }
                None if matches!(byte, b'\n' | b'\r') => {}
                None if byte == b'=' && padded => {
                    at = finish_padding(input, at, count)?;
                    break;
                }
                None => return Err(at - 1),
            }
        }
        let bits = digits
            .iter()
            .fold(0_u32, |bits, &digit| bits << 6 | u32::from(digit));
        // Two digits hold one byte, three hold two, four hold three.
        out.extend_from_slice(&bits.to_be_bytes()[1..count.max(1)]);
    }
    Ok(out)
}

/// Checks what follows the first `=`, which stands before `at`: a second one after two digits, then nothing but line breaks.
fn finish_padding(input: &[u8], mut at: usize, digits: usize) -> Result<usize, usize> {
    if digits < 2 {
        return Err(at - 1);
    }
    if digits == 2 {
        at = skip_line_breaks(input, at);
        match input.get(at) {
            None => return Err(input.len()),
            Some(b'=') => at += 1,
            Some(_) => return Err(at - 1),
        }
    }
    at = skip_line_breaks(input, at);
    if at < input.len() { Err(at) } else { Ok(at) }
}

fn skip_line_breaks(input: &[u8], mut at: usize) -> usize {
    while matches!(input.get(at), Some(b'\n' | b'\r')) {
        at += 1;
    }
    at
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &str, expected: Result<(&str, &str), &str>) {
        let decoded = decode(field.as_bytes());
        match (&decoded, expected) {
            (Ok((user, password)), Ok((wanted_user, wanted_password))) => {
                assert_eq!(
                    (user.expose_text(), password.expose_text()),
                    (wanted_user.into(), wanted_password.into()),
                    "{field:?}"
                );
            }
            (Err(error), Err(wanted)) => assert_eq!(error.to_string(), wanted, "{field:?}"),
            _ => panic!("{field:?}: {:?}, expected {expected:?}", decoded.err()),
        }
    }

    #[test]
    fn padding_is_needed_exactly_when_the_text_ends_in_an_equals_sign() {
        check("Zm9vOmJhcg==", Ok(("foo", "bar")));
        check("Zm9vOmJhcg", Ok(("foo", "bar")));
        check("Zm9vOmJhcg=", Err("illegal base64 data at input byte 11"));
        check("Zm9vOmJhcg===", Err("illegal base64 data at input byte 12"));
        check("Zm9vOmJhcg==Og", Err("illegal base64 data at input byte 10"));
    }

    #[test]
    fn line_breaks_are_skipped_and_blanks_are_not() {
        check("Zm9v\r\nOmJhcg=\n=\n", Ok(("foo", "bar")));
        check(" Zm9vOmJhcg==", Err("illegal base64 data at input byte 0"));
        check("Zm9vOmJhcg== ", Err("illegal base64 data at input byte 12"));
    }

    #[test]
    fn spare_bits_are_ignored() {
        check("Zm9vOmJhch==", Ok(("foo", "bar")));
    }

    #[test]
    fn the_first_colon_splits_and_either_half_may_be_empty() {
        check("dTpwOmE6cw==", Ok(("u", "p:a:s")));
        check("Og==", Ok(("", "")));
        check("OnBhc3M=", Ok(("", "pass")));
        check(
            "cGFudHM=",
            Err("unable to parse auth field, must be formatted as base64(username:password)"),
        );
    }
}
