//! Finds where two answers differ.

use crate::run::Answer;
use crate::script::Script;
use serde_json::{Value, json};
use std::fmt;

/// One place where the embedded server answers otherwise.
pub(crate) struct Difference {
    pub(crate) area: String,
    pub(crate) script: String,
    step: usize,
    pointer: String,
    theirs: Value,
    ours: Value,
}

impl Difference {
    /// Where, in one line.
    pub(crate) fn place(&self) -> String {
        format!(
            "{} | {} | {} | {}",
            self.area, self.script, self.step, self.pointer
        )
    }

    /// What is different, for a page.
    pub(crate) fn summary(&self) -> String {
        let short = |value: &Value| {
            let text = value.to_string().replace('|', "\\|");
            match text.char_indices().nth(80) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        };
        format!(
            "request {}, `{}`: `{}`, Kubernetes: `{}`",
            self.step,
            self.pointer,
            short(&self.ours),
            short(&self.theirs)
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\n    theirs {}\n    ours   {}",
            self.place(),
            self.theirs,
            self.ours
        )
    }
}

/// All differences of a script.
pub(crate) fn compare(area: &str, script: &Script, theirs: &[Answer], ours: &[Answer]) -> Vec<Difference> {
    let requests =
        |answers: &[Answer]| -> Vec<String> { answers.iter().map(|answer| answer.request.clone()).collect() };
    assert_eq!(
        requests(theirs),
        requests(ours),
        "{} has changed: run `cargo e2e record`",
        script.title
    );
    let mut differences = Vec::new();
    for (at, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        let whole = |answer: &Answer| json!({"status": answer.status, "headers": answer.headers, "body": answer.body});
        let mut found = |pointer: &str, theirs: &Value, ours: &Value| {
            differences.push(Difference {
                area: area.to_owned(),
                script: script.title.clone(),
                step: at + 1,
                pointer: pointer.to_owned(),
                theirs: theirs.clone(),
                ours: ours.clone(),
            });
        };
        walk("", &whole(theirs), &whole(ours), &mut found);
    }
    differences
}

fn walk(pointer: &str, theirs: &Value, ours: &Value, found: &mut impl FnMut(&str, &Value, &Value)) {
    match (theirs, ours) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left
                .keys()
                .chain(right.keys().filter(|key| !left.contains_key(*key)));
            for key in keys {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let absent = json!("(absent)");
                let (left, right) = (
                    left.get(key).unwrap_or(&absent),
                    right.get(key).unwrap_or(&absent),
                );
                walk(&pointer, left, right, found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (at, (left, right)) in left.iter().zip(right).enumerate() {
                walk(&format!("{pointer}/{at}"), left, right, found);
            }
        }
        _ if theirs == ours => {}
        _ => found(pointer, theirs, ours),
    }
}
