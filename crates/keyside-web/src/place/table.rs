//! Projects as the API server prints them (`meta.k8s.io` `Table`): title, home, how many namespaces and whether that is
//! well, in a few bytes each. The object itself names every namespace, ten thousand of them if need be.

use super::super::failure::Failure;
use super::seen::permitted;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use keyside_api::{Project, ProjectSpec, ProjectStatus};
use kube::Client;
use kube::Resource as _;
use kube::api::ListParams;
use kube::core::Request;
use serde::Deserialize;
use serde_json::Value;

/// How many Projects a page chooses from; any other is reached by its name.
const MOST: u32 = 500;

/// What is asked for, as kubectl does.
const ACCEPT: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    #[serde(default)]
    column_definitions: Vec<Column>,
    #[serde(default)]
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

#[derive(Deserialize)]
struct Row {
    cells: Vec<Value>,
}

/// The first Projects, without the names of their namespaces; none where the user may not list them.
pub(super) async fn projects(client: &Client) -> Result<Option<Vec<Project>>, Failure> {
    let parameters = ListParams::default().limit(MOST);
    let ours = |error: &dyn std::error::Error| Failure::Ours(error.to_string());
    let mut request = Request::new(Project::url_path(&(), None))
        .list(&parameters)
        .map_err(|error| ours(&error))?;
    // Not even the metadata: who owns which field names every namespace once more.
    let address = format!("{}&includeObject=None", request.uri());
    *request.uri_mut() = address
        .parse()
        .map_err(|error: http::uri::InvalidUri| ours(&error))?;
    let accept = http::HeaderValue::from_static(ACCEPT);
    request.headers_mut().insert(http::header::ACCEPT, accept);
    let table: Option<Table> = permitted(client.request(request).await)?;
    Ok(table.map(|table| table.projects()))
}

impl Table {
    fn projects(&self) -> Vec<Project> {
        self.rows.iter().filter_map(|row| self.project(row)).collect()
    }

    fn cell<'a>(&self, row: &'a Row, name: &str) -> Option<&'a Value> {
        let at = self.column_definitions.iter().position(|one| one.name == name)?;
        row.cells.get(at)
    }

    fn text(&self, row: &Row, name: &str) -> Option<String> {
        let text = self.cell(row, name)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn project(&self, row: &Row) -> Option<Project> {
        let metadata = ObjectMeta {
            name: Some(self.text(row, "Name")?),
            ..ObjectMeta::default()
        };
        let spec = ProjectSpec {
            display_name: self.text(row, "Title"),
            home_namespace: self.text(row, "Home"),
            rancher_project_id: self.text(row, "Rancher"),
            ..ProjectSpec::default()
        };
        let ready = self.text(row, "Ready").map(|status| Condition {
            type_: "Ready".to_owned(),
            status,
            reason: self.text(row, "Reason").unwrap_or_default(),
            message: String::new(),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
            observed_generation: None,
        });
        let status = ProjectStatus {
            namespace_count: self
                .cell(row, "Namespaces")
                .and_then(Value::as_i64)
                .unwrap_or_default(),
            conditions: ready.into_iter().collect(),
            ..ProjectStatus::default()
        };
        Some(Project {
            metadata,
            spec,
            status: Some(status),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_is_a_project_whatever_columns_there_are() {
        let table = json!({
            "columnDefinitions": [{"name": "Name"}, {"name": "Namespaces"}, {"name": "Title"}, {"name": "Home"}, {"name": "Ready"}],
            "rows": [
                {"cells": ["shop", 10_000, "商城", null, "True"], "object": null},
                {"cells": ["bank"]},
            ],
        });
        let table: Table = serde_json::from_value(table).expect("a table");
        let [shop, bank] = table.projects().try_into().expect("two");
        assert_eq!(shop.home_namespace(), "project-shop");
        assert_eq!(shop.spec.display_name.as_deref(), Some("商城"));
        let status = shop.status.expect("a status");
        assert_eq!((status.namespace_count, status.conditions.len()), (10_000, 1));
        assert_eq!(bank.home_namespace(), "project-bank");
    }
}
