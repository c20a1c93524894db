//! Progress on stderr: one plain line per event, or one JSON object.

mod status_line;

pub use status_line::{clear_status_line, has_status_line, status_line};

use std::io::{self, IsTerminal};

use anstyle::{AnsiColor, Style};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{self, FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use crate::clean;
use crate::error::{Explain, chain};
use crate::redact;

/// How progress is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// The least important events that are logged.
    pub level: Level,
    /// How an event is written.
    pub format: LogFormat,
    /// When to use colors.
    pub color: ColorChoice,
}

/// How progress is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One plain line per event.
    Text,
    /// One JSON object per event.
    Json,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// In a terminal and in CircleCI's log, which renders colors; NO_COLOR and FORCE_COLOR decide otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether a stream gets colors.
    #[must_use]
    pub fn applies(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
                let forced = set("FORCE_COLOR").map(|value| !matches!(value.as_str(), "0" | "false"));
                let renders = || is_terminal || set("CIRCLECI").is_some_and(|value| value == "true");
                set("NO_COLOR").is_none() && forced.unwrap_or_else(renders)
            }
        }
    }
}

/// Sends progress to stderr from here on. A second call changes nothing.
pub fn init(options: LogOptions) {
    let shows_progress = options.format == LogFormat::Text && options.level >= Level::INFO;
    status_line::enable(shows_progress && io::stderr().is_terminal());
    // Other crates stay quiet: some of them log what they send.
    let filter = Targets::new().with_target("loadforge_ci", options.level);
    let lines = fmt::layer().with_ansi(options.color.applies(io::stderr().is_terminal()));
    let registry = tracing_subscriber::registry();
    let _ = match options.format {
        LogFormat::Text => {
            let lines = lines.event_format(Plain).with_writer(|| EventWriter(LogFormat::Text));
            registry.with(lines.with_filter(filter)).try_init()
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_target(false);
            registry.with(lines.with_writer(|| EventWriter(LogFormat::Json)).with_filter(filter)).try_init()
        }
    };
}

/// Logs a warning with its cause and the next step.
pub fn warn(what: &str, error: &impl Explain) {
    let cause = chain(error);
    match error.hint() {
        Some(hint) => tracing::warn!("{what}: {cause}\nhint: {hint}"),
        None => tracing::warn!("{what}: {cause}"),
    }
}

/// An event as one line: its message, and a word in front where it is not ordinary progress.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        let (word, style) = match *event.metadata().level() {
            Level::ERROR => ("error: ", AnsiColor::Red.on_default()),
            Level::WARN => ("warning: ", AnsiColor::Yellow.on_default()),
            Level::INFO => ("", Style::new()),
            Level::DEBUG | Level::TRACE => ("", Style::new().dimmed()),
        };
        let mut line = EventText::default();
        event.record(&mut line);
        let text = clean::message(&line.0);
        let style = if writer.has_ansi_escapes() { style } else { Style::new() };
        writeln!(writer, "{style}{word}{text}{style:#}")
    }
}

/// Writes an event to stderr without the secrets this process knows.
struct EventWriter(LogFormat);

impl io::Write for EventWriter {
    /// Receives a whole event from the subscriber.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let hidden = redact::hide(&text);
        clear_status_line();
        match self.0 {
            // Its formatter has cleaned the message already; what acts now is our own color.
            LogFormat::Text => io::stderr().write_all(hidden.as_bytes())?,
            LogFormat::Json => writeln!(io::stderr(), "{}", clean::line(hidden.trim_end()))?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The message of an event with its fields behind it.
#[derive(Default)]
struct EventText(String);

impl Visit for EventText {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write;
        let _ = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}
