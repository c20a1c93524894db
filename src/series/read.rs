//! The one pass over a run's history.

use std::io::{self, Read};
use std::sync::Arc;

use super::answers::SeriesAnswers;
use super::lookup::Lookup;
use super::plan::SeriesPlan;
use super::run_series::RunSeries;
use super::source::StatsHistory;
use super::tick::Tick;
use super::timeline::TimelineBuilder;
use super::totals::Totals;
use crate::error::chain;
use crate::locust::{CsvError, HistoryReader, HistoryRow, RowDepth};
use crate::results::{PeakUsers, Percentile, Timeline};

/// What one pass over a run's history found. What cannot be read costs only what needs it.
pub struct SeriesReading {
    /// For gates.
    pub answers: SeriesAnswers,
    /// For findings; `None` when there is no history or nothing was requested of it.
    pub findings: Result<Option<RunSeries>, Arc<CsvError>>,
    /// The timeline, if requested; empty when there is no history.
    pub timeline: Result<Timeline, Arc<CsvError>>,
}

impl SeriesPlan {
    /// Reads the history once, if anything is requested of it.
    #[must_use]
    pub fn read(self, history: Option<StatsHistory<'_>>) -> SeriesReading {
        let wants_gates = self.has_tracks();
        if !(wants_gates || self.findings.is_some() || self.timeline) {
            return SeriesReading::without(self, None);
        }
        let Some(history) = history else {
            let trouble = "no history of the run was delivered (history.csv)".to_owned();
            return SeriesReading::without(self, Some(trouble));
        };
        let name = history.name;
        match (history.open)() {
            Ok(source) => Pass::new(self).read(&name, source),
            Err(error) => {
                let mut reading = SeriesReading::without(self, Some(format!("failed to open {name}: {error}")));
                // A file that is not there is a history that was not delivered, but not when its timeline was asked for.
                let is_missing = error.kind() == io::ErrorKind::NotFound;
                let fault = Arc::new(CsvError::Read { file: name, source: error.into() });
                if !is_missing {
                    reading.findings = Err(Arc::clone(&fault));
                }
                reading.timeline = Err(fault);
                reading
            }
        }
    }
}

impl SeriesReading {
    fn without(plan: SeriesPlan, trouble: Option<String>) -> Self {
        Self {
            answers: SeriesAnswers { watched: plan.watched, trouble, full: false, percentiles: Vec::new() },
            findings: Ok(None),
            timeline: Ok(Timeline::default()),
        }
    }
}

/// The pass: gates, findings and timeline each receive every row, and each of the three stops at the first row it
/// cannot read.
struct Pass {
    plan: SeriesPlan,
    wants_gates: bool,
    clock: Clock,
    timeline: TimelineBuilder,
    gates_fault: Option<Arc<CsvError>>,
    findings_fault: Option<Arc<CsvError>>,
    timeline_fault: Option<Arc<CsvError>>,
}

impl Pass {
    fn new(plan: SeriesPlan) -> Self {
        Self {
            wants_gates: plan.has_tracks(),
            plan,
            clock: Clock::default(),
            timeline: TimelineBuilder::new(),
            gates_fault: None,
            findings_fault: None,
            timeline_fault: None,
        }
    }

    fn read(mut self, name: &str, source: impl Read) -> SeriesReading {
        let mut full = false;
        let mut percentiles = Vec::new();
        let all = HistoryReader::open(name, source).and_then(|mut reader| {
            percentiles = reader.percentiles();
            let (wants_totals, wants_gates) = (self.wants_totals(), self.wants_gates);
            let mut lookup = Lookup::default();
            let mut found = None;
            while let Some(row) = reader.next_row_where(|endpoint| {
                if endpoint.is_total() {
                    found = None;
                    return if wants_totals { RowDepth::All } else { RowDepth::Skip };
                }
                full = true;
                found = lookup.find(endpoint, &self.plan.by_key);
                found.map_or(RowDepth::Skip, |watched| self.plan.watched[watched].depth(wants_gates))
            })? {
                match found {
                    None => self.take_total(&row),
                    Some(watched) => self.take(&row, watched),
                }
            }
            self.read_newest(&mut reader);
            Ok(())
        });
        if let Err(fault) = all {
            let fault = Arc::new(fault);
            for slot in [&mut self.gates_fault, &mut self.findings_fault, &mut self.timeline_fault] {
                slot.get_or_insert_with(|| Arc::clone(&fault));
            }
        }
        self.finish(full, percentiles)
    }

