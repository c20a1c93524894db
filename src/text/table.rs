//! Tables and wrapped lines for a terminal or a build log.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// On which side of its column a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table with a heading line and two spaces between its columns.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(String, Align)>,
    /// The style of the first cell, and the cells.
    rows: Vec<(Style, Vec<String>)>,
}

impl Table {
    /// A table of these columns, without rows.
    #[must_use]
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        Self { columns: columns.into_iter().map(|(head, align)| (head.to_owned(), align)).collect(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: Vec<String>) {
        self.styled_row(Style::new(), cells);
    }

    /// Adds a row whose first cell has a style.
    pub fn styled_row(&mut self, style: Style, cells: Vec<String>) {
        self.rows.push((style, cells));
    }

    /// Whether the table has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, each ended by a line break.
    #[must_use]
    pub fn render(&self) -> String {
        self.lines(&self.widths())
    }

    /// The table within `width` columns: a cell of the column `flexible` that is too long continues in the lines below,
    /// so that nothing of it is lost. That column keeps at least 20 characters.
    #[must_use]
    pub fn render_within(&self, width: usize, flexible: usize) -> String {
        let mut widths = self.widths();
        let others: usize =
            widths.iter().enumerate().filter(|(column, _)| *column != flexible).map(|(_, w)| w + 2).sum();
        if let Some(own) = widths.get_mut(flexible) {
            *own = (*own).min(width.saturating_sub(others).max(20));
        }
        self.lines(&widths)
    }

    fn widths(&self) -> Vec<usize> {
        let cells = |column: usize| self.rows.iter().filter_map(move |(_, cells)| cells.get(column));
        let widest = |column: usize, head: &str| cells(column).map(|cell| cell.width()).fold(head.width(), usize::max);
        self.columns.iter().enumerate().map(|(column, (head, _))| widest(column, head)).collect()
    }

    fn lines(&self, widths: &[usize]) -> String {
        let heads: Vec<String> = self.columns.iter().map(|(head, _)| head.clone()).collect();
        let mut text = self.line(&heads, widths, Style::new());
        for (style, cells) in &self.rows {
            let mut pieces: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| pieces(cell, *width)).collect();
            let height = pieces.iter().map(Vec::len).max().unwrap_or(1);
            for index in 0..height {
                let part: Vec<String> =
                    pieces.iter_mut().map(|of| of.get_mut(index).map(std::mem::take).unwrap_or_default()).collect();
                text.push_str(&self.line(&part, widths, *style));
            }
        }
        text
    }

    fn line(&self, cells: &[String], widths: &[usize], style: Style) -> String {
        let mut line = String::new();
        for (column, ((cell, width), (_, align))) in cells.iter().zip(widths).zip(&self.columns).enumerate() {
            if column > 0 {
                line.push_str("  ");
            }
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let painted =
                if column == 0 && !cell.is_empty() { format!("{style}{cell}{style:#}") } else { cell.clone() };
            match align {
                Align::Left => line.extend([painted, padding]),
                Align::Right => line.extend([padding, painted]),
            }
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }
}

/// The text in pieces of at most `width` columns; an empty text is one empty piece.
fn pieces(text: &str, width: usize) -> Vec<String> {
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let (mut pieces, mut piece, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            used = 0;
        }
        piece.push(c);
        used += wide;
    }
    pieces.push(piece);
    pieces
}

/// The text in lines of at most `width` columns, broken between words, and inside a word that is longer than a line.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_the_width_of_their_characters() {
        let mut table = Table::new([("name", Align::Left), ("n", Align::Right)]);
        table.row(vec!["注文".into(), "10".into()]);
        table.row(vec!["long name".into(), "7".into()]);
        assert_eq!(table.render(), "name        n\n注文       10\nlong name   7\n");
    }

    #[test]
    fn a_long_cell_continues_below_and_a_style_takes_no_room() {
        let mut table = Table::new([("", Align::Left), ("name", Align::Left), ("n", Align::Right)]);
        table.styled_row(anstyle::AnsiColor::Red.on_default(), vec!["fail".into(), "x".repeat(25), "1".into()]);
        assert_eq!(
            table.render_within(10, 1),
            "      name                  n\n\u{1b}[31mfail\u{1b}[0m  xxxxxxxxxxxxxxxxxxxx  1\n      xxxxx\n"
        );
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
