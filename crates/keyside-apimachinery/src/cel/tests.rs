use super::{COST_OF_ONE, Object, Program, RunError, Type, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn self_type() -> Type {
    let fields = [
        ("name", Type::String),
        ("count", Type::Int),
        ("ratio", Type::Double),
        ("tags", Type::String.list()),
        (
            "labels",
            Type::Map(Arc::new(Type::String), Arc::new(Type::String)),
        ),
        ("any", Type::Dyn),
    ];
    let fields: BTreeMap<String, Type> = fields
        .into_iter()
        .map(|(name, kind)| (name.to_owned(), kind))
        .collect();
    Type::Object(Arc::new(Object {
        name: "self".to_owned(),
        fields,
    }))
}

fn object() -> Value {
    let fields = [
        ("name", Value::text("web")),
        ("count", Value::Int(3)),
        ("tags", Value::list(vec![Value::text("a"), Value::text("b")])),
        ("labels", Value::of_json(&json!({"app": "web"}))),
        ("any", Value::Int(5)),
    ];
    Value::Object(Arc::new(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    ))
}

fn run(source: &str) -> Result<Value, String> {
    let program = Program::compile(source, &[("self".to_owned(), self_type())])?;
    program
        .run(vec![object()], COST_OF_ONE)
        .0
        .map_err(|error| error.to_string())
}

/// Every expression must hold.
fn hold(sources: &[&str]) {
    for source in sources {
        assert!(
            matches!(run(source), Ok(Value::Bool(true))),
            "{source}: {:?}",
            run(source)
        );
    }
}

fn fails(source: &str, expected: &str) {
    match run(source) {
        Err(error) => assert!(error.contains(expected), "{source}: {error}"),
        Ok(value) => panic!("{source} gave {value:?}"),
    }
}

#[test]
fn fields_and_macros() {
    hold(&[
        "self.name == 'web' && self.count > 2",
        "has(self.name) && !has(self.ratio)",
        "self.tags.all(t, t.size() == 1)",
        "self.tags.exists(t, t == 'b')",
        "self.tags.exists_one(t, t == 'b')",
        "self.tags.map(t, t + '!') == ['a!', 'b!']",
        "self.tags.filter(t, t != 'a') == ['b']",
        "self.labels.all(k, self.labels[k] == 'web')",
        "'app' in self.labels && !('b' in self.labels)",
        "self.labels.app == 'web'",
        "self.tags.all(i, t, i < 2 && t < 'c')",
        "self.labels.exists(k, v, k == 'app' && v == 'web')",
        "self.tags.transformMap(i, t, t)[1] == 'b'",
        "self.tags.transformList(i, t, i > 0, t) == ['b']",
        "self.count > 2 ? true : 1 / 0 == 1",
        "self.any == 5 && type(self.any) == int",
        "false || self.tags.size() == 2",
        "self.ratio > 1.0 || true",
        "!(self.ratio > 1.0 && false)",
        "[3, 1, 2].sortBy(n, -n) == [3, 2, 1]",
    ]);
}

#[test]
fn functions_of_text() {
    hold(&[
        "'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c') && 'abc'.matches('^a.c$')",
        "'tacocat'.indexOf('ac') == 1 && 'tacocat'.lastIndexOf('t') == 6 && 'abc'.indexOf('x') == -1",
        "'abc'.charAt(1) == 'b' && 'abc'.substring(1) == 'bc' && 'abc'.substring(0, 2) == 'ab'",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
        "['a', 'b'].join('-') == 'a-b' && ' a '.trim() == 'a' && 'aB'.lowerAscii() == 'ab'",
        "'aaa'.replace('a', 'b', 2) == 'bba'",
        "'abc 123'.find('[0-9]+') == '123' && '123 abc 456'.findAll('[0-9]+') == ['123', '456']",
        "'%s is %s'.format(['x', 'y']) == 'x is y' && '%d, %x'.format([5, 255]) == '5, ff' && '%.2f'.format([1.5]) == '1.50'",
        "size('πέντε') == 5 && string(5) == '5' && int('7') == 7 && double('1.5') == 1.5",
    ]);
}

#[test]
fn functions_of_lists_and_optionals() {
    hold(&[
        "[1, 2, 2].isSorted() && [1, 2].sum() == 3 && [3, 1].min() == 1 && [3, 1].max() == 3",
        "[1, 2, 2].indexOf(2) == 1 && [1, 2, 2].lastIndexOf(2) == 2 && [1, 2].includes(2)",
        "[[1], [2, 3]].flatten() == [1, 2, 3] && [1, 1, 2].distinct() == [1, 2] && [1, 2].reverse() == [2, 1]",
        "sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])",
        "self.?ratio.orValue(2.0) == 2.0 && self.?name.hasValue() && !self.?ratio.hasValue()",
        "self.labels[?'app'].orValue('') == 'web' && self.labels[?'x'].orValue('none') == 'none'",
        "optional.of(1).optMap(x, x + 1).value() == 2 && optional.none().or(optional.of(3)).value() == 3",
        "[1, 2].first().value() == 1 && [?optional.none(), ?optional.of(1)] == [1]",
    ]);
}

#[test]
fn functions_of_kubernetes() {
    hold(&[
        "timestamp('2024-01-01T00:00:00Z') + duration('1h') == timestamp('2024-01-01T01:00:00Z')",
        "timestamp('2024-03-01T10:00:00Z').getFullYear() == 2024 && timestamp('2024-03-01T10:00:00Z').getMonth() == 2",
        "duration('90m').getHours() == 1 && duration('1h') > duration('59m') && string(duration('1m')) == '60s'",
        "url('https://example.com:8443/a?b=c').getHost() == 'example.com:8443' && isURL('https://a/b') && !isURL('a')",
        "url('https://[::1]:80/').getHostname() == '::1' && url('https://a:1/x').getPort() == '1'",
        "url('https://a/?b=c&b=d').getQuery()['b'] == ['c', 'd']",
        "ip('10.0.0.1').family() == 4 && isIP('::1') && ip('127.0.0.1').isLoopback()",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && ip.isCanonical('::1')",
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1500m').add(quantity('500m')) == quantity('2')",
        "isQuantity('5') && !isQuantity('five') && quantity('2k').asInteger() == 2000",
    ]);
}

#[test]
fn numbers_of_different_types_compare_but_do_not_mix() {
    hold(&["1 < 1.5 && 2u > 1", "dyn(1) == dyn(1.0)"]);
    fails(
        "1 + 1.0 == 2.0",
        "found no matching overload for '_+_' applied to '(int, double)'",
    );
    fails(
        "self.count == 'x'",
        "found no matching overload for '_==_' applied to '(int, string)'",
    );
}

#[test]
fn what_cannot_work_is_refused_where_it_stands() {
    let error = run("self.name == 'a' && self.nam == 'b'").unwrap_err();
    assert_eq!(
        error,
        "ERROR: <input>:1:25: undefined field 'nam'\n | self.name == 'a' && self.nam == 'b'\n | ........................^"
    );
    fails("other == 1", "undeclared reference to 'other' (in container '')");
    fails(
        "self.name.frobnicate()",
        "undeclared reference to 'frobnicate' (in container '')",
    );
    fails("self.count.x == 1", "type 'int' does not support field selection");
    fails(
        "self.name.all(x, true)",
        "expression of type 'string' cannot be range of a comprehension",
    );
    fails("self.name.matches('(')", "invalid matches argument");
    fails("duration('soon') == duration('1s')", "invalid duration argument");
    fails("[1, 'a'].size() == 2", "expected type 'int' but found 'string'");
    fails("self.name ==", "Syntax error");
    fails(
        "self.name && true",
        "found no matching overload for '_&&_' applied to '(string, bool)'",
    );
}

#[test]
fn what_fails_says_why() {
    fails("self.ratio == 1.0", "no such key: ratio");
    fails("self.tags[5] == 'a'", "index out of bounds: 5");
    fails("self.labels['x'] == 'a'", "no such key: x");
    fails("1 / 0 == 1", "division by zero");
    fails("9223372036854775807 + 1 == 0", "integer overflow");
    fails("self.any.startsWith('a')", "no such overload");
}

#[test]
fn cost_is_bounded() {
    let many = "[0,1,2,3,4,5,6,7,8,9]";
    let source = (0..8).fold("true".to_owned(), |inner, i| format!("{many}.all(x{i}, {inner})"));
    let program = Program::compile(&source, &[]).unwrap();
    assert_eq!(
        program.run(Vec::new(), COST_OF_ONE).0.unwrap_err(),
        RunError::TooExpensive
    );
    let deep = format!("{}1{}", "(".repeat(200), ")".repeat(200));
    assert!(Program::compile(&deep, &[]).is_err());
}

#[test]
fn a_value_of_unknown_shape_is_a_map() {
    let object: Json = json!({"metadata": {"name": "x", "labels": {"a": "b"}}, "n": [1, 2.5]});
    let holds = |source: &str| {
        let program = Program::compile(source, &[("object".to_owned(), Type::Dyn)]).unwrap();
        matches!(
            program.run(vec![Value::of_json(&object)], COST_OF_ONE).0,
            Ok(Value::Bool(true))
        )
    };
    assert!(holds(
        "object.metadata.name == 'x' && object.metadata.labels['a'] == 'b'"
    ));
    assert!(holds("!has(object.spec) && object.n.exists(x, x == 2.5)"));
}
