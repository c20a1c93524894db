//! `summary.md`: the whole story for a pull request comment, an artifact viewer and a plain reader.

use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, syntax::SyntaxConfig};

use super::context::{Context, Detail};
use super::{Format, Story, TemplateError, align, escape, wording};
use crate::clean;
use crate::results::ResultsFolder;
use crate::text::{counted, short_commit};
use crate::verdict::Unit;

/// The template that is used when none is given.
pub const DEFAULT_TEMPLATE: &str = include_str!("templates/summary.md");

/// The most steps a template may take: far more than any real one needs for 10,000 endpoints.
const FUEL: u64 = 4_000_000;

/// The most a template may print, bytes: no comment or artifact needs more.
const MOST_BYTES: usize = 32 << 20;

/// Lines of a traceback shown.
const DETAIL_LINES: usize = 40;

/// The format, for the list of formats.
pub(super) const FORMAT: Format = Format {
    file: ResultsFolder::SUMMARY,
    about: "the verdict in words, with its rows, for a comment or an artifact viewer",
    render: summary,
};

/// The content of `summary.md`. `template` is the name and content of the file given with `--template`.
///
/// # Errors
/// When that template is broken; the built-in one never is.
pub fn summary(story: &Story<'_>, template: Option<(&str, &str)>) -> Result<String, TemplateError> {
    match template {
        None => Ok(align::tables(&render(story, &Detail::SUMMARY, ("summary.md", DEFAULT_TEMPLATE))?)),
        Some(template) => render(story, &Detail::ALL, template),
    }
}

/// Whether a template can be parsed, to be asked before a long run and not after it.
///
/// # Errors
/// When it cannot.
pub fn check(name: &str, source: &str) -> Result<(), TemplateError> {
    let broken = |error: minijinja::Error| explained(name, source, &error);
    environment().map_err(broken)?.template_from_named_str(name, source).map(drop).map_err(broken)
}

/// The same story in at most `budget` characters, for a comment. What does not fit goes in this order: passing rows,
/// endpoints, failure texts and other details, warnings, rows that could not be judged. Of the failing rows as many
/// are shown as fit, and the text says how many more there are and where.
#[must_use]
pub fn comment_section(story: &Story<'_>, budget: usize) -> String {
    fit(story, budget).unwrap_or_else(|_| shortest(story, budget))
}

/// What a template sees of this story, as JSON: every key of `docs/template.md` with its value.
#[must_use]
pub fn context(story: &Story<'_>) -> serde_json::Value {
    serde_json::to_value(Context::of(story, &Detail::ALL)).unwrap_or_default()
}

/// The levers in the order in which detail is given up.
const LEVERS: [fn(&mut Detail) -> &mut usize; 7] = [
    |detail| &mut detail.pass,
    |detail| &mut detail.endpoints,
    |detail| &mut detail.failure_texts,
    |detail| &mut detail.findings,
    |detail| &mut detail.warn,
    |detail| &mut detail.inconclusive,
    |detail| &mut detail.fail,
];

/// From this lever on the sections that only explain are left out.
const BRIEF_FROM: usize = 4;

fn fit(story: &Story<'_>, budget: usize) -> Result<String, TemplateError> {
    let rendered = |detail: &Detail| render(story, detail, ("summary.md", DEFAULT_TEMPLATE));
    // No row is shorter than this, so no more of them can ever fit.
    let most = budget / 30 + 1;
    let rows = |limit: usize| limit.min(most);
    let mut detail = Detail {
        pass: rows(100),
        endpoints: rows(100),
        failure_texts: rows(30),
        findings: rows(20),
        ..Detail::SUMMARY
    };
    (detail.fail, detail.warn, detail.inconclusive) = (most, rows(200), rows(200));
    let text = rendered(&detail)?;
    if length(&text) <= budget {
        return Ok(text);
    }
    for (index, lever) in LEVERS.into_iter().enumerate() {
        detail.brief = index >= BRIEF_FROM;
        let (mut too_much, mut fits) = (*lever(&mut detail), None);
        *lever(&mut detail) = 0;
        let text = rendered(&detail)?;
        if length(&text) > budget {
            continue;
        }
        // The most of this list that still fits.
        let mut enough = 0;
        while too_much - enough > 1 {
            let middle = enough + (too_much - enough) / 2;
            *lever(&mut detail) = middle;
            let text = rendered(&detail)?;
            if length(&text) <= budget {
                (enough, fits) = (middle, Some(text));
            } else {
                too_much = middle;
            }
        }
        return Ok(fits.unwrap_or(text));
    }
    Ok(shortest(story, budget))
}

