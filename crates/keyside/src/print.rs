//! Kubernetes objects as JSON, YAML or names; ages as kubectl writes them.

use crate::cli::Format;
use crate::failure::Failure;
use crate::output::Output;
use k8s_openapi::jiff::Timestamp;
use kube::Resource;
use serde::Serialize;
use serde_json::{Value, json};

/// Prints objects as one list.
pub(crate) fn objects<K: Resource<DynamicType = ()> + Serialize>(
    items: &[K],
    format: Option<Format>,
    output: &Output,
) -> Result<(), Failure> {
    if format == Some(Format::Name) {
        for item in items {
            output.line(name_of(item));
        }
        return Ok(());
    }
    let items = items.iter().map(whole).collect::<Result<Vec<_>, _>>()?;
    document(
        &json!({"apiVersion": "v1", "kind": "List", "items": items}),
        format,
        output,
    )
}

/// Prints one object.
pub(crate) fn object<K: Resource<DynamicType = ()> + Serialize>(
    item: &K,
    format: Option<Format>,
    output: &Output,
) -> Result<(), Failure> {
    if format == Some(Format::Name) {
        output.line(name_of(item));
        return Ok(());
    }
    document(&whole(item)?, format, output)
}

/// Prints any value as JSON or YAML.
pub(crate) fn document(value: &Value, format: Option<Format>, output: &Output) -> Result<(), Failure> {
    let text = match format {
        Some(Format::Yaml) => serde_saphyr::to_string(value).map_err(anyhow::Error::from)?,
        _ => serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?,
    };
    output.raw(&text);
    Ok(())
}

/// `TYPE/name`, as kubectl prints it: the group follows for kinds outside of core.
pub(crate) fn name_of<K: Resource<DynamicType = ()>>(item: &K) -> String {
    let kind = K::kind(&()).to_lowercase();
    let group = K::group(&());
    let group = if group.is_empty() || group == keyside_api::GROUP {
        String::new()
    } else {
        format!(".{group}")
    };
    format!(
        "{kind}{group}/{}",
        item.meta().name.as_deref().unwrap_or_default()
    )
}

/// The object with its type, without the bookkeeping of field managers.
pub(crate) fn whole<K: Resource<DynamicType = ()> + Serialize>(item: &K) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(item).map_err(anyhow::Error::from)?;
    value["apiVersion"] = K::api_version(&()).into();
    value["kind"] = K::kind(&()).into();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    Ok(value)
}

/// How long ago, as kubectl's AGE column.
pub(crate) fn age(time: Option<Timestamp>) -> String {
    time.map_or_else(
        || "<unknown>".to_owned(),
        |time| span(Timestamp::now().as_second() - time.as_second()),
    )
}

/// Seconds in kubectl's short form: `42s`, `3m10s`, `2h5m`, `3d`, `2y10d`.
pub(crate) fn span(seconds: i64) -> String {
    let s = seconds.max(0);
    let (m, h, d) = (s / 60, s / 3600, s / 86_400);
    let both = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{small_unit}")
        }
    };
    match () {
        () if s < 120 => format!("{s}s"),
        () if m < 10 => both(m, "m", s % 60, "s"),
        () if m < 180 => format!("{m}m"),
        () if h < 8 => both(h, "h", m % 60, "m"),
        () if h < 48 => format!("{h}h"),
        () if d < 8 => both(d, "d", h % 24, "h"),
        () if d < 730 => format!("{d}d"),
        () if d < 8 * 365 => both(d / 365, "y", d % 365, "d"),
        () => format!("{}y", d / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn ages_read_as_kubectl_writes_them() {
        let ages = [
            0, 119, 120, 130, 599, 600, 10_799, 10_800, 28_799, 28_800, 172_799, 172_800, 259_200, 700_000,
            63_072_000,
        ];
        let texts: Vec<_> = ages.iter().map(|seconds| span(*seconds)).collect();
        assert_eq!(
            texts,
            [
                "0s", "119s", "2m", "2m10s", "9m59s", "10m", "179m", "3h", "7h59m", "8h", "47h", "2d", "3d",
                "8d", "2y"
            ]
        );
    }
}
