//! The endpoints as a table: the first ones as rows, all of them as data for sorting and filtering.

use serde::Serialize;

use super::short::{ShortNumber, script_json};
use crate::clean;
use crate::report::Story;
use crate::results::{Endpoint, Percentile};
use crate::text::grouped;

/// Rows in the page's own text; JavaScript shows the others.
const STATIC_ROWS: usize = 100;
/// Bytes of the data, about: 10,000 endpoints with names of 45 characters. The rest is counted.
const MOST_BYTES: usize = 850_000;

/// A column of the table.
struct TableColumn {
    head: &'static str,
    unit: CellKind,
    value: fn(&Endpoint) -> Option<f64>,
}

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellKind {
    Count,
    Rate,
    Time,
    Size,
}

fn percentile(endpoint: &Endpoint, percent: f64) -> Option<f64> {
    endpoint.percentile(Percentile::from_percent(percent)?)
}

const COLUMNS: [TableColumn; 12] = [
    TableColumn { head: "Requests", unit: CellKind::Count, value: |one| Some(one.requests as f64) },
    TableColumn {
        head: "Failed",
        unit: CellKind::Count,
        value: |one| (!one.failures_unknown).then_some(one.failures as f64),
    },
    TableColumn {
        head: "Failed, %",
        unit: CellKind::Rate,
        value: |one| one.error_rate().filter(|_| !one.failures_unknown),
    },
    TableColumn { head: "Requests/s", unit: CellKind::Rate, value: |one| one.requests_per_s },
    TableColumn { head: "p50, ms", unit: CellKind::Time, value: |one| percentile(one, 50.0).or(one.median_ms) },
    TableColumn { head: "p75", unit: CellKind::Time, value: |one| percentile(one, 75.0) },
    TableColumn { head: "p90", unit: CellKind::Time, value: |one| percentile(one, 90.0) },
    TableColumn { head: "p95", unit: CellKind::Time, value: |one| percentile(one, 95.0) },
    TableColumn { head: "p99", unit: CellKind::Time, value: |one| percentile(one, 99.0) },
    TableColumn { head: "p99.9", unit: CellKind::Time, value: |one| percentile(one, 99.9) },
    TableColumn { head: "Max", unit: CellKind::Time, value: |one| one.max_ms.or_else(|| percentile(one, 100.0)) },
    TableColumn {
        head: "Size, kB",
        unit: CellKind::Size,
        value: |one| one.avg_content_bytes.map(|bytes| bytes / 1000.0),
    },
];

/// The column the table is sorted by at first: p95.
const SORTED_BY: usize = 7;

/// The table.
#[derive(Debug, Serialize)]
pub(super) struct EndpointTable {
    heads: Vec<&'static str>,
    sorted_by: usize,
    rows: Vec<EndpointRow>,
    total: EndpointRow,
    count: usize,
    /// Endpoints that are in the text alone, in the data alone, and in neither.
    static_rows: usize,
    left_out: usize,
    /// JSON for the script; empty where all endpoints are rows and need no script to be seen.
    data: String,
}

#[derive(Debug, Serialize)]
struct EndpointRow {
    name: String,
    fails: bool,
    cells: Vec<String>,
}

impl EndpointTable {
    /// The endpoints of a story, slowest p95 first. `with_chart` says which chart an endpoint has.
    pub(super) fn of(story: &Story<'_>, with_chart: impl Fn(&Endpoint) -> Option<usize>) -> Self {
        #[derive(Serialize)]
        struct TableData<'a> {
            names: Vec<(usize, String)>,
            charts: Vec<(usize, usize)>,
            decimals: &'a [usize],
            columns: Vec<Vec<Option<ShortNumber>>>,
        }
        let mut endpoints: Vec<TabledEndpoint<'_>> = story.results.endpoints.iter().map(TabledEndpoint::of).collect();
        let decimals = decimals(&endpoints);
        let by =
            |one: &TabledEndpoint<'_>| one.values[SORTED_BY].map_or(-1.0, |value| rounded(value, decimals[SORTED_BY]));
        endpoints.sort_by(|a, b| by(b).total_cmp(&by(a)).then_with(|| a.name.cmp(&b.name)));
        let mut bytes = 0;
        // A row of numbers is about 55 bytes, and a name shares about four tenths with the one before.
        endpoints.retain(|one| {
            bytes += 55 + one.name.len() * 6 / 10;
            bytes <= MOST_BYTES
        });
        let left_out = story.results.endpoints.len() - endpoints.len();
        let row = |one: &TabledEndpoint<'_>| EndpointRow {
            name: one.endpoint.label(),
            fails: one.endpoint.failures > 0,
            cells: one.values.iter().zip(&decimals).map(|(value, decimals)| written(*value, *decimals)).collect(),
        };
        let rows = endpoints.iter().take(STATIC_ROWS).map(row).collect();
        // In the order of the names, so that each can leave out what it shares with the one before.
        endpoints.sort_by(|a, b| a.name.cmp(&b.name));
        let columns = (0..COLUMNS.len()).map(|column| {
            let of_column = endpoints.iter().map(|one| one.values[column]);
            of_column.map(|value| value.map(|value| ShortNumber(shortened(value, decimals[column])))).collect()
        });
        let charts = endpoints.iter().enumerate();
        let charts = charts.filter_map(|(index, one)| Some((index, with_chart(one.endpoint)?))).collect();
        let names = front_coded(endpoints.iter().map(|one| one.name.as_str()));
        let data = TableData { names, charts, decimals: &decimals, columns: columns.collect() };
        Self {
            heads: COLUMNS.iter().map(|column| column.head).collect(),
            sorted_by: SORTED_BY,
            rows,
            total: row(&TabledEndpoint::of(&story.results.total)),
            count: story.results.endpoints.len(),
            static_rows: STATIC_ROWS,
            left_out,
            data: script_json(&data),
        }
    }
}

