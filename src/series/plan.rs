//! All requests for data of a run's history, collected first so that one pass over the file answers them.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::follow::Followed;
use super::request::{SeriesHandle, SeriesRequest};
use super::stage::StageTrack;
use super::track::{DriftSeries, Share, Track};
use crate::locust::RowDepth;
use crate::results::{EndpointKey, Results};

/// Endpoints that findings are looked for in, those with the most requests first.
const MOST_ENDPOINTS: usize = 100;

/// Data requested for one endpoint, or for all requests together.
#[derive(Debug)]
pub(super) struct Watched {
    /// `None` for all requests together.
    pub(super) key: Option<EndpointKey>,
    /// For gates.
    pub(super) track: Option<Track>,
    /// For findings.
    pub(super) followed: Option<Followed>,
}

impl Watched {
    /// How much of the next row is needed.
    pub(super) fn depth(&mut self, wants_gates: bool) -> RowDepth {
        let is_judged = wants_gates && self.track.is_some();
        let passes_over = !is_judged && self.followed.as_mut().is_some_and(Followed::passes_over_next);
        if passes_over { RowDepth::Head } else { RowDepth::All }
    }
}

/// The data requested of a run's history: filled by gates and findings, then read in one pass.
#[derive(Debug, Default)]
pub struct SeriesPlan {
    pub(super) watched: Vec<Watched>,
    pub(super) by_key: HashMap<Vec<u8>, usize>,
    pub(super) total: Option<usize>,
    pub(super) timeline: bool,
    /// Where the series for findings are, the busiest endpoint first; `None` when no findings are requested.
    pub(super) findings: Option<Vec<usize>>,
}

impl SeriesPlan {
    /// Adds what a gate needs; `None` is all requests together.
    pub fn want(&mut self, endpoint: Option<&EndpointKey>, request: SeriesRequest) -> SeriesHandle {
        let watched = self.watch(endpoint);
        let track = self.watched[watched].track.get_or_insert_default();
        let index = match request {
            SeriesRequest::AfterRampUp => {
                track.wants_mixture = true;
                0
            }
            SeriesRequest::Share { limit, after_ramp_up } => {
                track.shares.push(Share { limit, after_ramp_up, held: 0, judged: 0 });
                track.shares.len() - 1
            }
            SeriesRequest::Stage(span) => {
                track.stages.push(StageTrack::new(span));
                track.stages.len() - 1
            }
            SeriesRequest::Drift(value) => {
                track.drifts.push(DriftSeries::new(value));
                track.drifts.len() - 1
            }
        };
        SeriesHandle { endpoint: watched, index }
    }

    /// Adds what findings need: running totals of all requests together and of the busiest endpoints.
    pub fn want_findings(&mut self, results: &Results) {
        let mut busiest: Vec<_> = results.endpoints.iter().filter(|endpoint| endpoint.requests > 0).collect();
        busiest.sort_by_key(|endpoint| Reverse(endpoint.requests));
        busiest.truncate(MOST_ENDPOINTS);
        let keys = busiest.into_iter().map(|endpoint| Some(endpoint.key()));
        let places: Vec<usize> = keys.chain([None]).map(|key| self.watch(key.as_ref())).collect();
        for place in &places {
            self.watched[*place].followed = Some(Followed::new());
        }
        self.findings = Some(places);
    }

    /// Adds the courses of these endpoints, to be shown; they need [`Self::want_findings`] too.
    pub fn want_courses<'k>(&mut self, endpoints: impl IntoIterator<Item = &'k EndpointKey>) {
        for key in endpoints {
            let place = self.watch(Some(key));
            self.watched[place].followed.get_or_insert_with(Followed::new);
        }
    }

    /// Adds the timeline of all requests together.
    pub const fn want_timeline(&mut self) {
        self.timeline = true;
    }

    fn watch(&mut self, endpoint: Option<&EndpointKey>) -> usize {
        let next = self.watched.len();
        let watched = match endpoint {
            None => *self.total.get_or_insert(next),
            Some(key) => {
                let mut bytes = Vec::new();
                join(&mut bytes, key.method.as_bytes(), key.name.as_bytes());
                *self.by_key.entry(bytes).or_insert(next)
            }
        };
        if watched == next {
            self.watched.push(Watched { key: endpoint.cloned(), track: None, followed: None });
        }
        watched
    }

    /// Whether a gate needs something.
    pub(super) fn has_tracks(&self) -> bool {
        self.watched.iter().any(|watched| watched.track.is_some())
    }
}

/// A method and a name as a key that cannot be confused with another pair's.
pub(super) fn join(key: &mut Vec<u8>, method: &[u8], name: &[u8]) {
    key.clear();
    key.extend_from_slice(method);
    key.push(0);
    key.extend_from_slice(name);
}
