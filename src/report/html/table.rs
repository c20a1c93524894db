//! The endpoints as a table: the first ones as rows, all of them as data for sorting and filtering.

use serde::Serialize;

use crate::report::Story;
use crate::results::{Endpoint, Percentile};
use crate::text::grouped;

/// Rows in the page's own text; JavaScript shows the others.
const STATIC_ROWS: usize = 200;
/// Endpoints in the data; the rest is counted.
const MOST_ENDPOINTS: usize = 10_000;

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
    TableColumn { head: "Failed", unit: CellKind::Count, value: |one| (!one.failures_unknown).then_some(one.failures as f64) },
    TableColumn { head: "Failed, %", unit: CellKind::Rate, value: |one| one.error_rate().filter(|_| !one.failures_unknown) },
    TableColumn { head: "Requests/s", unit: CellKind::Rate, value: |one| one.requests_per_s },
    TableColumn { head: "p50, ms", unit: CellKind::Time, value: |one| percentile(one, 50.0).or(one.median_ms) },
    TableColumn { head: "p75", unit: CellKind::Time, value: |one| percentile(one, 75.0) },
    TableColumn { head: "p90", unit: CellKind::Time, value: |one| percentile(one, 90.0) },
    TableColumn { head: "p95", unit: CellKind::Time, value: |one| percentile(one, 95.0) },
    TableColumn { head: "p99", unit: CellKind::Time, value: |one| percentile(one, 99.0) },
    TableColumn { head: "p99.9", unit: CellKind::Time, value: |one| percentile(one, 99.9) },
    TableColumn { head: "Max", unit: CellKind::Time, value: |one| one.max_ms.or_else(|| percentile(one, 100.0)) },
    TableColumn { head: "Size, kB", unit: CellKind::Size, value: |one| one.avg_content_bytes.map(|bytes| bytes / 1000.0) },
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
            names: Vec<String>,
            charts: Vec<(usize, usize)>,
            decimals: &'a [usize],
            columns: Vec<Vec<Option<f64>>>,
        }
        let mut endpoints: Vec<(&Endpoint, [Option<f64>; COLUMNS.len()])> =
            story.results.endpoints.iter().map(|one| (one, COLUMNS.map(|column| (column.value)(one)))).collect();
        let by = |values: &[Option<f64>; COLUMNS.len()]| values[SORTED_BY].unwrap_or(-1.0);
        endpoints.sort_by(|a, b| by(&b.1).total_cmp(&by(&a.1)));
        let left_out = endpoints.len().saturating_sub(MOST_ENDPOINTS);
        endpoints.truncate(MOST_ENDPOINTS);
        let decimals = decimals(&endpoints);
        let row = |(endpoint, values): &(&Endpoint, [Option<f64>; COLUMNS.len()])| EndpointRow {
            name: endpoint.label(),
            fails: endpoint.failures > 0,
            cells: values.iter().zip(&decimals).map(|(value, decimals)| written(*value, *decimals)).collect(),
        };
        let rounded = |value: f64, decimals: usize| {
            let scale = 10_f64.powi(decimals as i32);
            (value * scale).round() / scale
        };
        let columns = (0..COLUMNS.len()).map(|column| {
            let of_column = endpoints.iter().map(|(_, values)| values[column]);
            of_column.map(|value| value.map(|value| rounded(value, decimals[column]))).collect()
        });
        let names = endpoints.iter().map(|(endpoint, _)| crate::clean::line(&endpoint.label()).into_owned()).collect();
        let charts = endpoints.iter().enumerate();
        let charts = charts.filter_map(|(index, (endpoint, _))| Some((index, with_chart(endpoint)?))).collect();
        let data = TableData { names, charts, decimals: &decimals, columns: columns.collect() };
        let total = COLUMNS.map(|column| (column.value)(&story.results.total));
        Self {
            heads: COLUMNS.iter().map(|column| column.head).collect(),
            sorted_by: SORTED_BY,
            rows: endpoints.iter().take(STATIC_ROWS).map(row).collect(),
            total: row(&(&story.results.total, total)),
            count: story.results.endpoints.len(),
            static_rows: STATIC_ROWS,
            left_out,
            data: super::script_json(&data),
        }
    }
}

/// How many decimals each column has: one precision per column, and all times alike.
fn decimals(endpoints: &[(&Endpoint, [Option<f64>; COLUMNS.len()])]) -> Vec<usize> {
    let largest = |wanted: &dyn Fn(usize) -> bool| {
        let values = endpoints.iter().flat_map(|(_, values)| values.iter().enumerate());
        values.filter(|(column, _)| wanted(*column)).filter_map(|(_, value)| *value).fold(0.0, f64::max)
    };
    let times = if largest(&|column| COLUMNS[column].unit == CellKind::Time) < 20.0 { 1 } else { 0 };
    let of = |column: usize| match COLUMNS[column].unit {
        CellKind::Count => 0,
        CellKind::Time => times,
        CellKind::Rate => if largest(&|other| other == column) < 1.0 { 2 } else { 1 },
        CellKind::Size => if largest(&|other| other == column) < 100.0 { 1 } else { 0 },
    };
    (0..COLUMNS.len()).map(of).collect()
}

/// A value with as many decimals as its column has; what is lost in rounding is still not nothing.
fn written(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return "–".to_owned() };
    let scale = 10_f64.powi(decimals as i32);
    let rounded = (value * scale).round() / scale;
    if rounded == 0.0 && value > 0.0 {
        return format!("<{:.decimals$}", 1.0 / scale);
    }
    let whole = grouped(rounded.trunc());
    let fraction = format!("{:.decimals$}", rounded.fract().abs());
    format!("{whole}{}", &fraction[1..])
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn a_column_has_one_precision() {
        let cells = [Some(1234.5), Some(0.04), Some(12.0), None].map(|value| written(value, 1));
        assert_eq!(cells, ["1,234.5", "<0.1", "12.0", "–"]);
        assert_eq!([Some(804.4), Some(0.2), Some(0.0)].map(|value| written(value, 0)), ["804", "<1", "0"]);
    }
}
