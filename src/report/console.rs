//! The verdict for a terminal or a build log.

use std::io::{self, Write};
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};

use super::{Story, answer, wording};
use crate::clean;
use crate::text::{Align, Table, wrapped};
use crate::verdict::{Outcome, Row, Unit};

/// How the console report looks.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// Whether to color the outcomes.
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
/// Rows of which the report says since when; verdict.json says it of all.
const MOST_DATED: usize = 3;
/// Lines of a traceback shown.
const DETAIL_LINES: usize = 20;

/// Writes the verdict: one sentence, the rows from worst to best, problems and findings in words, where the files
/// are, and last the short answer.
///
/// # Errors
/// When the sink cannot be written.
pub fn write(sink: &mut dyn Write, story: &Story<'_>, options: &ConsoleOptions) -> io::Result<()> {
    let verdict = story.verdict;
    let headline = style(verdict.outcome, options.color);
    let width = options.width.max(60);
    for line in wrapped(&clean::line(&wording::headline(verdict)), width) {
        writeln!(sink, "{headline}{line}{headline:#}")?;
    }
    let evidence = verdict.evidence.as_deref().map(wording::closed);
    for text in wording::attempts(verdict).into_iter().chain(evidence).chain(wording::common_mode(verdict)) {
        for line in wrapped(&clean::line(&text), width) {
            writeln!(sink, "{line}")?;
        }
    }
    for (row, since) in wording::dated_rows(verdict).into_iter().take(MOST_DATED) {
        let text = format!("Since: {} {} since {}.", row.subject, row.measure, since.words(row.unit));
        for line in wrapped(&clean::line(&text), width) {
            writeln!(sink, "{line}")?;
        }
    }
    let mut shown = Vec::new();
    let mut left_out = Vec::new();
    for (outcome, most) in [
        (Outcome::Fail, MOST_OTHER),
        (Outcome::Inconclusive, MOST_OTHER),
        (Outcome::Warn, MOST_OTHER),
        (Outcome::Pass, MOST_PASSING),
    ] {
        let rows = judged(story, outcome);
        shown.extend(rows.iter().take(most).copied());
        match rows.len().saturating_sub(most) {
            0 => {}
            more => left_out.push(format!("{} more {outcome}", Unit::Count.show(more as f64))),
        }
    }
    if !shown.is_empty() {
        write!(sink, "\n{}", table(&shown, options.color).render_within(width, SUBJECT))?;
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
            writeln!(sink, "  {}", clean::line(&file.display().to_string()))?;
        }
    }
    write!(sink, "\nIn short:\n{}", answer::text(story, width))
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
    writeln!(sink, "\nNot evaluated yet (does not affect the verdict):")?;
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
            for line in problem.detail.iter().flat_map(|detail| clean::lines(detail, DETAIL_LINES)) {
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
        writeln!(sink, "\nFurther runs:")?;
        let runs = [second.run_id, second.third_run_id].into_iter().flatten();
        let run: String = runs.map(|id| format!("run {id}, ")).collect();
        bullet(sink, &format!("{run}{}", second.cost), width)?;
    }
    if let Some(control) = &story.verdict.control {
        writeln!(sink, "\nControl run:")?;
        bullet(sink, &wording::control(control), width)?;
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
    let text = clean::line(text);
    let text = clean::shorten(text.trim(), 1000);
    for (index, line) in wrapped(&text, width - 4).iter().enumerate() {
        writeln!(sink, "  {} {line}", if index == 0 { '-' } else { ' ' })?;
    }
    Ok(())
}

/// The column of the row's subject, which gives way where the line is too narrow.
const SUBJECT: usize = 1;

/// The rows as a table; without the column of changes where no row has a baseline.
fn table(rows: &[&Row], color: bool) -> Table {
    let with_change = rows.iter().any(|row| row.baseline.is_some());
    let left = [("", Align::Left), ("ENDPOINT", Align::Left), ("MEASURE", Align::Left)];
    let right = ["OBSERVED", "LIMIT", "CHANGE", "HEADROOM"].map(|head| (head, Align::Right));
    let shown = |head: &str| with_change || head != "CHANGE";
    let mut table = Table::new(left.into_iter().chain(right).filter(|(head, _)| shown(head)));
    for row in rows {
        let mut cells = vec![
            wording::outcome_text(row),
            clean::shorten(clean::line(&row.subject.to_string()).trim(), 300).into_owned(),
            clean::line(&row.measure).into_owned(),
            row.observed_text(),
            row.limit_text(),
        ];
        if with_change {
            cells.push(wording::change_text(row));
        }
        cells.push(wording::headroom_text(row));
        table.styled_row(style(row.outcome, color), cells);
    }
    table
}

/// The color of an outcome; none where colors are off.
fn style(outcome: Outcome, color: bool) -> Style {
    match outcome {
        _ if !color => Style::new(),
        Outcome::Pass => AnsiColor::Green.on_default(),
        Outcome::Warn => AnsiColor::Yellow.on_default(),
        Outcome::Inconclusive => AnsiColor::Magenta.on_default(),
        Outcome::Fail => AnsiColor::Red.on_default().bold(),
    }
}