/// The verdict alone, for a budget in which not even the frame fits.
fn shortest(story: &Story<'_>, budget: usize) -> String {
    let verdict = story.verdict;
    let failed = verdict.rows_with(crate::verdict::Outcome::Fail).count();
    let head = format!(
        "### {}: {} of {} failed. See `report.html` and `verdict.json` of the results folder.\n",
        wording::outcome_word(verdict.outcome),
        failed,
        counted(verdict.rows.len(), "check"),
    );
    head.chars().take(budget).collect()
}

/// The length GitHub counts is characters; UTF-16 units are never fewer.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn render(story: &Story<'_>, detail: &Detail, (name, source): (&str, &str)) -> Result<String, TemplateError> {
    let broken = |error: minijinja::Error| explained(name, source, &error);
    let environment = environment().map_err(broken)?;
    let template = environment.template_from_named_str(name, source).map_err(broken)?;
    let context = Context::of(story, detail);
    let mut out = BoundedText(Vec::new());
    match template.render_captured_to(Value::from(Serde(&context)), &mut out) {
        // All values are printed as escaped text.
        Ok(_) => Ok(String::from_utf8_lossy(&out.0).into_owned()),
        Err(_) if out.0.len() >= MOST_BYTES => Err(TemplateError {
            name: name.to_owned(),
            line: None,
            cause: format!("it prints more than {} MiB", MOST_BYTES >> 20),
            excerpt: String::new(),
        }),
        Err(error) => Err(broken(error)),
    }
}

/// Takes at most [`MOST_BYTES`].
struct BoundedText(Vec<u8>);

impl std::io::Write for BoundedText {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        let taken = part.len().min(MOST_BYTES - self.0.len());
        self.0.extend_from_slice(&part[..taken]);
        // Zero bytes of something to write end the rendering.
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // Whatever the user's file is called: it becomes Markdown.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_formatter(write_markdown);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("code", |value: Value| safe(escape::markdown::code(&shown(&value))));
    environment.add_filter("block", |value: Value| safe(escape::markdown::block(&shown(&value), DETAIL_LINES)));
    environment
        .add_filter("link", |address: Value, words: String| safe(escape::markdown::link(&words, &shown(&address))));
    environment.add_filter("mention", |owners: Value| safe(escape::markdown::mentions(&shown(&owners))));
    environment.add_filter("count", |number: f64| Unit::Count.show(number));
    environment.add_filter("short_commit", |commit: &str| short_commit(commit));
    Ok(environment)
}

/// Every value a template prints passes here: text becomes harmless Markdown, `none` a dash.
fn write_markdown(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let custom = matches!(state.auto_escape(), AutoEscape::Custom(_));
    match value.kind() {
        _ if value.is_undefined() || !custom => return minijinja::escape_formatter(out, state, value),
        ValueKind::None => out.write_str("–")?,
        // Python writes 5.0, a person 5.
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(number) if !value.is_integer() => write!(out, "{number}")?,
            _ => write!(out, "{value}")?,
        },
        ValueKind::Bool => write!(out, "{value}")?,
        _ if value.is_safe() => write!(out, "{value}")?,
        _ => out.write_str(&escape::markdown::prose(&value.to_string()))?,
    }
    Ok(())
}

fn shown(value: &Value) -> String {
    if value.is_none() { "–".to_owned() } else { value.to_string() }
}

fn safe(markdown: String) -> Value {
    Value::from_safe_string(markdown)
}

/// The error with its line, and the lines around it.
fn explained(name: &str, source: &str, error: &minijinja::Error) -> TemplateError {
    let mut cause = error.kind().to_string();
    if let Some(detail) = error.detail() {
        cause = format!("{cause}: {detail}");
    }
    let excerpt = error.line().map_or_else(String::new, |line| {
        let first = line.saturating_sub(2).max(1);
        source
            .lines()
            .enumerate()
            .skip(first - 1)
            .take(line + 2 - first)
            .map(|(index, text)| {
                let mark = if index + 1 == line { '>' } else { ' ' };
                format!("\n{mark} {:>4} | {}", index + 1, clean::shorten(&clean::line(text), 120))
            })
            .collect()
    });
    TemplateError { name: name.to_owned(), line: error.line(), cause, excerpt }
}
