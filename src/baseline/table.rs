//! Plain tables for the terminal.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::clean;
use crate::text::{Align, Table};

/// The widest cell; longer ones are cut in the middle, because endpoint names differ at their ends.
const WIDEST: usize = 60;

/// A table of numbers: the first column to the left, all others to the right.
pub(super) fn numbers(heads: &[&str]) -> Table {
    let align = |column| if column == 0 { Align::Left } else { Align::Right };
    Table::new(heads.iter().enumerate().map(|(column, head)| (*head, align(column))))
}

/// A name from outside on one line; a long one loses its middle.
pub(super) fn clean(text: &str) -> String {
    let line = clean::line(text);
    if line.width() <= WIDEST { line.into_owned() } else { clean::shorten(&line, WIDEST - 1).into_owned() }
}

/// When a run was started, UTC, to the minute: a service may be built several times a day, and the local engine numbers its runs from 1.
pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_names_stay_on_their_line() {
        let mut table = numbers(&["name", "n"]);
        table.row(vec![clean("ä\u{1b}[31m\n"), "10".into()]);
        table.row(vec!["long name".into(), "7".into()]);
        assert_eq!(table.render(), "name        n\nä          10\nlong name   7\n");
        assert_eq!(clean(&"x".repeat(200)).width(), 59);
    }
}
