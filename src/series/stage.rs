//! What is gathered of one stage of a run: from the moment its users run to its end.

use super::mixture::Mixture;
use super::tick::{Tick, WINDOW_S, percentile_table};
use super::totals::{Interval, Totals};
use crate::locust::{CsvError, HistoryRow};
use crate::results::StageSpan;

/// What is gathered of one endpoint in one stage.
#[derive(Debug, Clone)]
pub(super) struct StageTrack {
    span: StageSpan,
    /// The totals when its users were first seen; `None` until then.
    begin: Option<Totals>,
    end: Totals,
    window: Totals,
    pub(super) mixture: Mixture,
}

impl StageTrack {
    pub(super) fn new(span: StageSpan) -> Self {
        let nothing = Totals::default();
        Self { span, begin: None, end: nothing, window: nothing, mixture: Mixture::default() }
    }

    /// Takes in the endpoint's next row. `is_first` says that it is the endpoint's first.
    pub(super) fn take(
        &mut self,
        row: &HistoryRow<'_>,
        now: Totals,
        tick: Tick,
        is_first: bool,
    ) -> Result<(), CsvError> {
        let at = (tick.t_s - tick.start_s) as f64;
        if at < self.span.from_s || at > self.span.to_s {
            return Ok(());
        }
        let StageSpan { before, users, .. } = self.span;
        let is_reached = if users >= before { tick.users >= users } else { tick.users <= users };
        if self.begin.is_none() {
            if is_reached {
                // Of an endpoint that was not called before, all requests belong to the stage.
                let begin = if is_first { Totals::nothing_until(tick.before_s) } else { now };
                (self.begin, self.end, self.window) = (Some(begin), now, begin);
            }
            return Ok(());
        }
        self.end = now;
        if now.t_s - self.window.t_s >= WINDOW_S {
            let window = Interval::between(&self.window, &now);
            self.window = now;
            if window.requests > 0 {
                self.mixture.add(&percentile_table(row)?, window.requests);
            }
        }
        Ok(())
    }

    /// What happened in it; `None` when its users were never reached, or nothing came after.
    pub(super) fn interval(&self) -> Option<Interval> {
        let interval = Interval::between(&self.begin?, &self.end);
        (interval.seconds() > 0.0).then_some(interval)
    }
}
