//! The entries of `metadata.managedFields`: who owns which fields, through which kind of write.

use super::set::Set;
use serde_json::{Map, Value, json};

/// More owners through updates than this are summed up, oldest first.
const MAX_UPDATERS: usize = 10;

/// One owner. Applying and updating under the same name makes two.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Owner {
    pub(super) id: Id,
    pub(super) api_version: String,
    /// RFC 3339; absent when the owner never changed anything.
    pub(super) time: Option<String>,
    pub(super) set: Set,
}

/// How an owner writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// What tells owners apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) manager: String,
    pub(super) operation: Operation,
    /// Version written in; appliers have one entry for all versions.
    pub(super) version: Option<String>,
    pub(super) subresource: String,
}

/// All owners of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners {
    all: Vec<Owner>,
}

impl Operation {
    fn word(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

impl Id {
    pub(super) fn new(manager: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let manager = if manager.is_empty() { "unknown" } else { manager };
        Self {
            manager: manager.to_owned(),
            operation,
            version: (operation == Operation::Update).then(|| api_version.to_owned()),
            subresource: subresource.to_owned(),
        }
    }

    /// What owners are ordered by when conflicts are told: upstream's name for the entry, a JSON text.
    pub(super) fn rank(&self) -> String {
        let mut name = json!({"manager": self.manager, "operation": self.operation.word()});
        if let Some(version) = &self.version {
            name["apiVersion"] = version.as_str().into();
        }
        if !self.subresource.is_empty() {
            name["subresource"] = self.subresource.as_str().into();
        }
        name.to_string()
    }

    /// The owner as a conflict names it: `"kubectl" using apps/v1`.
    pub(super) fn phrase(&self) -> String {
        let mut phrase = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            phrase.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if let Some(version) = &self.version {
            phrase.push_str(&format!(" using {version}"));
        }
        phrase
    }
}

impl Owners {
    /// Reads `managedFields`.
    ///
    /// # Errors
    /// An entry that is not understood.
    pub(super) fn read(entries: &Value) -> Result<Self, String> {
        let entries = entries.as_array().into_iter().flatten();
        let all = entries
            .enumerate()
            .map(|(i, entry)| read(i, entry))
            .collect::<Result<_, _>>()?;
        Ok(Self { all })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Owner> {
        self.all.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Owner> {
        self.all.iter_mut()
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Owner> {
        self.all.iter().find(|owner| owner.id == *id)
    }

    /// Adds an owner or takes the place of the one with the same id.
    pub(super) fn put(&mut self, owner: Owner) {
        match self.all.iter_mut().find(|old| old.id == owner.id) {
            Some(old) => *old = owner,
            None => self.all.push(owner),
        }
    }

    /// Removes owners of nothing.
    pub(super) fn drop_empty(&mut self) {
        self.all.retain(|owner| !owner.set.is_empty());
    }

    /// Sums up the oldest owners through updates while there are too many.
    pub(super) fn cap(&mut self) {
        let mut updaters: Vec<Owner> = self
            .all
            .iter()
            .filter(|owner| owner.id.operation == Operation::Update)
            .cloned()
            .collect();
        let mut count = updaters.len();
        updaters.sort_by_key(|owner| (owner.time.clone(), owner.id.rank()));
        let mut first_of_version: Vec<Owner> = Vec::new();
        for owner in updaters {
            if count <= MAX_UPDATERS {
                return;
            }
            let first = first_of_version
                .iter()
                .find(|first| first.api_version == owner.api_version)
                .cloned();
            let Some(first) = first else {
                first_of_version.push(owner);
                continue;
            };
            let id = Id::new("ancient-changes", Operation::Update, &owner.api_version, "");
            let old = self.get(&id).map_or(&first.set, |bucket| &bucket.set);
            let bucket = Owner {
                set: owner.set.union(old),
                id,
                ..owner.clone()
            };
            self.all
                .retain(|other| other.id != owner.id && other.id != first.id);
            self.put(bucket);
            count -= 1;
        }
    }

    /// The entries as they are stored, or null.
    pub(super) fn write(mut self) -> Value {
        if self.all.is_empty() {
            return Value::Null;
        }
        self.all.sort_by(|a, b| {
            let key = |owner: &Owner| (owner.id.operation, owner.time.clone(), owner.id.manager.clone());
            let rest = |owner: &Owner| (owner.api_version.clone(), owner.id.subresource.clone());
            key(a).cmp(&key(b)).then_with(|| rest(a).cmp(&rest(b)))
        });
        self.all.iter().map(write).collect()
    }
}

fn read(i: usize, entry: &Value) -> Result<Owner, String> {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    let operation = match text("operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return Err("operation must be `Apply` or `Update`".into()),
    };
    let api_version = text("apiVersion");
    if api_version.is_empty() {
        return Err("apiVersion must not be empty".into());
    }
    match text("fieldsType") {
        "FieldsV1" => {}
        "" => return Err(format!("missing fieldsType in managed fields entry {i}")),
        other => {
            return Err(format!(
                "invalid fieldsType {other:?} in managed fields entry {i}"
            ));
        }
    }
    let set = Set::from_json(&entry["fieldsV1"]).map_err(|error| format!("error decoding set: {error}"))?;
    let id = Id::new(text("manager"), operation, api_version, text("subresource"));
    Ok(Owner {
        id,
        api_version: api_version.to_owned(),
        time: entry["time"].as_str().map(String::from),
        set,
    })
}

fn write(owner: &Owner) -> Value {
    let mut entry = Map::new();
    entry.insert("manager".into(), owner.id.manager.as_str().into());
    entry.insert("operation".into(), owner.id.operation.word().into());
    entry.insert("apiVersion".into(), owner.api_version.as_str().into());
    if let Some(time) = &owner.time {
        entry.insert("time".into(), time.as_str().into());
    }
    entry.insert("fieldsType".into(), "FieldsV1".into());
    entry.insert("fieldsV1".into(), owner.set.to_json());
    if !owner.id.subresource.is_empty() {
        entry.insert("subresource".into(), owner.id.subresource.as_str().into());
    }
    entry.into()
}

/// Whether a client asks to forget all owners: an empty list, or one empty entry.
pub(super) fn is_reset(entries: &Value) -> bool {
    match entries.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => *one == json!({}),
        _ => false,
    }
}
