//! `PREFIX_failures.csv`: one row per endpoint and failure text.

use std::io;

use super::columns::CsvTable;
use super::csv_error::CsvError;
use crate::results::Failure;

/// Reads a failures file. `file` names it in errors.
///
/// # Errors
/// When it is not Locust's failures CSV; the error names the line and column.
pub fn read_failures(file: &str, source: impl io::Read) -> Result<Vec<Failure>, CsvError> {
    let mut table = CsvTable::open(file, "failures", source)?;
    let method = table.header.need("Method")?;
    let name = table.header.need("Name")?;
    let error = table.header.need("Error")?;
    let occurrences = table.header.need("Occurrences")?;
    // Since Locust 2.44.
    let first_seen = table.header.find("First Seen");
    let last_seen = table.header.find("Last Seen");
    let mut failures = Vec::new();
    while let Some(fields) = table.next()? {
        let time = |index: Option<usize>| index.map(|index| fields.text(index)).filter(|text| !text.is_empty());
        failures.push(
            Failure::new(fields.text(method), fields.text(name), fields.text(error), fields.count(occurrences)?)
                .seen(time(first_seen), time(last_seen)),
        );
    }
    Ok(failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_layouts_are_read() {
        let old = "\"Method\",\"Name\",\"Error\",\"Occurrences\"\nGET,/a,\"HTTPError('500 x, y')\",3\n";
        let failures = read_failures("f.csv", old.as_bytes()).unwrap();
        assert_eq!((failures[0].occurrences, failures[0].first_seen.as_deref()), (3, None));
        let new = "Method,Name,Error,Occurrences,First Seen,Last Seen\r\nGET,/a,E,3,2026-11-22T08:35:36Z,2026-11-22T08:35:44Z\r\n";
        let failures = read_failures("f.csv", new.as_bytes()).unwrap();
        assert_eq!(failures[0].last_seen.as_deref(), Some("2026-11-22T08:35:44Z"));
    }
}
