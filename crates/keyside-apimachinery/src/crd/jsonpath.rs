//! `JSONPath` as printer columns and selectable fields use it (`client-go/util/jsonpath`): fields, indices, slices,
//! unions, wildcards, descent and filters such as `.status.conditions[?(@.type=="Ready")].status`.

use serde_json::Value;
use std::cmp::Ordering;

/// A parsed path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Wildcard,
    Descent,
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Union(Vec<Self>),
    Filter(Operand, Option<(Comparison, Operand)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Path(JsonPath),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Reads a path such as `.spec.replicas`; `None` if it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('$').unwrap_or(text);
        Some(Self {
            steps: Reader { rest: text }.steps()?,
        })
    }

    /// The values the path leads to, in document order; missing fields lead nowhere.
    pub(crate) fn find<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![root];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| step.apply(value)).collect();
        }
        found
    }
}

impl Step {
    fn apply<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
            (Self::Wildcard, Value::Object(fields)) => fields.values().collect(),
            (Self::Wildcard, Value::Array(elements)) => elements.iter().collect(),
            (Self::Descent, value) => {
                let mut all = Vec::new();
                descend(value, &mut all);
                all
            }
            (Self::Slice { start, end, step }, Value::Array(elements)) => {
                slice(elements, *start, *end, *step)
            }
            (Self::Union(steps), value) => steps.iter().flat_map(|step| step.apply(value)).collect(),
            (Self::Filter(left, comparison), Value::Array(elements)) => elements
                .iter()
                .filter(|element| holds(left, comparison.as_ref(), element))
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn descend<'a>(value: &'a Value, all: &mut Vec<&'a Value>) {
    all.push(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|value| descend(value, all)),
        Value::Array(elements) => elements.iter().for_each(|value| descend(value, all)),
        _ => {}
    }
}

fn slice(elements: &[Value], start: Option<i64>, end: Option<i64>, step: i64) -> Vec<&Value> {
    let length = elements.len() as i64;
    let from_end = |i: i64| if i < 0 { i + length } else { i };
    let start = from_end(start.unwrap_or(0)).max(0) as usize;
    let end = from_end(end.unwrap_or(length)).clamp(0, length) as usize;
    let Ok(step) = usize::try_from(step) else {
        return Vec::new();
    };
    elements
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .step_by(step.max(1))
        .collect()
}

fn holds(left: &Operand, comparison: Option<&(Comparison, Operand)>, element: &Value) -> bool {
    let of = |operand: &Operand| match operand {
        Operand::Literal(value) => Some(value.clone()),
        Operand::Path(path) => path.find(element).first().map(|value| (*value).clone()),
    };
    let Some(left) = of(left) else { return false };
    let Some((comparison, right)) = comparison else {
        return true;
    };
    let Some(right) = of(right) else { return false };
    let order = match (&left, &right) {
        (Value::Number(l), Value::Number(r)) => l.as_f64().partial_cmp(&r.as_f64()),
        (Value::String(l), Value::String(r)) => Some(l.cmp(r)),
        (l, r) => (l == r).then_some(Ordering::Equal),
    };
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn steps(mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        while !self.rest.is_empty() {
            if self.take("..") {
                steps.push(Step::Descent);
                if !self.rest.starts_with('[') {
                    steps.push(self.name()?);
                }
            } else if self.take(".") {
                // A lone or final dot is the object itself.
                if !self.rest.is_empty() && !self.rest.starts_with('[') {
                    steps.push(self.name()?);
                }
            } else if self.take("[") {
                steps.push(self.bracket()?);
            } else {
                steps.push(self.name()?);
            }
        }
        Some(steps)
    }

    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A field's name; a backslash takes the next character as it is.
    fn name(&mut self) -> Option<Step> {
        let mut name = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' => name.push(chars.next()?.1),
                '.' | '[' => {
                    end = i;
                    break;
                }
                c if c.is_whitespace() || "{}()@,".contains(c) => return None,
                c => name.push(c),
            }
        }
        self.rest = &self.rest[end..];
        match name.as_str() {
            "" => None,
            "*" => Some(Step::Wildcard),
            _ => Some(Step::Field(name)),
        }
    }

    /// What stands between brackets, after the opening one.
    fn bracket(&mut self) -> Option<Step> {
        let inside = self.until_closing()?;
        if let Some(filter) = inside.strip_prefix("?(") {
            return filter_of(filter.strip_suffix(')')?);
        }
        let parts = split_outside_quotes(inside, ',');
        let mut steps = parts
            .iter()
            .map(|part| element(part.trim()))
            .collect::<Option<Vec<Step>>>()?;
        if steps.len() == 1 {
            steps.pop()
        } else {
            Some(Step::Union(steps))
        }
    }

    fn until_closing(&mut self) -> Option<&'a str> {
        let (mut depth, mut quote) = (1, None);
        for (i, c) in self.rest.char_indices() {
            match (quote, c) {
                (Some(q), c) if q == c => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '[') => depth += 1,
                (None, ']') => {
                    depth -= 1;
                    if depth == 0 {
                        let inside = &self.rest[..i];
                        self.rest = &self.rest[i + 1..];
                        return Some(inside);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quote = None;
    text.split(|c: char| {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        quote.is_none() && c == separator
    })
    .collect()
}

fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| *c == '\'' || *c == '"')?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inside.replace(&format!("\\{quote}"), &quote.to_string()))
}

