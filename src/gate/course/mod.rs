//! What gates need of the run's course, gathered in one pass over the history.
//!
//! Only what the gates ask for is kept, and each of it is bounded: counters for windows, a thinned series for a drift,
//! a table of rounded values for percentiles after the ramp-up. Memory grows with the endpoints asked for, never with
//! the run's length.

mod drift;
mod mixture;
mod track;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use drift::{FEWEST_POINTS, Series};
use track::{Share, Span, Tick, Track};

use super::Measure;
use super::percentiles::not_delivered;
use crate::error::chain;
use crate::locust::{CsvError, HistoryReader, HistoryRow};
use crate::results::{Endpoint, EndpointKey, Percentile};
use crate::verdict::Operator;

/// The run's history CSV, opened only when a gate needs it, and read once.
pub struct StatsHistory<'a> {
    name: String,
    open: Box<dyn FnOnce() -> io::Result<Box<dyn Read + 'a>> + 'a>,
}

impl<'a> StatsHistory<'a> {
    /// A history file.
    #[must_use]
    pub fn file(path: &'a Path) -> Self {
        let open = move || File::open(path).map(|file| Box::new(file) as Box<dyn Read>);
        Self { name: path.display().to_string(), open: Box::new(open) }
    }

    /// A history that is in memory; `name` names it in messages.
    #[must_use]
    pub fn text(name: impl Into<String>, content: &'a [u8]) -> Self {
        Self { name: name.into(), open: Box::new(move || Ok(Box::new(content) as Box<dyn Read>)) }
    }
}

/// A measure with the limit it has to keep in a window.
#[derive(Debug, Clone)]
pub(super) struct Limited {
    pub(super) measure: Measure,
    pub(super) operator: Operator,
    pub(super) limit: f64,
}

/// What one gate wants to know of one endpoint's course.
#[derive(Debug, Clone)]
pub(super) enum SeriesRequest {
    /// What was measured after the ramp-up.
    AfterRampUp,
    /// How many windows keep a limit.
    Share { limited: Limited, after_ramp_up: bool },
    /// How a measure changes.
    Drift(Measure),
}

/// Where the answer to a [`SeriesRequest`] is found.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeriesHandle {
    track: usize,
    index: usize,
}

/// What is wanted of the course; filled by the gates, then read in one pass.
#[derive(Default)]
pub(super) struct Plan {
    tracks: Vec<Track>,
    keys: Vec<Option<EndpointKey>>,
    by_key: HashMap<String, usize>,
    total: Option<usize>,
}

impl Plan {
    /// Notes a wish; `None` is all requests together.
    pub(super) fn want(&mut self, endpoint: Option<&EndpointKey>, want: SeriesRequest) -> SeriesHandle {
        let next = self.tracks.len();
        let track = match endpoint {
            None => *self.total.get_or_insert(next),
            Some(key) => *self.by_key.entry(joined(&key.method, &key.name)).or_insert(next),
        };
        if track == next {
            self.tracks.push(Track::default());
            self.keys.push(endpoint.cloned());
        }
        let wanted = &mut self.tracks[track];
        let index = match want {
            SeriesRequest::AfterRampUp => {
                wanted.wants_mixture = true;
                0
            }
            SeriesRequest::Share { limited, after_ramp_up } => {
                wanted.shares.push(Share { limited, after_ramp_up, held: 0, judged: 0 });
                wanted.shares.len() - 1
            }
            SeriesRequest::Drift(measure) => {
                wanted.drifts.push((measure, Series::default()));
                wanted.drifts.len() - 1
            }
        };
        SeriesHandle { track, index }
    }

    /// Reads the history, if anything is wanted of it.
    pub(super) fn read(self, history: Option<StatsHistory<'_>>) -> Course {
        let mut course = Course { tracks: self.tracks, keys: self.keys, ..Course::default() };
        if course.tracks.is_empty() {
            return course;
        }
        let Some(history) = history else {
            course.trouble = Some("no history of the run was delivered (history.csv)".into());
            return course;
        };
        let name = history.name;
        match (history.open)() {
            Err(error) => course.trouble = Some(format!("failed to open {name}: {error}")),
            Ok(source) => {
                if let Err(error) = course.read(&name, source, &self.by_key, self.total) {
                    course.trouble = Some(chain(&error));
                }
            }
        }
        course
    }
}

/// A name that cannot be confused with another pair's.
fn joined(method: &str, name: &str) -> String {
    format!("{method}\0{name}")
}

/// What the history told.
#[derive(Default)]
pub(super) struct Course {
    tracks: Vec<Track>,
    keys: Vec<Option<EndpointKey>>,
    /// Why nothing can be told.
    trouble: Option<String>,
    /// Whether rows of single endpoints were there (`--csv-full-history`).
    full: bool,
    /// The percentiles of the header.
    percentiles: Vec<Percentile>,
}

