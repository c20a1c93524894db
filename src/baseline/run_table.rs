//! What runs measured as a table of logarithms: a row for each endpoint, a column for each run.

use std::collections::HashMap;

use super::model::{ENOUGH, Series};
use super::record::{EndpointRecord, GoodRun};
use super::statistics::{mean_variance, percentile_variance};
use crate::gate::{Measure, Scatter};
use crate::results::EndpointKey;
use crate::series::median;

/// Locust shows less than half a millisecond as 0.
const FLOOR_MS: f64 = 0.5;

/// What one run measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunValues<'a> {
    pub(super) endpoints: &'a [EndpointRecord],
    /// All requests together.
    pub(super) total: &'a EndpointRecord,
}

impl<'a> From<&'a GoodRun> for RunValues<'a> {
    fn from(run: &'a GoodRun) -> Self {
        Self { endpoints: &run.endpoints, total: &run.total }
    }
}

/// A measure in several runs, by endpoint and run.
pub(super) struct RunTable {
    /// Endpoints that enough runs measured, with the requests of a usual run.
    pub(super) endpoints: Vec<((EndpointKey, u64), Series)>,
    pub(super) total: Option<(u64, Series)>,
}

impl RunTable {
    /// The measure in these runs, oldest first. Where `counts` is false a value is left out.
    pub(super) fn of(runs: &[RunValues<'_>], measure: &Measure, counts: impl Fn(&EndpointRecord) -> bool) -> Self {
        let mut order: HashMap<(&str, &str), usize> = HashMap::new();
        let mut columns: Vec<Vec<Option<&EndpointRecord>>> = Vec::new();
        for (index, run) in runs.iter().enumerate() {
            for one in run.endpoints.iter().filter(|one| one.requests > 0 && counts(one)) {
                let row = *order.entry((&one.method, &one.name)).or_insert_with(|| {
                    columns.push(vec![None; runs.len()]);
                    columns.len() - 1
                });
                columns[row][index] = Some(one);
            }
        }
        let endpoints = columns.iter().filter_map(|records| {
            let key = records.iter().flatten().next()?.key();
            let (requests, series) = series(records, measure)?;
            Some(((key, requests), series))
        });
        let total: Vec<_> = runs.iter().map(|run| Some(run.total).filter(|total| counts(total))).collect();
        Self { endpoints: endpoints.collect(), total: series(&total, measure) }
    }
}

/// ln of a response time.
pub(super) fn log(ms: f64) -> f64 {
    ms.max(FLOOR_MS).ln()
}

/// The variance of a value's logarithm that comes from the number of requests alone.
pub(super) fn sampling(measure: &Measure, requests: u64) -> f64 {
    match measure.scatter() {
        Scatter::Percentile(percentile) => percentile_variance(percentile.fraction(), requests),
        Scatter::Mean => mean_variance(requests),
        _ => 0.0,
    }
}

/// The series of an endpoint with the requests of a usual run; `None` when too few runs measured it.
fn series(records: &[Option<&EndpointRecord>], measure: &Measure) -> Option<(u64, Series)> {
    let value = |record: &EndpointRecord| record.value(measure).map_or(f64::NAN, log);
    let logs: Vec<f64> = records.iter().map(|record| record.map_or(f64::NAN, value)).collect();
    if logs.iter().filter(|log| log.is_finite()).count() < ENOUGH {
        return None;
    }
    let usual = median(records.iter().flatten().map(|record| record.requests as f64))? as u64;
    Some((usual, Series { logs, sampling: sampling(measure, usual) }))
}
