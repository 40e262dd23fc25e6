use super::*;
use http::HeaderValue;

fn read(lines: &[&str]) -> Result<Ask, Unreadable> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(
            WWW_AUTHENTICATE,
            HeaderValue::from_bytes(line.as_bytes()).unwrap(),
        );
    }
    Ask::read(&headers)
}

fn bearer(realm: &str, service: &str) -> Result<Ask, Unreadable> {
    Ok(Ask::Bearer(Bearer {
        realm: Some(realm.to_owned()),
        service: Some(service.to_owned()),
        error: None,
    }))
}

#[test]
fn bearer_is_preferred_wherever_it_stands() {
    let expected = bearer("https://r/t", "s, with comma");
    let bearer = r#"Bearer realm="https://r/t",service="s, with comma",scope="repository:a/b:pull,push""#;
    assert_eq!(read(&[bearer]), expected);
    assert_eq!(read(&[&format!(r#"Basic realm="r", {bearer}"#)]), expected);
    assert_eq!(read(&[&format!(r#"{bearer}, Basic realm="r""#)]), expected);
    assert_eq!(read(&[r#"Basic realm="r""#, bearer]), expected);
    assert_eq!(read(&["Negotiate", "NTLM TlRMTVNTUAA=", bearer]), expected);
    assert_eq!(read(&[&format!("Negotiate TlRMTVNTUAA==, {bearer}")]), expected);
}

#[test]
fn case_of_names_does_not_matter_and_quoted_pairs_are_undone() {
    assert_eq!(
        read(&[r#"BEARER REALM="https://r/t" , Service=a"#]),
        bearer("https://r/t", "a")
    );
    assert_eq!(
        read(&[r#"Bearer realm="https://r/\t",service="a\"b\\""#]),
        bearer("https://r/t", r#"a"b\"#)
    );
    assert_eq!(
        read(&[r#"bearer realm = "https://r/t", , service="a","#]),
        bearer("https://r/t", "a")
    );
    assert_eq!(
        read(&["BASIC realm=\"Sonatype Nexus Repository Manager\""]),
        Ok(Ask::Basic)
    );
    assert_eq!(read(&["Basic"]), Ok(Ask::Basic));
}

#[test]
fn nothing_and_unknown_are_told_apart() {
    assert_eq!(read(&[]), Ok(Ask::Nothing));
    assert_eq!(read(&[""]), Ok(Ask::Nothing));
    assert_eq!(read(&["Negotiate"]), Ok(Ask::Unknown));
    // Grammatical: `realm=` is a token68. A Bearer challenge without a realm leads nowhere, and not to Basic either.
    assert_eq!(read(&["Bearer realm="]), Ok(Ask::Bearer(Bearer::default())));
}

#[test]
fn what_breaks_the_grammar_is_never_taken_for_basic() {
    for line in [
        r#"Bearer realm="https://r/t,service=s"#,
        r#"Bearer realm="https://r/t"service="s""#,
        r#"Bearer realm="https://r/t" service="s""#,
        r#"Bearer realm="a",realm="b""#,
        r#"Bearer realm="a",REALM="b""#,
        r#"Bearer realm=https://r/t"#,
        r#"Bearer ="x""#,
        r#"Bearer "x""#,
        r#"Basic realm="r\"#,
        r#"Basic realm="r" x"#,
        r#"=Basic"#,
        "Bas\u{fc}c realm=\"r\"",
        "\"Basic\"",
    ] {
        assert_eq!(read(&[line]), Err(Unreadable), "{line}");
        assert_eq!(
            read(&[r#"Basic realm="r""#, line]),
            Err(Unreadable),
            "after a good one: {line}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn only_what_says_basic_is_basic(line in r#"(Bearer|basic|x)?[ ,="\\a\t]{0,24}(realm|service)?[ -~]{0,12}"#) {
        let says_basic = line.to_ascii_lowercase().contains("basic");
        proptest::prop_assert!(read(&[&line]) != Ok(Ask::Basic) || says_basic);
    }

    #[test]
    fn quoted_values_survive(value in "[ -~]{0,40}") {
        let quoted = value.replace('\\', r"\\").replace('"', "\\\"");
        let line = format!("Basic realm=\"a, b\", bearer service=\"{quoted}\", realm=\"https://r/t\"");
        proptest::prop_assert_eq!(read(&[&line]), bearer("https://r/t", &value));
    }
}