impl Course {
    fn read(
        &mut self,
        name: &str,
        source: impl Read,
        by_key: &HashMap<String, usize>,
        total: Option<usize>,
    ) -> Result<(), CsvError> {
        let mut reader = HistoryReader::open(name, source)?;
        let mut clock = Clock::default();
        let mut key = String::new();
        while let Some(row) = reader.next_row()? {
            if self.percentiles.is_empty() {
                self.percentiles = row.percentiles().collect();
            }
            if row.is_total() {
                let tick = clock.tick(&row)?;
                if let Some(track) = total {
                    self.tracks[track].take(&row, tick)?;
                }
                continue;
            }
            self.full = true;
            if by_key.is_empty() {
                continue;
            }
            key.clear();
            key.push_str(&row.method());
            key.push('\0');
            key.push_str(&row.name());
            if let Some(track) = by_key.get(key.as_str()) {
                let tick = clock.tick(&row)?;
                self.tracks[*track].take(&row, tick)?;
            }
        }
        Ok(())
    }

    fn track(&self, ticket: SeriesHandle) -> Result<&Track, String> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        let track = &self.tracks[ticket.track];
        match &self.keys[ticket.track] {
            _ if track.rows > 0 => Ok(track),
            Some(_) if !self.full => {
                Err("the history holds all requests together only: Locust ran without --csv-full-history".to_owned())
            }
            Some(key) => Err(format!("the history holds no row of {key}")),
            None => Err("the history holds no row of all requests together".to_owned()),
        }
    }

    /// Percentiles of windows need the full history, and their column.
    fn check_percentile(&self, measure: &Measure) -> Result<(), String> {
        let wanted = match measure {
            Measure::Percentile(percentile) => *percentile,
            Measure::Median => Percentile::P50,
            Measure::Max => Percentile::P100,
            _ => return Ok(()),
        };
        if !self.full {
            return Err("the percentiles of this history are since the start of the run: Locust ran without \
                        --csv-full-history"
                .to_owned());
        }
        if !self.percentiles.contains(&wanted) {
            return Err(not_delivered("the history holds", wanted, self.percentiles.iter().copied()));
        }
        Ok(())
    }

    /// What was measured of an endpoint after the ramp-up: counts, mean and throughput from the sums at its begin and
    /// end, percentiles estimated from its windows. Percentiles are left out where the history cannot tell them.
    pub(super) fn after_ramp_up(&self, ticket: SeriesHandle) -> Result<Endpoint, String> {
        let track = self.track(ticket)?;
        let span = Span::between(track.steady_start, track.last);
        if span.seconds <= 0.0 {
            return Err("the ramp-up took the whole run: nothing was measured after it".to_owned());
        }
        let mut endpoint = Endpoint {
            requests: span.requests,
            failures: span.failures,
            avg_ms: span.average_ms,
            requests_per_s: Some(span.requests as f64 / span.seconds),
            failures_per_s: Some(span.failures as f64 / span.seconds),
            ..Endpoint::default()
        };
        // Windows without a table (the first 10 s of a run) may be missing, but not most of them.
        if self.full && track.mixture.requests() >= span.requests as f64 / 2.0 && span.requests > 0 {
            for percentile in &self.percentiles {
                if let Some(value) = track.mixture.percentile(*percentile) {
                    endpoint.percentiles.insert(*percentile, value);
                }
            }
            endpoint.median_ms = endpoint.percentiles.get(&Percentile::P50).copied();
            endpoint.max_ms = endpoint.percentiles.get(&Percentile::P100).copied();
        }
        Ok(endpoint)
    }

    /// Why the percentiles after the ramp-up cannot be told.
    pub(super) fn why_no_percentile(&self, ticket: SeriesHandle, measure: &Measure) -> String {
        if let Err(reason) = self.track(ticket).and_then(|_| self.check_percentile(measure)) {
            return reason;
        }
        "the time after the ramp-up is too short to estimate percentiles from windows of 10 s".to_owned()
    }

    /// How many windows kept the limit, of how many.
    pub(super) fn share(&self, ticket: SeriesHandle) -> Result<(u64, u64), String> {
        let share = &self.track(ticket)?.shares[ticket.index];
        self.check_percentile(&share.limited.measure)?;
        Ok((share.held, share.judged))
    }

    /// The change over the run after the ramp-up, %.
    pub(super) fn drift(&self, ticket: SeriesHandle) -> Result<f64, String> {
        let (measure, series) = &self.track(ticket)?.drifts[ticket.index];
        self.check_percentile(measure)?;
        if series.len() < FEWEST_POINTS {
            return Err(format!(
                "too few windows of 10 s with requests after the ramp-up: {}, and a drift needs {FEWEST_POINTS}",
                series.len()
            ));
        }
        series
            .change_percent()
            .ok_or_else(|| format!("{measure} was 0 in most windows, and a change of 0 has no percentage"))
    }
}

/// Follows the moments of the rows and the users running.
#[derive(Default)]
struct Clock {
    now: Option<Tick>,
    most_users: u32,
}

impl Clock {
    fn tick(&mut self, row: &HistoryRow<'_>) -> Result<Tick, CsvError> {
        let t_s = row.timestamp()?;
        let mut tick = match self.now {
            None => Tick { t_s, before_s: t_s, steady_from_s: t_s, epoch: 0 },
            Some(now) if now.t_s == t_s => now,
            Some(now) => Tick { t_s, before_s: now.t_s, ..now },
        };
        let users = row.users()?;
        if users > self.most_users {
            self.most_users = users;
            tick.steady_from_s = t_s;
            tick.epoch += 1;
        }
        self.now = Some(tick);
        Ok(tick)
    }
}

#[cfg(test)]
mod tests;
