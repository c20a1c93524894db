//! Plain tables for the terminal.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

/// The widest cell; longer ones are cut in the middle, because endpoint names differ at their ends.
const WIDEST: usize = 60;

/// A table: the first column to the left, all others to the right.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width - cell.width());
                if column == 0 {
                    line.push_str(cell);
                    line.push_str(&padding);
                } else {
                    line.push_str("  ");
                    line.push_str(&padding);
                    line.push_str(cell);
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A name from outside on one line: control and direction characters become `�`, and a long one loses its middle.
pub(super) fn clean(text: &str) -> String {
    let harmless: String = text
        .chars()
        .map(|c| match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {
                '\u{fffd}'
            }
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    if harmless.width() <= WIDEST {
        return harmless;
    }
    let chars: Vec<char> = harmless.chars().collect();
    let half = WIDEST / 2 - 1;
    let (head, tail) = (&chars[..half.min(chars.len())], &chars[chars.len().saturating_sub(half)..]);
    head.iter().chain(['…'].iter()).chain(tail).collect()
}

/// The first eight characters of a commit.
pub(super) fn short(commit: &str) -> String {
    clean(&commit.chars().take(8).collect::<String>())
}

/// When a run was started, UTC, to the minute: a service may be built several times a day, and the local engine numbers
/// its runs anew.
pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Values as a line of eight heights, the last dozen of them.
pub(super) fn sparkline(values: &[f64]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values = &values[values.len().saturating_sub(12)..];
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let height = |value: f64| if high > low { ((value - low) / (high - low) * 7.0).round() as usize } else { 0 };
    values.iter().map(|value| HEIGHTS[height(*value).min(7)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_names_stay_on_their_line() {
        let mut table = Table::new(&["name", "n"]);
        table.row(vec![clean("ä\u{1b}[31m\n"), "10".into()]);
        table.row(vec!["long name".into(), "7".into()]);
        assert_eq!(table.render(), "name        n\nä\u{fffd}[31m\u{fffd}    10\nlong name   7\n");
        assert_eq!(clean(&"x".repeat(200)).width(), 59);
        assert_eq!(sparkline(&[1.0, 2.0, 3.0]), "▁▅█");
        assert_eq!(sparkline(&[2.0, 2.0]), "▁▁");
    }
}