/// An endpoint with the value of each column.
struct TabledEndpoint<'a> {
    endpoint: &'a Endpoint,
    name: String,
    values: [Option<f64>; COLUMNS.len()],
}

impl<'a> TabledEndpoint<'a> {
    fn of(endpoint: &'a Endpoint) -> Self {
        let values = COLUMNS.map(|column| (column.value)(endpoint));
        Self { endpoint, name: clean::line(&endpoint.label()).into_owned(), values }
    }
}

/// Names in their order, each as how many characters it shares with the one before, and the rest.
fn front_coded<'n>(names: impl Iterator<Item = &'n str>) -> Vec<(usize, String)> {
    let mut before = "";
    names
        .map(|name| {
            // JavaScript counts UTF-16 units; what is shared ends where ASCII ends.
            let shared = name.bytes().zip(before.bytes()).take_while(|(a, b)| a == b && a.is_ascii()).count();
            before = name;
            (shared, name[shared..].to_owned())
        })
        .collect()
}

fn rounded(value: f64, decimals: usize) -> f64 {
    let scale = 10_f64.powi(decimals as i32);
    (value * scale).round() / scale
}

/// How many decimals each column has: one precision per column, and all times alike.
fn decimals(endpoints: &[TabledEndpoint<'_>]) -> Vec<usize> {
    let largest = |wanted: &dyn Fn(usize) -> bool| {
        let values = endpoints.iter().flat_map(|one| one.values.iter().enumerate());
        values.filter(|(column, _)| wanted(*column)).filter_map(|(_, value)| *value).fold(0.0, f64::max)
    };
    let times = if largest(&|column| COLUMNS[column].unit == CellKind::Time) < 20.0 { 1 } else { 0 };
    let of = |column: usize| match COLUMNS[column].unit {
        CellKind::Count => 0,
        CellKind::Time => times,
        CellKind::Rate => {
            if largest(&|other| other == column) < 1.0 {
                2
            } else {
                1
            }
        }
        CellKind::Size => {
            if largest(&|other| other == column) < 100.0 {
                1
            } else {
                0
            }
        }
    };
    (0..COLUMNS.len()).map(of).collect()
}

/// A value as the data holds it: rounded, unless nothing were left of it.
fn shortened(value: f64, decimals: usize) -> f64 {
    let short = rounded(value, decimals);
    if short == 0.0 && value > 0.0 { rounded(value, decimals + 4).max(1e-6) } else { short }
}

/// A value with as many decimals as its column has; what is lost in rounding is still not nothing.
fn written(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return "–".to_owned() };
    let rounded = rounded(value, decimals);
    if rounded == 0.0 && value > 0.0 {
        return format!("<{:.decimals$}", 10_f64.powi(-(decimals as i32)));
    }
    let whole = grouped(rounded.trunc());
    let fraction = format!("{:.decimals$}", rounded.fract().abs());
    format!("{whole}{}", &fraction[1..])
}

#[cfg(test)]
mod tests {
    use super::{front_coded, written};

    #[test]
    fn a_name_leaves_out_what_it_shares_with_the_one_before() {
        let coded = front_coded(["GET /a/1", "GET /a/2", "GET /ü/1", "GET /üx"].into_iter());
        let coded: Vec<_> = coded.iter().map(|(shared, rest)| (*shared, rest.as_str())).collect();
        assert_eq!(coded, [(0, "GET /a/1"), (7, "2"), (5, "ü/1"), (5, "üx")]);
    }

    #[test]
    fn a_column_has_one_precision() {
        let cells = [Some(1234.5), Some(0.04), Some(12.0), None].map(|value| written(value, 1));
        assert_eq!(cells, ["1,234.5", "<0.1", "12.0", "–"]);
        assert_eq!([Some(804.4), Some(0.2), Some(0.0)].map(|value| written(value, 0)), ["804", "<1", "0"]);
    }
}
