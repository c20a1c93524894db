//! The answers of a run's history to the gates.

use super::mixture::Mixture;
use super::plan::Watched;
use super::request::{SeriesHandle, WindowValue};
use super::totals::Interval;
use super::track::Track;
use super::trend::change_percent;
use crate::results::{Endpoint, Percentile, not_delivered};

/// Minimum number of points to compute a drift: one minute of 10 s windows.
const FEWEST_POINTS: usize = 6;

/// The answers of a run's history to the gates. An `Err` gives the reason in words.
#[derive(Debug, Default)]
pub struct SeriesAnswers {
    pub(super) watched: Vec<Watched>,
    /// The reason when there is no answer at all.
    pub(super) trouble: Option<String>,
    /// Whether the history has rows of single endpoints (`--csv-full-history`).
    pub(super) full: bool,
    /// The percentiles of the header.
    pub(super) percentiles: Vec<Percentile>,
}

impl SeriesAnswers {
    fn track(&self, handle: SeriesHandle) -> Result<&Track, String> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        let watched = &self.watched[handle.endpoint];
        match (&watched.key, &watched.track) {
            (_, Some(track)) if track.rows > 0 => Ok(track),
            (Some(_), _) if !self.full => {
                Err("the history holds all requests together only: Locust ran without --csv-full-history".to_owned())
            }
            (Some(key), _) => Err(format!("the history holds no row of {key}")),
            (None, _) => Err("the history holds no row of all requests together".to_owned()),
        }
    }

    /// Percentiles of windows need the full history, and their column.
    fn check_percentile(&self, value: WindowValue) -> Result<(), String> {
        let WindowValue::Percentile(wanted) = value else { return Ok(()) };
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
    /// end, percentiles estimated from its windows. Percentiles are left out where the history does not have them.
    ///
    /// # Errors
    /// When nothing was measured after the ramp-up, or the history cannot be read.
    pub fn after_ramp_up(&self, handle: SeriesHandle) -> Result<Endpoint, String> {
        let track = self.track(handle)?;
        let span = Interval::between(&track.steady_start, &track.last);
        if span.seconds() <= 0.0 {
            return Err("the ramp-up took the whole run: nothing was measured after it".to_owned());
        }
        Ok(self.measured(&span, &track.mixture))
    }

    /// What was measured of an endpoint in one stage, once its users ran.
    ///
    /// # Errors
    /// When nothing was measured in the stage, or the history cannot be read.
    pub fn stage(&self, handle: SeriesHandle) -> Result<Endpoint, String> {
        let stage = &self.track(handle)?.stages[handle.index];
        let span =
            stage.interval().ok_or("the users of the stage were never reached, or nothing was measured after")?;
        Ok(self.measured(&span, &stage.mixture))
    }

    /// What a stretch of time measured: counts from its totals, percentiles from its windows.
    fn measured(&self, span: &Interval, mixture: &Mixture) -> Endpoint {
        let seconds = span.seconds();
        let mut endpoint = Endpoint {
            requests: span.requests,
            failures: span.failures,
            avg_ms: span.average_ms,
            requests_per_s: Some(span.requests as f64 / seconds),
            failures_per_s: Some(span.failures as f64 / seconds),
            ..Endpoint::default()
        };
        // A few windows may have no percentile table (the first 10 s of a run), but not most of them.
        if self.full && mixture.requests() >= span.requests as f64 / 2.0 && span.requests > 0 {
            for percentile in &self.percentiles {
                if let Some(value) = mixture.percentile(*percentile) {
                    endpoint.percentiles.insert(*percentile, value);
                }
            }
            endpoint.median_ms = endpoint.percentiles.get(&Percentile::P50).copied();
            endpoint.max_ms = endpoint.percentiles.get(&Percentile::P100).copied();
        }
        endpoint
    }

    /// Why the percentiles of a part of the run are not known; `part` is when it is: `after the ramp-up`, `in stage 2`.
    #[must_use]
    pub fn why_no_percentile(&self, handle: SeriesHandle, value: WindowValue, part: &str) -> String {
        if let Err(reason) = self.track(handle).and_then(|_| self.check_percentile(value)) {
            return reason;
        }
        format!("the time {part} is too short to estimate percentiles from windows of 10 s: run 1m longer")
    }

    /// Number of windows within the limit, and number of all windows.
    ///
    /// # Errors
    /// When the history has no such windows.
    pub fn share(&self, handle: SeriesHandle) -> Result<(u64, u64), String> {
        let share = &self.track(handle)?.shares[handle.index];
        self.check_percentile(share.limit.value)?;
        Ok((share.held, share.judged))
    }

    /// The change over the run after the ramp-up, %; `None` where the value was 0 in most windows, because a change of 0
    /// has no percentage.
    ///
    /// # Errors
    /// When the history has too few windows with requests after the ramp-up.
    pub fn drift(&self, handle: SeriesHandle) -> Result<Option<f64>, String> {
        let drift = &self.track(handle)?.drifts[handle.index];
        self.check_percentile(drift.value)?;
        let points = drift.points.kept();
        if points.len() < FEWEST_POINTS {
            return Err(format!(
                "too few windows of 10 s with requests after the ramp-up: {}, and a drift needs {FEWEST_POINTS}",
                points.len()
            ));
        }
        Ok(change_percent(points))
    }
}
