//! `PREFIX_stats.csv`: one row per endpoint and a last one for all together.

use std::io;

use super::columns::{CsvRecord, CsvTable};
use super::csv_error::CsvError;
use crate::results::{Endpoint, Percentile};

/// The content of a stats file.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// All requests together.
    pub total: Endpoint,
    /// One record per endpoint, in the file's order.
    pub endpoints: Vec<Endpoint>,
    /// Cells that were negative, NaN or infinite, which is no measurement: they are left out.
    pub odd_cells: u64,
}

/// Reads a stats file. `file` names it in errors.
///
/// The total is the last row that is called so and has no type (a script may also name a request `Aggregated`): Locust 0.8
/// to 0.9 write `None,Total`, 0.10 to 0.14 `None,Aggregated`, 1.0 and later an empty type and `Aggregated`. Where there is
/// none, counts are summed and times are left out.
///
/// # Errors
/// When it is not Locust's stats CSV; the error names the line and column.
pub fn read_stats(file: &str, source: impl io::Read) -> Result<Stats, CsvError> {
    let mut table = CsvTable::open(file, "stats", source)?;
    let columns = StatsColumns::of(&table)?;
    let mut endpoints = Vec::new();
    while let Some(fields) = table.next()? {
        endpoints.push(columns.endpoint(&fields)?);
    }
    let total = endpoints
        .iter()
        .rposition(|endpoint: &Endpoint| names_total(endpoint.method.as_bytes(), endpoint.name.as_bytes()));
    let total = match total {
        Some(index) => Endpoint { method: String::new(), name: TOTAL.into(), ..endpoints.remove(index) },
        None => summed(&endpoints),
    };
    Ok(Stats { total, endpoints, odd_cells: table.header.odd_cells() })
}

/// What Locust calls all requests together.
const TOTAL: &str = "Aggregated";

/// Whether a row of this type and name is about all requests together, in a file of any version.
pub(super) fn names_total(method: &[u8], name: &[u8]) -> bool {
    matches!(name, b"Aggregated" | b"Total") && matches!(method, b"" | b"None")
}

fn summed(endpoints: &[Endpoint]) -> Endpoint {
    let sum = |of: fn(&Endpoint) -> u64| endpoints.iter().map(of).fold(0, u64::saturating_add);
    Endpoint {
        name: TOTAL.into(),
        requests: sum(|endpoint| endpoint.requests),
        failures: sum(|endpoint| endpoint.failures),
        ..Endpoint::default()
    }
}

struct StatsColumns {
    method: Option<usize>,
    name: usize,
    requests: usize,
    failures: usize,
    median: Option<usize>,
    average: Option<usize>,
    min: Option<usize>,
    max: Option<usize>,
    size: Option<usize>,
    requests_per_s: Option<usize>,
    failures_per_s: Option<usize>,
    percentiles: Vec<(Percentile, usize)>,
}

impl StatsColumns {
    fn of<R: io::Read>(table: &CsvTable<R>) -> Result<Self, CsvError> {
        Ok(Self {
            method: table.header.find("Type").or_else(|| table.header.find("Method")),
            name: table.header.need("Name")?,
            // Locust before 1.0 counts `# requests`.
            requests: table.header.find("# requests").map_or_else(|| table.header.need("Request Count"), Ok)?,
            failures: table.header.find("# failures").map_or_else(|| table.header.need("Failure Count"), Ok)?,
            median: table.header.find("Median Response Time"),
            average: table.header.find("Average Response Time"),
            min: table.header.find("Min Response Time"),
            max: table.header.find("Max Response Time"),
            size: table.header.find("Average Content Size"),
            requests_per_s: table.header.find("Requests/s"),
            failures_per_s: table.header.find("Failures/s"),
            percentiles: table.header.percentiles(),
        })
    }