    fn take_total(&mut self, row: &HistoryRow<'_>) {
        if self.plan.timeline && self.timeline_fault.is_none() {
            self.timeline_fault = self.timeline.push(row).err().map(Arc::new);
        }
        match self.plan.total {
            Some(total) => self.take(row, total),
            None => self.take_for_gates(row, None),
        }
    }

    fn take(&mut self, row: &HistoryRow<'_>, watched: usize) {
        self.take_for_gates(row, Some(watched));
        if self.findings_fault.is_none()
            && let Some(followed) = &mut self.plan.watched[watched].followed
            && let Err(fault) = followed.take(row)
        {
            self.findings_fault = Some(Arc::new(fault));
        }
    }

    /// Whether the rows of all requests together are needed; gates take the time from them.
    fn wants_totals(&self) -> bool {
        self.wants_gates || self.plan.timeline || self.plan.total.is_some()
    }

    /// Reads the newest rows that were passed over.
    fn read_newest(&mut self, reader: &mut HistoryReader<impl Read>) {
        for followed in self.plan.watched.iter_mut().filter_map(|watched| watched.followed.as_mut()) {
            let Some(row) = followed.passed_over() else { continue };
            match Totals::with_percentiles(&reader.again(&row)) {
                Ok(totals) => followed.set_newest(totals),
                Err(fault) => self.findings_fault = Some(Arc::new(fault)),
            }
        }
    }

    fn take_for_gates(&mut self, row: &HistoryRow<'_>, watched: Option<usize>) {
        if !self.wants_gates || self.gates_fault.is_some() {
            return;
        }
        let track = watched.and_then(|watched| self.plan.watched[watched].track.as_mut());
        if track.is_none() && !row.is_total() {
            return;
        }
        let taken = self.clock.tick(row).and_then(|tick| track.map_or(Ok(()), |track| track.take(row, tick)));
        self.gates_fault = taken.err().map(Arc::new);
    }

    fn finish(mut self, full: bool, percentiles: Vec<Percentile>) -> SeriesReading {
        let wanted = self.plan.findings.take();
        let findings = match self.findings_fault {
            Some(fault) => Err(fault),
            None => Ok(wanted.map(|places| RunSeries::of_watched(&places, &mut self.plan.watched))),
        };
        SeriesReading {
            answers: SeriesAnswers {
                trouble: self.gates_fault.map(|fault| chain(&fault)),
                full,
                percentiles,
                watched: self.plan.watched,
            },
            findings,
            timeline: match self.timeline_fault {
                Some(fault) => Err(fault),
                None => Ok(self.timeline.finish()),
            },
        }
    }
}

/// Follows the moments of the rows and the users running.
#[derive(Default)]
struct Clock {
    now: Option<Tick>,
    users: PeakUsers,
}

impl Clock {
    fn tick(&mut self, row: &HistoryRow<'_>) -> Result<Tick, CsvError> {
        let t_s = row.timestamp()?;
        let mut tick = match self.now {
            None => Tick { t_s, start_s: t_s, users: 0, before_s: t_s, steady_from_s: t_s, epoch: 0 },
            Some(now) if now.t_s == t_s => now,
            Some(now) => Tick { t_s, before_s: now.t_s, ..now },
        };
        tick.users = row.users()?;
        if self.users.observe(t_s, tick.users) {
            tick.steady_from_s = t_s;
            tick.epoch += 1;
        }
        self.now = Some(tick);
        Ok(tick)
    }
}
