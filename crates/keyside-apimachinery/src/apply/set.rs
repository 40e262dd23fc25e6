//! Sets of fields, as trees: what a manager owns, what a write changed. On the wire a set is a `FieldsV1` object.

use super::step::Step;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A set of fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Set {
    nodes: BTreeMap<Step, Node>,
}

/// What a set holds at one step and below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Whether the field itself belongs to the set.
    pub(super) member: bool,
    /// What belongs to it inside the field.
    pub(super) children: Set,
}

impl Node {
    /// The field itself and nothing inside.
    pub(super) fn leaf() -> Self {
        Self {
            member: true,
            children: Set::default(),
        }
    }

    /// Fields inside, not the field itself.
    pub(super) fn inside(children: Set) -> Self {
        Self {
            member: false,
            children,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }
}

impl Set {
    /// Top-level fields, whole.
    pub(super) fn of_fields(names: &[&str]) -> Self {
        names
            .iter()
            .map(|name| (Step::Field((*name).to_owned()), Node::leaf()))
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(super) fn get(&self, step: &Step) -> Option<&Node> {
        self.nodes.get(step)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Step, &Node)> {
        self.nodes.iter()
    }

    /// Adds what a node holds.
    pub(super) fn insert(&mut self, step: Step, node: Node) {
        if node.is_empty() {
            return;
        }
        let old = self.nodes.entry(step).or_default();
        old.member |= node.member;
        old.children = old.children.union(&node.children);
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (step, node) in &other.nodes {
            all.insert(step.clone(), node.clone());
        }
        all
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        self.map(|step, node| match other.get(step) {
            None => Node::default(),
            Some(other) => Node {
                member: node.member && other.member,
                children: node.children.intersection(&other.children),
            },
        })
    }

    /// What is here and not there, field by field: a member there does not take away what is inside it here.
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.map(|step, node| match other.get(step) {
            None => node.clone(),
            Some(other) => Node {
                member: node.member && !other.member,
                children: node.children.difference(&other.children),
            },
        })
    }

    /// What is here and neither there nor inside a member there.
    pub(super) fn without(&self, other: &Self) -> Self {
        self.map(|step, node| match other.get(step) {
            None => node.clone(),
            Some(other) if other.member => Node::default(),
            Some(other) => Node {
                member: node.member,
                children: node.children.without(&other.children),
            },
        })
    }

    fn map(&self, change: impl Fn(&Step, &Node) -> Node) -> Self {
        self.nodes
            .iter()
            .map(|(step, node)| (step.clone(), change(step, node)))
            .collect()
    }

    /// The paths of all members, outer ones first.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect_paths("", &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &str, paths: &mut Vec<String>) {
        let members = self.nodes.iter().filter(|(_, node)| node.member);
        paths.extend(members.map(|(step, _)| format!("{prefix}{step}")));
        for (step, node) in &self.nodes {
            node.children.collect_paths(&format!("{prefix}{step}"), paths);
        }
    }

    /// The set as `FieldsV1`.
    pub(super) fn to_json(&self) -> Value {
        let fields = self.nodes.iter().map(|(step, node)| {
            let mut inside = node.children.to_json();
            if let Value::Object(fields) = &mut inside
                && node.member
                && !fields.is_empty()
            {
                fields.shift_insert(0, ".".into(), Map::new().into());
            }
            (step.wire(), inside)
        });
        Value::Object(fields.collect())
    }

    /// Reads `FieldsV1`.
    ///
    /// # Errors
    /// What is malformed.
    pub(super) fn from_json(fields: &Value) -> Result<Self, String> {
        let mut set = Self::default();
        for (key, inside) in fields
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != ".")
        {
            if let Some(step) = Step::parse(key)? {
                let children = Self::from_json(inside)?;
                let member = children.is_empty() || inside.get(".").is_some();
                set.insert(step, Node { member, children });
            }
        }
        Ok(set)
    }
}

impl FromIterator<(Step, Node)> for Set {
    fn from_iter<I: IntoIterator<Item = (Step, Node)>>(nodes: I) -> Self {
        Self {
            nodes: nodes.into_iter().filter(|(_, node)| !node.is_empty()).collect(),
        }
    }
}
