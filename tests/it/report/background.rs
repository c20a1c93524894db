//! What the page shows beside a sample: its endpoints over time, and thirty builds before it.

use loadforge_ci::report::{Background, PastRun};
use loadforge_ci::results::{Endpoint, EndpointKey};
use loadforge_ci::series::{RunSeries, Totals};
use loadforge_ci::verdict::Outcome;

use super::sample::Sample;

/// Builds before the sample.
const BUILDS: i64 = 30;

impl Sample {
    /// The same with the course of its first endpoints and the builds before it.
    pub(crate) fn with_background(mut self) -> Self {
        let points = &self.results.timeline.points;
        let shared: Vec<(i64, u32)> = points.iter().map(|point| (point.t_s, point.users)).collect();
        let series = RunSeries {
            total: course(&self.results.total, &shared),
            endpoints: self.results.endpoints.iter().take(100).map(|one| (one.key(), course(one, &shared))).collect(),
            further: Vec::new(),
        };
        let start = points.first().map_or(0, |point| point.t_s);
        let past = (0..BUILDS).map(|build| {
            let factor = 0.93 + 0.14 * (((build * 7) % 11) as f64 / 10.0);
            PastRun {
                at: jiff::Timestamp::from_second(start - (BUILDS - build) * 86_400).unwrap(),
                commit: Some(format!("{:07x}{}", 0x00ab_c123 + build * 0x0001_0301, "0".repeat(33))),
                verdict: Some(if build % 9 == 4 { Outcome::Warn } else { Outcome::Pass }),
                link: (build % 2 == 0)
                    .then(|| format!("https://app.circleci.com/jobs/github/acme/shop/{}", 700 + build)),
                total: scaled(&self.results.total, factor),
                endpoints: self
                    .results
                    .endpoints
                    .iter()
                    .take(400)
                    .map(|one| {
                        // What the sample made slower was faster before.
                        let before = if one.name.ends_with("/login") { 0.745 } else { 1.0 };
                        (one.key(), scaled(one, factor * before))
                    })
                    .collect::<std::collections::HashMap<EndpointKey, Endpoint>>(),
            }
        });
        self.background = Some(Background { series, past: past.collect() });
        self
    }
}

/// Requests that come with the users, and response times that rise with them.
fn course(endpoint: &Endpoint, shared: &[(i64, u32)]) -> Vec<Totals> {
    let all: f64 = shared.iter().map(|(_, users)| f64::from(*users)).sum::<f64>().max(1.0);
    let most = shared.iter().map(|(_, users)| f64::from(*users)).fold(1.0, f64::max);
    let (mut sent, median) = (0.0, endpoint.median_ms.unwrap_or(100.0));
    let points = shared.iter().enumerate().map(|(index, (t_s, users))| {
        sent += f64::from(*users) / all;
        let load = f64::from(*users) / most;
        let wave = 1.0 + 0.08 * (index as f64 / 7.0).sin() + 0.05 * (index as f64 / 2.3).cos();
        let ms = |factor: f64| (index > 2).then_some(median * factor * wave * (0.6 + 0.4 * load * load));
        Totals {
            t_s: *t_s,
            users: *users,
            requests: (endpoint.requests as f64 * sent) as u64,
            failures: (endpoint.failures as f64 * (sent * 3.0 - 1.4).clamp(0.0, 1.0)) as u64,
            time_ms: Some(endpoint.requests as f64 * sent * median * 1.1),
            p50_ms: ms(1.0),
            p95_ms: ms(2.0),
            p99_ms: ms(3.1),
        }
    });
    points.collect()
}

fn scaled(endpoint: &Endpoint, factor: f64) -> Endpoint {
    Endpoint {
        median_ms: endpoint.median_ms.map(|ms| ms * factor),
        percentiles: endpoint.percentiles.iter().map(|(percentile, ms)| (*percentile, ms * factor)).collect(),
        failures: endpoint.failures / 40,
        requests_per_s: endpoint.requests_per_s.map(|rate| rate / factor),
        histogram: None,
        ..endpoint.clone()
    }
}
