//! The verdict for a terminal or a build log.

use std::io::{self, Write};
use std::path::PathBuf;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Story, escape, wording};
use crate::verdict::{Outcome, Row, Unit};

/// How the console report looks.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Whether to colour the outcomes.
    pub color: bool,
    /// Columns to stay within; the usual build log shows about 120.
    pub width: usize,
    /// The files written, named at the end.
    pub files: Vec<PathBuf>,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self { color: false, width: 120, files: Vec::new() }
    }
}

/// Passing rows shown; more are counted.
const MOST_PASSING: usize = 20;
/// Rows of each other kind shown; more are counted.
const MOST_OTHER: usize = 200;
/// Lines of a traceback shown.
const DETAIL_LINES: usize = 20;

/// Writes the verdict: one sentence, the rows from worst to best, problems and findings in words, where the files are.
///
/// # Errors
/// When the sink cannot be written.
pub fn write(sink: &mut dyn Write, story: &Story<'_>, options: &ConsoleOptions) -> io::Result<()> {
    let verdict = story.verdict;
    let paint = Paint(options.color);
    let width = options.width.max(60);
    for line in wrapped(&escape::plain(&wording::headline(verdict)), width) {
        writeln!(sink, "{}", paint.outcome(verdict.outcome, &line))?;
    }
    let mut table = Table::default();
    let mut left_out = Vec::new();
    for (outcome, most) in [
        (Outcome::Fail, MOST_OTHER),
        (Outcome::Inconclusive, MOST_OTHER),
        (Outcome::Warn, MOST_OTHER),
        (Outcome::Pass, MOST_PASSING),
    ] {
        let rows = judged(story, outcome);
        table.extend(rows.iter().take(most).copied());
        match rows.len().saturating_sub(most) {
            0 => {}
            more => left_out.push(format!("{} more {outcome}", Unit::Count.show(more as f64))),
        }
    }
    if !table.rows.is_empty() {
        writeln!(sink)?;
        table.write(sink, width, paint)?;
    }
    for words in left_out {
        writeln!(sink, "  … {words} (all rows are in verdict.json)")?;
    }
    reasons(sink, story, width)?;
    waiting(sink, story, width)?;
    words(sink, story, width)?;
    if !options.files.is_empty() {
        writeln!(sink, "\nFiles:")?;
        for file in &options.files {
            writeln!(sink, "  {}", escape::plain(&file.display().to_string()))?;
        }
    }
    Ok(())
}

/// Why rows ended as they did, for those whose numbers alone don't say it.
fn reasons(sink: &mut dyn Write, story: &Story<'_>, width: usize) -> io::Result<()> {
    const MOST: usize = 20;
    let rows: Vec<&Row> = [Outcome::Fail, Outcome::Inconclusive, Outcome::Warn]
        .into_iter()
        .flat_map(|outcome| judged(story, outcome))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(sink, "\nWhy:")?;
    for row in rows.iter().take(MOST) {
        let waiver = row.waiver.as_ref().map_or_else(String::new, |waiver| {
            format!(" (waived by {} until {}: {})", waiver.owner, waiver.expires, waiver.reason)
        });
        let text = format!("{} {}: {}{waiver} [{}]", row.subject, row.measure, row.reason, wording::place(&row.origin));
        bullet(sink, &text, width)?;
    }
    if rows.len() > MOST {
        writeln!(sink, "  … and {} more", rows.len() - MOST)?;
    }
    Ok(())
}

/// The rows that ended this way, without those that wait for something to compare with.
fn judged<'a>(story: &Story<'a>, outcome: Outcome) -> Vec<&'a Row> {
    let mut rows = wording::rows_with(story.verdict, outcome);
    rows.retain(|row| !row.is_waiting());
    rows
}

