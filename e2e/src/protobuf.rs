//! Writes the table of field numbers by which the API server reads protobuf: facts of the Kubernetes API (names, numbers,
//! types), taken from the tags of its Go types. Which scalars are pointers matters: for the others zero means "not given".
//!
//! One line a message: `core/v1.Pod 1=metadata:meta/v1.ObjectMeta 2=spec:core/v1.PodSpec …`. A name of `-` is inlined.
//! Types: `s` text, `y` bytes, `i` whole number, `f` float, `t` truth, else a message; before it `?` for a pointer, `*` for a
//! list, `%` for a map from text.

use crate::{root, say};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Short name of a package, module, and folder in it.
const PACKAGES: [(&str, &str, &str); 21] = [
    ("meta/v1", "k8s.io/apimachinery", "pkg/apis/meta/v1"),
    ("core/v1", "k8s.io/api", "core/v1"),
    ("apps/v1", "k8s.io/api", "apps/v1"),
    ("batch/v1", "k8s.io/api", "batch/v1"),
    ("coordination.k8s.io/v1", "k8s.io/api", "coordination/v1"),
    ("rbac.authorization.k8s.io/v1", "k8s.io/api", "rbac/v1"),
    ("authentication.k8s.io/v1", "k8s.io/api", "authentication/v1"),
    ("authorization.k8s.io/v1", "k8s.io/api", "authorization/v1"),
    (
        "admissionregistration.k8s.io/v1",
        "k8s.io/api",
        "admissionregistration/v1",
    ),
    ("events.k8s.io/v1", "k8s.io/api", "events/v1"),
    ("discovery.k8s.io/v1", "k8s.io/api", "discovery/v1"),
    ("policy/v1", "k8s.io/api", "policy/v1"),
    ("scheduling.k8s.io/v1", "k8s.io/api", "scheduling/v1"),
    ("storage.k8s.io/v1", "k8s.io/api", "storage/v1"),
    ("networking.k8s.io/v1", "k8s.io/api", "networking/v1"),
    ("autoscaling/v1", "k8s.io/api", "autoscaling/v1"),
    ("autoscaling/v2", "k8s.io/api", "autoscaling/v2"),
    ("certificates.k8s.io/v1", "k8s.io/api", "certificates/v1"),
    ("node.k8s.io/v1", "k8s.io/api", "node/v1"),
    (
        "apiregistration.k8s.io/v1",
        "k8s.io/kube-aggregator",
        "pkg/apis/apiregistration/v1",
    ),
    (
        "apiextensions.k8s.io/v1",
        "k8s.io/apiextensions-apiserver",
        "pkg/apis/apiextensions/v1",
    ),
];

/// Types whose form on the wire has nothing to do with their form in JSON; the reader knows them by name.
const SPECIAL: [&str; 13] = [
    "meta/v1.Time",
    "meta/v1.MicroTime",
    "meta/v1.Duration",
    "meta/v1.FieldsV1",
    "Quantity",
    "IntOrString",
    "RawExtension",
    "apiextensions.k8s.io/v1.JSON",
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrArray",
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrBool",
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrStringArray",
    "meta/v1.Verbs",
    "UID",
];

/// Writes the table.
pub(crate) fn run() -> Result<()> {
    let mut types = BTreeMap::new();
    for (short, module, folder) in PACKAGES {
        let dir = module_dir(module)?.join(folder);
        read_package(short, &dir, &mut types)?;
    }
    let mut table = String::new();
    let mut messages = 0;
    for (name, declared) in &types {
        let Declared::Struct(fields) = declared else {
            continue;
        };
        messages += 1;
        table.push_str(name);
        for field in fields {
            // What lives in a package that is not served (alpha fields) is not read.
            if let Some(code) = code(&field.go, &types) {
                write!(table, " {}={}:{code}", field.number, field.json)?;
            }
        }
        table.push('\n');
    }
    let path = root().join("crates/keyside-apimachinery/src/protobuf/fields.txt");
    std::fs::write(&path, table)?;
    say(&format!("{messages} messages in {}", path.display()));
    Ok(())
}

enum Declared {
    Struct(Vec<Field>),
    /// Another name for this Go type.
    Named(String),
}

struct Field {
    number: u32,
    /// `-` where it is inlined.
    json: String,
    /// The Go type, packages by their short names.
    go: String,
}

fn module_dir(module: &str) -> Result<PathBuf> {
    let output = Command::new("go")
        .args(["list", "-m", "-f", "{{.Dir}}", module])
        .current_dir(root().join("e2e/go/kubernetes"))
        .output()
        .context("cannot start go")?;
    let dir = String::from_utf8(output.stdout)?.trim().to_owned();
    if dir.is_empty() {
        bail!("{module} is not downloaded: run `go mod download` in e2e/go/kubernetes");
    }
    Ok(PathBuf::from(dir))
}

