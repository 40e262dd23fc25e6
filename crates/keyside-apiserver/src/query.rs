//! The query string of a request. kube's client writes `?&name=value`; empty parts are nothing.

use crate::path::unescape;
use keyside_apimachinery::status::Status;

/// Names and values in order, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Status> {
        let parts = text
            .unwrap_or_default()
            .split('&')
            .filter(|part| !part.is_empty());
        let pairs = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((
                unescape(&name.replace('+', " "))?,
                unescape(&value.replace('+', " "))?,
            ))
        });
        let pairs: Option<Vec<_>> = pairs.collect();
        pairs
            .map(Self)
            .ok_or_else(|| Status::bad_request("the query string cannot be decoded"))
    }

    /// The first value of a name; empty if absent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value)
    }

    /// All values of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a name is given at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// A switch, as Kubernetes reads them: absent, `false` and `0` are off, all else is on.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.maybe_flag(name).unwrap_or(false)
    }

    /// As [`Query::flag`], telling absence apart.
    pub(crate) fn maybe_flag(&self, name: &str) -> Option<bool> {
        self.has(name)
            .then(|| !matches!(self.get(name).to_ascii_lowercase().as_str(), "false" | "0"))
    }

    /// A number; absent and empty are nothing.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Status> {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = |_| Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
        text.parse().map(Some).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_clients_write_are_understood() {
        let query = Query::parse(Some("&limit=500&&labelSelector=a%3Db+c&watch&force=0")).unwrap();
        assert_eq!(query.number("limit").unwrap(), Some(500));
        assert_eq!(query.get("labelSelector"), "a=b c");
        assert!(query.flag("watch"));
        assert!(!query.flag("force"));
        assert_eq!(query.maybe_flag("other"), None);
        assert!(Query::parse(None).unwrap().get("x").is_empty());
        assert!(Query::parse(Some("a=%2")).is_err());
    }
}