/// The rows that could not be judged yet, and may stay so.
fn waiting(sink: &mut dyn Write, story: &Story<'_>, width: usize) -> io::Result<()> {
    const MOST: usize = 5;
    let rows: Vec<&Row> = story.verdict.rows.iter().filter(|row| row.is_waiting()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(sink, "\nNot judged yet, which is allowed:")?;
    for row in rows.iter().take(MOST) {
        bullet(sink, &format!("{} {}: {}", row.subject, row.measure, row.reason), width)?;
    }
    if rows.len() > MOST {
        writeln!(sink, "  … and {} more", rows.len() - MOST)?;
    }
    Ok(())
}

/// Problems, findings and notes.
fn words(sink: &mut dyn Write, story: &Story<'_>, width: usize) -> io::Result<()> {
    if !story.results.problems.is_empty() {
        writeln!(sink, "\nProblems of the run:")?;
        for problem in &story.results.problems {
            bullet(sink, &problem.message, width)?;
            for line in problem.detail.iter().flat_map(|detail| escape::lines(detail, DETAIL_LINES)) {
                writeln!(sink, "      {line}")?;
            }
        }
    }
    if !story.verdict.findings.is_empty() {
        writeln!(sink, "\nFindings:")?;
        for finding in &story.verdict.findings {
            let words = [&finding.sentence, &finding.evidence, &finding.next].map(|text| wording::closed(text));
            bullet(sink, &words.join(" "), width)?;
        }
    }
    if let Some(second) = &story.verdict.confirmation {
        writeln!(sink, "\nSecond run:")?;
        let run = second.run_id.map_or_else(String::new, |id| format!("run {id}, "));
        bullet(sink, &format!("{run}{}", second.cost), width)?;
    }
    if !story.results.notes.is_empty() {
        writeln!(sink, "\nNotes:")?;
        for note in &story.results.notes {
            bullet(sink, note, width)?;
        }
    }
    Ok(())
}

fn bullet(sink: &mut dyn Write, text: &str, width: usize) -> io::Result<()> {
    let text = escape::plain(text);
    let text = escape::shorten(text.trim(), 1000);
    for (index, line) in wrapped(&text, width - 4).enumerate() {
        writeln!(sink, "  {} {line}", if index == 0 { '-' } else { ' ' })?;
    }
    Ok(())
}

/// The rows as aligned columns.
#[derive(Default)]
struct Table {
    rows: Vec<(Outcome, [String; 7])>,
    changes: bool,
}

/// Column headings; the second column is the one that gives way.
const HEADINGS: [&str; 7] = ["", "ENDPOINT", "MEASURE", "OBSERVED", "LIMIT", "CHANGE", "HEADROOM"];
const NAME: usize = 1;
const CHANGE: usize = 5;

impl<'a> Extend<&'a Row> for Table {
    fn extend<I: IntoIterator<Item = &'a Row>>(&mut self, rows: I) {
        for row in rows {
            self.changes |= row.baseline.is_some();
            let subject = row.subject.to_string();
            let cells = [
                wording::outcome_text(row),
                escape::shorten(escape::plain(&subject).trim(), 300).into_owned(),
                escape::plain(&row.measure).into_owned(),
                row.observed_text(),
                row.limit_text(),
                wording::change_text(row),
                wording::headroom_text(row),
            ];
            self.rows.push((row.outcome, cells));
        }
    }
}

impl Table {
    fn write(&self, sink: &mut dyn Write, width: usize, paint: Paint) -> io::Result<()> {
        let mut widths = HEADINGS.map(UnicodeWidthStr::width);
        for (_, cells) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width());
            }
        }
        if !self.changes {
            widths[CHANGE] = 0;
        }
        let others: usize = widths
            .iter()
            .enumerate()
            .filter(|(column, width)| *column != NAME && **width > 0)
            .map(|(_, w)| w + 2)
            .sum();
        widths[NAME] = widths[NAME].min(width.saturating_sub(others).max(20));
        write_line(sink, &HEADINGS.map(str::to_owned), &widths, |text| text.to_owned())?;
        for (outcome, cells) in &self.rows {
            // A long name continues below, so that nothing of it is lost.
            let mut parts = broken(&cells[NAME], widths[NAME]).into_iter();
            let mut first = cells.clone();
            first[NAME] = parts.next().unwrap_or_default();
            write_line(sink, &first, &widths, |text| paint.outcome(*outcome, text))?;
            for part in parts {
                let mut rest: [String; 7] = Default::default();
                rest[NAME] = part;
                write_line(sink, &rest, &widths, |text| text.to_owned())?;
            }
        }
        Ok(())
    }
}

/// One line; the first cell's words pass through `painted`, whose colours take no room.
fn write_line(
    sink: &mut dyn Write,
    cells: &[String; 7],
    widths: &[usize; 7],
    painted: impl Fn(&str) -> String,
) -> io::Result<()> {
    let mut line = String::new();
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        if width == 0 {
            continue;
        }
        let gap = " ".repeat(width.saturating_sub(cell.width()));
        match column {
            0 => line.push_str(&format!("{}{gap}", painted(cell))),
            NAME | 2 => line.push_str(&format!("  {cell}{gap}")),
            _ => line.push_str(&format!("  {gap}{cell}")),
        }
    }
    writeln!(sink, "{}", line.trim_end())
}

/// The text in pieces of at most `width` columns.
fn broken(text: &str, width: usize) -> Vec<String> {
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

/// The text in lines of at most `width` columns, broken between words.
fn wrapped(text: &str, width: usize) -> impl Iterator<Item = String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').flat_map(|word| broken(word, width)) {
        let line = lines.last_mut().map(|line| (line.width(), line));
        match line {
            Some((0, line)) => line.push_str(&word),
            Some((used, line)) if used + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines.into_iter()
}

/// Colours, when asked for.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn outcome(self, outcome: Outcome, text: &str) -> String {
        let code = match outcome {
            Outcome::Pass => "32",
            Outcome::Warn => "33",
            Outcome::Inconclusive => "35",
            Outcome::Fail => "1;31",
        };
        if self.0 && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
