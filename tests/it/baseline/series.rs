//! Builds of a service in the order of their commits, drawn at random, and what the search for change points says of them.

use jiff::{SignedDuration, Timestamp};
use loadforge_ci::baseline::{ChangePoints, EndpointRecord, GoodRun, HISTORY_SCHEMA_VERSION, RunName};
use loadforge_ci::locust::rounded_ms;
use loadforge_ci::results::{Fingerprint, Percentile};
use loadforge_ci::verdict::{EndpointChange, Outcome};

use super::worlds::{Source, World};

/// Builds of a series.
pub(crate) const BUILDS: usize = 60;
/// The first build that is looked at.
const FIRST: usize = 15;
/// The build that made the first endpoint slower.
pub(crate) const SLOWER_AT: usize = 30;
/// New builds after which it is counted whether the change was found.
pub(crate) const WITHIN: [usize; 4] = [4, 6, 10, 20];
/// The endpoint that becomes slower has at least this p95, ms: what is quicker changes by less than counts.
const LEAST_MS: f64 = 50.0;

/// How often a change is found that is none, as shares of the builds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FalseChanges {
    /// Builds that were looked at.
    pub(crate) builds: usize,
    /// Builds with a change in their report.
    pub(crate) shown: f64,
    /// Builds whose report has one and the report before had none.
    pub(crate) new: f64,
}

/// How a real change is found.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// The share of series in which it is, within so many new builds ([`WITHIN`]).
    pub(crate) within: [f64; WITHIN.len()],
    /// New builds until it is, in the middle one of the series.
    pub(crate) delay: usize,
    /// The share of those found that name the right build, and one at most beside it.
    pub(crate) exact: f64,
    pub(crate) off_by_one: f64,
}

/// A series of builds; the first endpoint takes `factor` times as long from build [`SLOWER_AT`] on.
pub(crate) fn series(source: &mut Source, world: &World, factor: f64) -> Vec<GoodRun> {
    let world = World { good_runs: BUILDS - 3, persists: false, further: 1.0, ..*world };
    let drawn = loop {
        let drawn = source.build(&world);
        if drawn.ms[0][0][1] >= LEAST_MS {
            break drawn;
        }
    };
    let begin: Timestamp = "2026-05-01T02:00:00Z".parse().expect("a time");
    let run = |(build, endpoints): (usize, &Vec<[f64; 2]>)| {
        let record = |(index, [p50, p95]): (usize, &[f64; 2])| {
            let slower = if index == 0 && build >= SLOWER_AT { factor } else { 1.0 };
            let percentiles =
                [(Percentile::P50, rounded_ms(p50 * slower)), (Percentile::P95, rounded_ms(p95 * slower))];
            EndpointRecord {
                method: "GET".into(),
                name: format!("/{index}"),
                requests: drawn.requests[index].round() as u64,
                percentiles: percentiles.into(),
                ..EndpointRecord::default()
            }
        };
        GoodRun {
            schema_version: HISTORY_SCHEMA_VERSION,
            run: RunName { api: "https://app.loadforge.com/api/v2".into(), id: build as u64 },
            at: begin + SignedDuration::from_hours(12 * build as i64),
            commit: None,
            link: None,
            branch: Some("main".into()),
            verdict: Outcome::Pass,
            fingerprint: Fingerprint::default(),
            exact: false,
            total: EndpointRecord::default(),
            endpoints: endpoints.iter().enumerate().map(record).collect(),
        }
    };
    drawn.ms.iter().enumerate().map(run).collect()
}

/// What the report of a build says, the last of these.
pub(crate) fn seen(builds: &[GoodRun]) -> Vec<EndpointChange> {
    ChangePoints::recorded(&builds.iter().collect::<Vec<_>>(), &[]).slower()
}

/// Looks at each `every`th build of so many series of unchanged code.
pub(crate) fn false_changes(world: &World, seed: u64, trials: usize, every: usize) -> FalseChanges {
    let mut source = Source::new(seed);
    let mut counts = [0; 3];
    for _ in 0..trials {
        let builds = series(&mut source, world, 1.0);
        let mut before = false;
        for last in (FIRST..BUILDS).step_by(every) {
            let shown = !seen(&builds[..=last]).is_empty();
            counts[0] += 1;
            counts[1] += usize::from(shown);
            counts[2] += usize::from(shown && !before);
            before = shown;
        }
    }
    let share = |count: usize| count as f64 / counts[0] as f64;
    FalseChanges { builds: counts[0], shown: share(counts[1]), new: share(counts[2]) }
}

/// The first endpoint becomes slower by this factor in so many series.
pub(crate) fn found(world: &World, seed: u64, trials: usize, factor: f64) -> Found {
    let mut source = Source::new(seed);
    let mut delays: Vec<(usize, u64)> = Vec::new();
    for _ in 0..trials {
        let builds = series(&mut source, world, factor);
        let first = (SLOWER_AT..SLOWER_AT + 20).find_map(|last| {
            let changes = seen(&builds[..=last]);
            let ours = changes.into_iter().find(|change| change.endpoint.name == "/0")?;
            Some((last + 1 - SLOWER_AT, ours.since.first_bad.run_id))
        });
        delays.extend(first);
    }
    let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    let off = |most: u64| delays.iter().filter(|(_, at)| at.abs_diff(SLOWER_AT as u64) <= most).count();
    let (exact, off_by_one) = (share(off(0), delays.len()), share(off(1), delays.len()));
    let within = WITHIN.map(|builds| share(delays.iter().filter(|(delay, _)| *delay <= builds).count(), trials));
    delays.sort_unstable();
    let delay = delays.get(delays.len() / 2).map_or(0, |(delay, _)| *delay);
    Found { within, delay, exact, off_by_one }
}
