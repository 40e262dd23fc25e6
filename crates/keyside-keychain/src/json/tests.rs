//! Go's words for what is wrong, and its leniency for what is not.

use super::*;

#[test]
fn names_are_compared_without_case() {
    for name in ["auths", "AUTHS", "Auths", "auth\u{17f}"] {
        assert!(same_name(name, "auths"), "{name}");
    }
    for name in ["auth", "authss", "äuths", ""] {
        assert!(!same_name(name, "auths"), "{name}");
    }
}

fn refused(text: &[u8], message: &str) {
    let error = check(text).err().map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some(message),
        "{}",
        String::from_utf8_lossy(text)
    );
}

#[test]
fn errors_are_told_in_the_words_of_go() {
    refused(b"", "unexpected end of JSON input");
    refused(b"{\"a\"", "unexpected end of JSON input");
    refused(b"{\"a\":1", "unexpected end of JSON input");
    refused(b"\"a", "unexpected end of JSON input");
    refused(
        b"{,}",
        "invalid character ',' looking for beginning of object key string",
    );
    refused(b"{\"a\" 1}", "invalid character '1' after object key");
    refused(
        b"{\"a\":1,}",
        "invalid character '}' looking for beginning of object key string",
    );
    refused(b"[1,]", "invalid character ']' looking for beginning of value");
    refused(b"[1 2]", "invalid character '2' after array element");
    refused(b"01", "invalid character '1' after top-level value");
    refused(b"-x", "invalid character 'x' in numeric literal");
    refused(
        b"1.x",
        "invalid character 'x' after decimal point in numeric literal",
    );
    refused(b"1e+x", "invalid character 'x' in exponent of numeric literal");
    refused(b"\"\\x\"", "invalid character 'x' in string escape code");
    refused(
        b"\"\\u12g4\"",
        "invalid character 'g' in \\u hexadecimal character escape",
    );
    refused(b"tru3", "invalid character '3' in literal true (expecting 'e')");
    refused(b"fals", "invalid character ' ' in literal false (expecting 'e')");
    refused(b"nul", "invalid character ' ' in literal null (expecting 'l')");
    refused(b"-", "invalid character ' ' in numeric literal");
}

#[test]
fn the_offending_byte_is_shown_as_go_quotes_it() {
    refused(b"'", "invalid character '\\'' looking for beginning of value");
    refused(b"\\", "invalid character '\\\\' looking for beginning of value");
    refused(b"\x07", "invalid character '\\a' looking for beginning of value");
    refused(
        b"\x01",
        "invalid character '\\x01' looking for beginning of value",
    );
    refused(
        b"\x7f",
        "invalid character '\\x7f' looking for beginning of value",
    );
    refused(b"\xef", "invalid character 'ï' looking for beginning of value");
    refused(
        b"\xad",
        "invalid character '\\u00ad' looking for beginning of value",
    );
}

#[test]
fn only_a_number_beyond_a_float_is_noted() {
    let noted = |text: &str| check(text.as_bytes()).unwrap().number_out_of_range;
    assert!(noted("[1,{\"x\":-1e999}]"));
    assert!(!noted("[1e-999,123456789012345678901234567890,\"1e999\"]"));
}

#[test]
fn members_are_slices_of_the_original() {
    let object = br#" { "a" : [1, "]}"] ,"b\"":{"c":{}}, "d":-1.5e3,"e":null } "#;
    let members: Vec<_> = members(object)
        .map(|(name, value)| [name, value].map(|part| String::from_utf8_lossy(part).into_owned()))
        .collect();
    assert_eq!(
        members,
        [
            ["\"a\"", "[1, \"]}\"]"],
            ["\"b\\\"\"", "{\"c\":{}}"],
            ["\"d\"", "-1.5e3"],
            ["\"e\"", "null"]
        ]
        .map(|pair| pair.map(str::to_owned))
    );
    assert_eq!(super::members(b"[1]").count(), 0);
    assert_eq!(super::members(b"{}").count(), 0);
}

fn decoded(quoted: &[u8], expected: &str, replaced: bool) {
    let (text, was_replaced) = string(quoted);
    assert_eq!(
        (text.as_str(), was_replaced),
        (expected, replaced),
        "{}",
        String::from_utf8_lossy(quoted)
    );
}

#[test]
fn strings_are_decoded_and_bad_text_is_replaced_byte_by_byte() {
    decoded(br#""a\u00e9\ud83d\ude00\n\/""#, "aé😀\n/", false);
    decoded(br#""\ud83dx""#, "\u{fffd}x", true);
    decoded(br#""\ud83d\u0041""#, "\u{fffd}A", true);
    decoded(br#""\ude00""#, "\u{fffd}", true);
    decoded(b"\"\xf0\x9f\x98\"", "\u{fffd}\u{fffd}\u{fffd}", true);
}

#[test]
fn strings_are_written_as_go_writes_them() {
    let written = |value: &[u8], escape| {
        let mut out = Vec::new();
        write_string(&mut out, value, escape);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        written("<é>&\u{2028}\u{1}\u{7f}\"".as_bytes(), Escape::Plain),
        "\"<é>&\\u2028\\u0001\u{7f}\\\"\""
    );
    assert_eq!(written(b"<&>", Escape::Html), r#""\u003c\u0026\u003e""#);
    assert_eq!(written(b"a\xffb", Escape::Plain), r#""a\ufffdb""#);
}