fn element(text: &str) -> Option<Step> {
    if text == "*" {
        return Some(Step::Wildcard);
    }
    if let Some(name) = unquoted(text) {
        return Some(Step::Field(name));
    }
    let numbers = text.split(':').map(|part| match part.trim() {
        "" => Some(None),
        part => part.parse::<i64>().ok().map(Some),
    });
    match numbers.collect::<Option<Vec<Option<i64>>>>()?[..] {
        [Some(at)] => Some(Step::Slice {
            start: Some(at),
            end: (at != -1).then_some(at + 1),
            step: 1,
        }),
        [start, end] => Some(Step::Slice { start, end, step: 1 }),
        [start, end, step] => Some(Step::Slice {
            start,
            end,
            step: step.unwrap_or(1),
        }),
        _ => None,
    }
}

fn filter_of(text: &str) -> Option<Step> {
    const COMPARISONS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let (mut quote, mut split) = (None, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, _) => {
                split = COMPARISONS
                    .iter()
                    .find(|(sign, _)| text[i..].starts_with(sign))
                    .map(|found| (i, found));
                if split.is_some() {
                    break;
                }
            }
        }
    }
    let Some((at, (sign, comparison))) = split else {
        return Some(Step::Filter(operand(text)?, None));
    };
    let (left, right) = (operand(&text[..at])?, operand(&text[at + sign.len()..])?);
    Some(Step::Filter(left, Some((*comparison, right))))
}

fn operand(text: &str) -> Option<Operand> {
    let text = text.trim();
    if let Some(path) = text.strip_prefix('@') {
        return JsonPath::parse(path).map(Operand::Path);
    }
    let value = match unquoted(text) {
        Some(text) => Value::String(text),
        None => serde_json::from_str(text)
            .ok()
            .filter(|v: &Value| !v.is_object() && !v.is_array())?,
    };
    Some(Operand::Literal(value))
}

#[cfg(test)]
mod tests {
    use super::JsonPath;
    use serde_json::{Value, json};

    fn check(path: &str, expected: &Value) {
        let object = json!({
            "spec": {"a.b": 1, "list": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, {"n": "z"}]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Old", "status": "False"}]},
        });
        let path = JsonPath::parse(path).unwrap_or_else(|| panic!("{path} should parse"));
        let found = path.find(&object).into_iter().cloned().collect();
        assert_eq!(&Value::Array(found), expected);
    }

    #[test]
    fn fields_indices_and_slices() {
        check(".spec.list[0].n", &json!(["x"]));
        check(".spec.list[-1].n", &json!(["z"]));
        check(".spec.list[1:].n", &json!(["y", "z"]));
        check(".spec.list[*].v", &json!([1, 2]));
        check(".spec.list[0,2].n", &json!(["x", "z"]));
        check(r".spec.a\.b", &json!([1]));
        check(".spec['a.b']", &json!([1]));
        check(".spec.missing.deeper", &json!([]));
        check("..v", &json!([1, 2]));
    }

    #[test]
    fn filters() {
        check(
            r#".status.conditions[?(@.type=="Ready")].status"#,
            &json!(["True"]),
        );
        check(".status.conditions[?(@.type == 'Old')].status", &json!(["False"]));
        check(".spec.list[?(@.v > 1)].n", &json!(["y"]));
        check(".spec.list[?(@.v)].n", &json!(["x", "y"]));
        check(".spec.list[?(@.n != 'x')].n", &json!(["y", "z"]));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [".a[", ".a['x]", ".a[x]", ".a b", ".a[?(@.b==)]"] {
            assert_eq!(JsonPath::parse(text), None, "{text}");
        }
    }
}