    fn endpoint(&self, fields: &CsvRecord<'_>) -> Result<Endpoint, CsvError> {
        let requests = fields.count(self.requests)?;
        // Without requests Locust writes 0 for every time; that is no measurement.
        let measured = |value: Option<f64>| value.filter(|_| requests > 0);
        let mut endpoint = Endpoint {
            method: self.method.map(|index| fields.text(index)).unwrap_or_default(),
            name: fields.text(self.name),
            requests,
            failures: fields.count(self.failures)?,
            median_ms: measured(fields.number_at(self.median)?),
            avg_ms: measured(fields.number_at(self.average)?),
            min_ms: measured(fields.number_at(self.min)?),
            max_ms: measured(fields.number_at(self.max)?),
            avg_content_bytes: measured(fields.number_at(self.size)?),
            requests_per_s: fields.number_at(self.requests_per_s)?,
            failures_per_s: fields.number_at(self.failures_per_s)?,
            ..Endpoint::default()
        };
        for (percentile, index) in &self.percentiles {
            if let Some(value) = measured(fields.number(*index)?) {
                endpoint.percentiles.insert(*percentile, value);
            }
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Type,Name,Request Count,Failure Count,Median Response Time,95%,99.9%\r\n";

    #[test]
    fn a_row_is_read_by_its_header_and_the_last_untyped_one_is_the_total() {
        let text =
            format!("{HEADER}GET,\"/a,b\",10,1,7,11,N/A\r\n,Aggregated,4,0,1,2,3\r\n,Aggregated,14,1,6,11,13\r\n");
        let stats = read_stats("s.csv", text.as_bytes()).unwrap();
        assert_eq!(stats.total.requests, 14);
        assert_eq!(stats.endpoints.len(), 2);
        assert_eq!(stats.endpoints[0].label(), "GET /a,b");
        assert_eq!(stats.endpoints[0].percentile(Percentile::P95), Some(11.0));
        assert_eq!(stats.endpoints[0].percentiles.len(), 1);
    }

    #[test]
    fn the_total_row_of_every_version_is_known() {
        for total in [",Aggregated", "None,Aggregated", "\"None\",\"Total\"", ",Total"] {
            let text = format!("{HEADER}GET,/a,1000,2,7,11,12\nPOST,/b,500,0,7,11,12\n{total},1500,2,6,11,13\n");
            let stats = read_stats("s.csv", text.as_bytes()).unwrap();
            assert_eq!((stats.total.requests, stats.endpoints.len()), (1500, 2), "{total}");
            assert_eq!(stats.total.label(), "Aggregated");
        }
        let old = "\"Method\",\"Name\",\"# requests\",\"# failures\",\"Median response time\",\"Average response time\",\
                   \"Min response time\",\"Max response time\",\"Average Content Size\",\"Requests/s\"\n\
                   \"GET\",\"/a\",10,1,7,8,1,20,100,1.50\n\"None\",\"Total\",10,1,7,8,1,20,100,1.50\n";
        let stats = read_stats("s.csv", old.as_bytes()).unwrap();
        assert_eq!((stats.total.requests, stats.total.failures, stats.total.median_ms), (10, 1, Some(7.0)));
    }

    #[test]
    fn negative_and_nan_cells_are_left_out_and_counted_but_never_a_count() {
        let text = format!("{HEADER}GET,/a,10,1,-0.4,nan,inf\n,Aggregated,10,1,7,11,12\n");
        let stats = read_stats("s.csv", text.as_bytes()).unwrap();
        assert_eq!((stats.odd_cells, stats.endpoints[0].median_ms, stats.endpoints[0].percentiles.len()), (3, None, 0));
        assert!(read_stats("s.csv", format!("{HEADER}GET,/a,-10,1,1,2,3\n").as_bytes()).is_err());
    }

    #[test]
    fn counts_beyond_all_reason_do_not_overflow_the_total() {
        let most = u64::MAX;
        let text = format!("{HEADER}GET,/a,{most},{most},7,11,12\nGET,/b,2,1,7,11,12\n");
        let total = read_stats("s.csv", text.as_bytes()).unwrap().total;
        assert_eq!((total.requests, total.failures), (most, most));
    }

    #[test]
    fn without_requests_there_are_no_times() {
        let stats = read_stats("s.csv", format!("{HEADER},Aggregated,0,0,0,N/A,N/A\r\n").as_bytes()).unwrap();
        assert_eq!((stats.total.median_ms, stats.total.error_rate()), (None, None));
    }

    #[test]
    fn errors_name_the_place() {
        let message = |text: &str| read_stats("s.csv", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(message(""), "s.csv is empty: not even a header line");
        assert_eq!(message("a,b\n1,2\n"), "s.csv is not Locust's stats CSV: its header has no column `Name`");
        assert_eq!(
            message(&format!("{HEADER}GET,/a,10,1,fast,11,12\n")),
            "s.csv, line 2: column `Median Response Time` should be a number but is `fast`"
        );
        assert_eq!(
            message(&format!("{HEADER}GET,/a,10\nGET,/a,10,1,7,11,12\n")),
            "s.csv, line 2: 3 fields where the header has 7"
        );
    }

    #[test]
    fn a_torn_last_line_is_left_out() {
        let text = format!("{HEADER}GET,/a,10,1,7,11,12\nGET,/b,10");
        let stats = read_stats("s.csv", text.as_bytes()).unwrap();
        assert_eq!((stats.endpoints.len(), stats.total.requests), (1, 10));
    }
}
