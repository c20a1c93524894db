//! Tests, hosts and files: what the service lists and what it takes to make one.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Number, Value, json};

use super::Fields;
use crate::results::LocalProject;

/// A test as `GET /tests` lists it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestRow {
    /// Its id.
    pub id: u64,
    /// Its name; not unique on the service.
    pub name: String,
    /// `load`, or another kind that this program does not run.
    pub kind: Option<String>,
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users to start per second.
    pub rate: Option<f64>,
    /// Load generators.
    pub servers: Option<u32>,
    /// Its host; none where the script names its own, which only our own server takes.
    pub host_id: Option<u64>,
    /// Its region, where it has one.
    pub region: Option<String>,
    /// Load generators per region, where it has several.
    pub region_servers: BTreeMap<String, u32>,
    /// Its Apdex target, ms.
    pub apdex_target: Option<f64>,
    /// Its p95 target, ms.
    pub p95_target: Option<f64>,
    /// Its error target, %.
    pub error_perc_target: Option<f64>,
    /// Whether the service lists the fields that only newer versions take.
    pub lists_extended: bool,
    /// Its script.
    pub locustfile: Option<String>,
}

/// The fields that only newer versions of the service take.
const EXTENDED: [&str; 4] = ["apdex_target", "p95_target", "error_perc_target", "region_servers"];

impl TestRow {
    pub(in crate::loadforge) fn of(mut fields: Fields) -> Option<Self> {
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let lists_extended = EXTENDED.iter().any(|name| fields.iter().any(|(field, _)| field == name));
        Some(Self {
            id: fields.id(&["id", "test_id"])?,
            name: fields.text(&["name"]).unwrap_or_default(),
            kind: fields.text(&["test_type"]),
            users: fields.count(&["users"]).map(small),
            rate: fields.number(&["rate"]),
            servers: fields.count(&["servers"]).map(small),
            host_id: fields.id(&["host_id"]).or_else(|| fields.inner("host").id(&["id"])),
            region: fields.text(&["region"]),
            region_servers: {
                let servers = fields.inner("region_servers");
                let regions: Vec<&String> = servers.iter().map(|(region, _)| region).collect();
                let count = |region: &str| Some((region.to_owned(), small(servers.count(&[region])?)));
                regions.into_iter().filter_map(|region| count(region)).collect()
            },
            apdex_target: fields.number(&["apdex_target"]),
            p95_target: fields.number(&["p95_target"]),
            error_perc_target: fields.number(&["error_perc_target"]),
            lists_extended,
            locustfile: fields.take_text("locustfile"),
        })
    }
}

/// A test to be created. Its `Debug` leaves the script out, which may hold secrets.
#[derive(Clone, Default, PartialEq)]
pub struct TestSpec {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// Peak number of users.
    pub users: u32,
    /// Users to start per second.
    pub rate: f64,
    /// Load generators.
    pub servers: u32,
    /// Its host.
    pub host_id: Option<u64>,
    /// A region's code, for example `nyc3`.
    pub region: String,
    /// The whole script.
    pub locustfile: String,
    /// Load generators per region; empty when there is one region only. An extended field.
    pub region_servers: BTreeMap<String, u32>,
    /// Apdex target, ms. An extended field.
    pub apdex_target: Option<f64>,
    /// p95 target, ms. An extended field.
    pub p95_target: Option<f64>,
    /// Error target, %. An extended field.
    pub error_perc_target: Option<f64>,
    /// The script's project, for our own server alone.
    pub local: Option<LocalProject>,
}

impl fmt::Debug for TestSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSpec").field("name", &self.name).field("users", &self.users).finish_non_exhaustive()
    }
}

