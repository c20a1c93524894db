//! Pads the columns of Markdown tables, so that they read well unrendered too.

use unicode_width::UnicodeWidthStr;

/// A cell wider than this does not push the other rows' cells apart.
const WIDEST: usize = 60;

/// The same Markdown with every table's columns padded. Cells hold no bar but the separators: [`super::escape`]
/// writes every other one as an entity.
#[must_use]
pub(super) fn tables(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len() * 5 / 4);
    let mut table: Vec<&str> = Vec::new();
    let mut fence = None;
    for line in markdown.lines() {
        // Inside a block of code nothing is a table; it ends with the backticks it began with.
        match fence {
            None if line.starts_with("```") => fence = Some(line.trim_end_matches(|c| c != '`')),
            Some(end) if line == end => fence = None,
            _ => {}
        }
        if line.starts_with('|') && fence.is_none() {
            table.push(line);
            continue;
        }
        write_table(&mut out, &table);
        table.clear();
        out.push_str(line);
        out.push('\n');
    }
    write_table(&mut out, &table);
    out
}

fn write_table(out: &mut String, lines: &[&str]) {
    let rows: Vec<Vec<&str>> =
        lines.iter().map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    let Some(rule) = rows.get(1) else {
        return out.extend(lines.iter().flat_map(|line| [line, "\n"]));
    };
    let columns = rule.len();
    let mut widths = vec![3; columns];
    for row in rows.iter().enumerate().filter(|(index, _)| *index != 1).map(|(_, row)| row) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width()).min(WIDEST);
        }
    }
    for (index, row) in rows.iter().enumerate() {
        out.push('|');
        for (column, &width) in widths.iter().enumerate() {
            let cell = row.get(column).copied().unwrap_or_default();
            let right = rule[column].ends_with(':');
            if index == 1 {
                out.push(' ');
                out.extend(std::iter::repeat_n('-', width - usize::from(right)));
                out.push_str(if right { ": |" } else { " |" });
                continue;
            }
            let gap = std::iter::repeat_n(' ', width.saturating_sub(cell.width()));
            out.push(' ');
            if right {
                out.extend(gap);
                out.push_str(cell);
            } else {
                out.push_str(cell);
                out.extend(gap);
            }
            out.push_str(" |");
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::tables;

    #[test]
    fn columns_line_up_whatever_the_script() {
        insta::assert_snapshot!(tables("x\n\n| a | n |\n|---|--:|\n| 注文 | 1,070 ms |\n| `b` | 5 |\ny\n"), @"
        x

        | a    |        n |
        | ---- | -------: |
        | 注文 | 1,070 ms |
        | `b`  |        5 |
        y
        ");
        let code = "```text\n| a | b |\n|---|---|\n```\n";
        assert_eq!(tables(code), code);
    }
}
