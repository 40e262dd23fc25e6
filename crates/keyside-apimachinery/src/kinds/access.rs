//! Reading fields of JSON objects whose shape was already checked: absent, null and of the wrong type all read as
//! nothing, because the schema has refused the last one before.

use serde_json::Value;
