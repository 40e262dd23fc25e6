//! Reads scripts: blocks of text, each a title and requests.
//!
//! ```text
//! ### a conflict names the manager and the field
//! POST /api/v1/namespaces/{ns}/configmaps?fieldManager=a
//! {"metadata": {"name": "m"}, "data": {"k": "1"}}
//!
//! APPLY /api/v1/namespaces/{ns}/configmaps/m?fieldManager=b
//! {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": "2"}}
//! ```
//!
//! A request is one line, then headers (`> name: value`), then parts of the answer that alone are kept (`? /json/pointer`),
//! then the body. `{ns}` is a namespace of the script's own; `{1:/metadata/resourceVersion}` is a part of the first answer.
//! `WATCH 3 /path` reads three events; `AWAIT /path` asks until there is something.

use std::path::Path;

/// The scripts of one file.
pub(crate) struct Area {
    pub(crate) name: String,
    /// What the file says about itself in its first line.
    pub(crate) about: String,
    pub(crate) scripts: Vec<Script>,
}

pub(crate) struct Script {
    pub(crate) title: String,
    pub(crate) namespace: String,
    pub(crate) steps: Vec<Step>,
}

pub(crate) struct Step {
    /// The first line, as it is written.
    pub(crate) line: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) picks: Vec<String>,
    pub(crate) body: String,
    /// How many events of a watch are read.
    pub(crate) events: Option<usize>,
    /// Whether it is asked until the answer is 200.
    pub(crate) awaits: bool,
}

/// All scripts of a folder.
pub(crate) fn areas(folder: &Path) -> Vec<Area> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap();
            area(name, &std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn area(name: &str, text: &str) -> Area {
    let mut blocks = text.split("### ");
    let about = blocks
        .next()
        .unwrap_or_default()
        .trim()
        .trim_start_matches("# ")
        .to_owned();
    let scripts = blocks
        .enumerate()
        .map(|(at, block)| {
            let (title, requests) = block.split_once('\n').unwrap();
            Script {
                title: title.trim().to_owned(),
                namespace: format!("golden-{name}-{at}"),
                steps: requests
                    .split("\n\n")
                    .map(str::trim)
                    .filter(|one| !one.is_empty())
                    .map(step)
                    .collect(),
            }
        })
        .collect();
    Area {
        name: name.to_owned(),
        about,
        scripts,
    }
}

fn step(text: &str) -> Step {
    let mut lines = text.lines().peekable();
    let line = lines.next().unwrap();
    let (verb, mut path) = line.split_once(' ').unwrap();
    let mut events = None;
    if verb == "WATCH" {
        let (count, rest) = path.split_once(' ').unwrap();
        events = Some(count.parse().unwrap());
        path = rest;
    }
    let (method, media) = match verb {
        "GET" | "WATCH" | "AWAIT" => ("GET", None),
        "POST" => ("POST", Some("application/json")),
        "PUT" => ("PUT", Some("application/json")),
        "DELETE" => ("DELETE", Some("application/json")),
        "APPLY" => ("PATCH", Some("application/apply-patch+yaml")),
        "JSON-PATCH" => ("PATCH", Some("application/json-patch+json")),
        "MERGE-PATCH" => ("PATCH", Some("application/merge-patch+json")),
        "STRATEGIC-PATCH" => ("PATCH", Some("application/strategic-merge-patch+json")),
        other => panic!("{other} is no request: {line}"),
    };
    let mut headers = Vec::new();
    while let Some(header) = lines.next_if(|line| line.starts_with("> ")) {
        let (name, value) = header[2..].split_once(": ").unwrap();
        headers.push((name.to_owned(), value.to_owned()));
    }
    if let Some(media) = media
        && !headers.iter().any(|(name, _)| name == "content-type")
    {
        headers.push(("content-type".to_owned(), media.to_owned()));
    }
    let mut picks = Vec::new();
    while let Some(pick) = lines.next_if(|line| line.starts_with("? ")) {
        picks.push(pick[2..].to_owned());
    }
    Step {
        line: line.to_owned(),
        method,
        path: path.to_owned(),
        headers,
        picks,
        body: lines.collect::<Vec<_>>().join("\n"),
        events,
        awaits: verb == "AWAIT",
    }
}