fn read_package(short: &str, dir: &Path, types: &mut BTreeMap<String, Declared>) -> Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if !name.ends_with(".go")
            || name.ends_with("_test.go")
            || name.starts_with("zz_")
            || name == "generated.pb.go"
        {
            continue;
        }
        read_file(short, &std::fs::read_to_string(&path)?, types);
    }
    Ok(())
}

/// Reads the type declarations of one file, line by line: gofmt leaves one form only.
fn read_file(short: &str, text: &str, types: &mut BTreeMap<String, Declared>) {
    let imports = imports(text);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((name, rest)) = line.strip_prefix("type ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let name = format!("{short}.{name}");
        if rest == "struct{}" {
            types.insert(name, Declared::Struct(Vec::new()));
            continue;
        }
        if rest != "struct {" {
            types
                .entry(name)
                .or_insert_with(|| Declared::Named(resolve(rest, short, &imports)));
            continue;
        }
        let body = lines.by_ref().take_while(|line| *line != "}");
        let fields: Vec<Field> = body.filter_map(|line| field(line, short, &imports)).collect();
        types.insert(name, Declared::Struct(fields));
    }
}

/// Alias and short package name of each import we know.
fn imports(text: &str) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let Some((before, rest)) = line.split_once('"') else {
            continue;
        };
        let Some(path) = rest.strip_suffix('"') else {
            continue;
        };
        let package = PACKAGES
            .iter()
            .find(|(_, module, folder)| path == format!("{module}/{folder}"));
        if let Some((short, _, _)) = package {
            let alias = before.trim().trim_start_matches("import").trim();
            let alias = if alias.is_empty() {
                path.rsplit('/').next().unwrap_or_default()
            } else {
                alias
            };
            known.insert(alias.to_owned(), (*short).to_owned());
        }
    }
    known
}

/// A name, a type and tags in back-quotes, or an embedded type and its tags.
fn field(line: &str, short: &str, imports: &BTreeMap<String, String>) -> Option<Field> {
    let (declaration, tags) = line.trim().split_once('`')?;
    let tag = |name: &str| {
        tags.split_once(&format!("{name}:\""))
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(value, _)| value)
    };
    let number = tag("protobuf")?.split(',').nth(1)?.parse().ok()?;
    let json = tag("json")?.split(',').next().unwrap_or_default();

    let inline = json.is_empty();
    let go = declaration.split_whitespace().last()?;
    Some(Field {
        number,
        json: if inline { "-".to_owned() } else { json.to_owned() },
        go: resolve(go, short, imports),
    })
}

/// A Go type with packages by their short names.
fn resolve(go: &str, short: &str, imports: &BTreeMap<String, String>) -> String {
    for prefix in ["*", "[]", "map[string]"] {
        if let Some(rest) = go.strip_prefix(prefix) {
            return format!("{prefix}{}", resolve(rest, short, imports));
        }
    }
    if let Some(rest) = go
        .strip_prefix("map[")
        .and_then(|rest| rest.split_once(']'))
        .map(|(_, value)| value)
    {
        return format!("map[string]{}", resolve(rest, short, imports));
    }
    let go = go.split_whitespace().next().unwrap_or_default();
    match go.split_once('.') {
        Some((_, "Quantity")) => "Quantity".to_owned(),
        Some((_, "IntOrString")) => "IntOrString".to_owned(),
        Some((_, "RawExtension")) => "RawExtension".to_owned(),
        Some(("types", _)) => "string".to_owned(),
        Some((alias, name)) => format!("{}.{name}", imports.get(alias).map_or(alias, String::as_str)),
        None if is_basic(go) => go.to_owned(),
        None => format!("{short}.{go}"),
    }
}

fn is_basic(go: &str) -> bool {
    matches!(
        go,
        "string"
            | "bool"
            | "int32"
            | "int64"
            | "int"
            | "uint32"
            | "uint64"
            | "float64"
            | "byte"
            | "error"
            | "func"
            | "interface{"
    )
}

/// The table's form of a Go type.
fn code(go: &str, types: &BTreeMap<String, Declared>) -> Option<String> {
    if go == "[]byte" {
        return Some("y".to_owned());
    }
    for (prefix, mark) in [("*", "?"), ("[]", "*"), ("map[string]", "%")] {
        if let Some(rest) = go.strip_prefix(prefix) {
            return Some(format!("{mark}{}", code(rest, types)?));
        }
    }
    Some(match go {
        "string" => "s".to_owned(),
        "bool" => "t".to_owned(),
        "int32" | "int64" | "int" | "uint32" | "uint64" => "i".to_owned(),
        "float64" => "f".to_owned(),
        special if SPECIAL.contains(&special) => special.to_owned(),
        name => match types.get(name) {
            Some(Declared::Struct(_)) => name.to_owned(),
            Some(Declared::Named(other)) => code(other, types)?,
            None => return None,
        },
    })
}