impl TestSpec {
    /// The fields every version of the service takes.
    pub(in crate::loadforge) fn base(&self) -> Value {
        let mut fields = json!({
            "name": self.name, "users": self.users, "rate": number(self.rate), "servers": self.servers,
            "region": self.region, "locustfile": self.locustfile,
        });
        if let Some(host_id) = self.host_id {
            fields["host_id"] = json!(host_id);
        }
        if let Some(project) = &self.local {
            fields["x_loadforge_ci"] = json!(project);
        }
        fields
    }

    /// The fields only newer versions take.
    pub(in crate::loadforge) fn extended(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let targets = [
            ("apdex_target", self.apdex_target),
            ("p95_target", self.p95_target),
            ("error_perc_target", self.error_perc_target),
        ];
        for (name, value) in targets {
            fields.extend(value.map(|value| (name.to_owned(), number(value))));
        }
        if !self.region_servers.is_empty() {
            fields.insert("region_servers".to_owned(), json!(self.region_servers));
        }
        fields
    }
}

/// A number as JSON, whole where it is whole, since the service documents integers.
fn number(value: f64) -> Value {
    let whole = value.fract() == 0.0 && value.abs() < 1e15;
    if whole { Value::from(value as i64) } else { Number::from_f64(value).map_or(Value::Null, Value::Number) }
}

/// A file as `GET /files` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Its id.
    pub id: u64,
    /// Its name, which is unique in a team.
    pub name: String,
}

impl FileRow {
    pub(in crate::loadforge) fn of(fields: Fields) -> Option<Self> {
        Some(Self { id: fields.id(&["id", "file_id"])?, name: fields.text(&["name"])? })
    }
}

/// A host as `GET /hosts` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// Its id.
    pub id: u64,
    /// What it is.
    pub spec: HostSpec,
    /// Whether its owner has proved to own it; LoadForge runs no test against one that is not verified.
    pub verified: Option<bool>,
}

impl HostRow {
    pub(in crate::loadforge) fn of(fields: Fields) -> Option<Self> {
        let protocol = fields.text(&["protocol"]).unwrap_or_else(|| "https".to_owned());
        let default_port = if protocol == "http" { 80 } else { 443 };
        let port = fields.count(&["port"]).and_then(|port| u16::try_from(port).ok()).unwrap_or(default_port);
        Some(Self {
            id: fields.id(&["id", "host_id"])?,
            spec: HostSpec { name: fields.text(&["url"])?, port, protocol },
            verified: fields.flag("verified"),
        })
    }
}

/// What a host is: the target host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSpec {
    /// The bare host name.
    pub name: String,
    /// The port.
    pub port: u16,
    /// `http` or `https`.
    pub protocol: String,
}

impl HostSpec {
    pub(in crate::loadforge) fn body(&self) -> Value {
        json!({ "url": self.name, "port": self.port, "protocol": self.protocol })
    }
}

impl fmt::Display for HostSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.protocol, self.name, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_test_is_read_with_what_is_there() {
        let row = TestRow::of(Fields::of(json!({
            "id": "4", "name": "checkout", "users": "10", "rate": 2, "host_id": 1,
            "region_servers": {"nyc3": 1, "sfo3": "2", "odd": null}, "p95_target": null, "locustfile": "import x"
        })))
        .unwrap();
        assert_eq!((row.id, row.users, row.rate, row.host_id), (4, Some(10), Some(2.0), Some(1)));
        assert_eq!(row.region_servers, [("nyc3".to_owned(), 1), ("sfo3".to_owned(), 2)].into());
        assert!(TestRow::of(Fields::of(json!({"name": "no id"}))).is_none());
    }

    #[test]
    fn a_spec_keeps_host_and_name_in_its_base_fields() {
        let spec =
            TestSpec { name: "a".into(), host_id: Some(3), rate: 2.0, p95_target: Some(600.0), ..TestSpec::default() };
        assert_eq!(
            spec.base(),
            json!({"name": "a", "users": 0, "rate": 2, "servers": 0, "host_id": 3, "region": "", "locustfile": ""})
        );
        assert_eq!(Value::from(spec.extended()), json!({"p95_target": 600}));
    }
}
