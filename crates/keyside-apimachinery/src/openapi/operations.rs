//! What can be done at a path: methods, the verbs of discovery that allow them, and their query parameters.

/// Query parameters by name: type and what they say.
pub(super) const QUERY: [(&str, &str, &str); 12] = [
    (
        "allowWatchBookmarks",
        "boolean",
        "Whether a watch sends bookmarks.",
    ),
    (
        "continue",
        "string",
        "Where to go on with a list that was cut; taken from the last answer.",
    ),
    ("dryRun", "string", "All: do everything but keep the result."),
    (
        "fieldManager",
        "string",
        "Who writes, for the ownership of fields. Required for apply.",
    ),
    ("fieldSelector", "string", "Selects objects by fields."),
    (
        "fieldValidation",
        "string",
        "Ignore, Warn or Strict: what unknown and repeated fields lead to.",
    ),
    (
        "force",
        "boolean",
        "Take over fields that others own. Only for apply.",
    ),
    (
        "gracePeriodSeconds",
        "integer",
        "Seconds an object has to end by itself.",
    ),
    ("labelSelector", "string", "Selects objects by labels."),
    ("limit", "integer", "Most objects to answer with at once."),
    (
        "propagationPolicy",
        "string",
        "Orphan, Background or Foreground: what becomes of dependents.",
    ),
    (
        "resourceVersion",
        "string",
        "The version to read at, or to watch from.",
    ),
];

pub(super) const PRETTY: (&str, &str, &str) = (
    "pretty",
    "string",
    "If true, the answer is written for people to read.",
);

/// An operation on a path.
pub(super) struct Operation {
    pub(super) method: &'static str,
    /// `x-kubernetes-action`.
    pub(super) action: &'static str,
    /// The verb of discovery that allows it.
    pub(super) verb: &'static str,
    /// How its id begins.
    pub(super) id: &'static str,
    pub(super) query: &'static [&'static str],
}

const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
const SELECT: &[&str] = &[
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
];

pub(super) const LIST: Operation = Operation {
    method: "get",
    action: "list",
    verb: "list",
    id: "list",
    query: SELECT,
};

pub(super) const COLLECTION: [Operation; 3] = [
    LIST,
    Operation {
        method: "post",
        action: "post",
        verb: "create",
        id: "create",
        query: WRITE,
    },
    Operation {
        method: "delete",
        action: "deletecollection",
        verb: "deletecollection",
        id: "deleteCollection",
        query: &[
            "continue",
            "dryRun",
            "fieldSelector",
            "gracePeriodSeconds",
            "labelSelector",
            "propagationPolicy",
        ],
    },
];

pub(super) const OBJECT: [Operation; 4] = [
    Operation {
        method: "get",
        action: "get",
        verb: "get",
        id: "read",
        query: &["resourceVersion"],
    },
    Operation {
        method: "put",
        action: "put",
        verb: "update",
        id: "replace",
        query: WRITE,
    },
    Operation {
        method: "patch",
        action: "patch",
        verb: "patch",
        id: "patch",
        query: &["dryRun", "fieldManager", "fieldValidation", "force"],
    },
    Operation {
        method: "delete",
        action: "delete",
        verb: "delete",
        id: "delete",
        query: &["dryRun", "gracePeriodSeconds", "propagationPolicy"],
    },
];

pub(super) const CREATE_INSIDE: Operation = Operation {
    method: "post",
    action: "post",
    verb: "create",
    id: "create",
    query: WRITE,
};
