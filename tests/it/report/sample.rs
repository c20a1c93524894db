//! Stories for tests, pages to look at and benchmarks: every number in them is computed from the arguments.

use loadforge_ci::report::{Background, Links, Story};
use loadforge_ci::results::{
    Build, Endpoint, EndpointKey, Engine, Failure, Fingerprint, Percentile, Problem, ProblemKind, Results, RunIdentity,
    RunRecord, RunState, StateChange, TimePoint, Timeline,
};
use loadforge_ci::verdict::{
    AgainstBaseline, Confirmation, Control, ControlConclusion, ControlDifference, Finding, FindingKind, Operator,
    Origin, Outcome, Row, Severity, Subject, Unit, Verdict, WaiverNote, WhatNow,
};

/// Owns what a [`Story`] borrows.
pub(crate) struct Sample {
    pub(crate) verdict: Verdict,
    pub(crate) results: Results,
    pub(crate) run: Option<RunRecord>,
    pub(crate) links: Links,
    pub(crate) background: Option<Background>,
}

/// 2026-11-22T10:00:00Z.
const START: i64 = 1_795_341_600;

impl Sample {
    pub(crate) fn story(&self) -> Story<'_> {
        Story {
            verdict: &self.verdict,
            results: &self.results,
            run: self.run.as_ref(),
            links: &self.links,
            background: self.background.as_ref(),
        }
    }

    /// Nothing measured, nothing judged.
    pub(crate) fn empty() -> Self {
        Self {
            verdict: verdict(
                Vec::new(),
                "Nothing was judged: no gate is written and there is no history to compare with",
            ),
            results: results(Vec::new(), Vec::new(), Timeline::default()),
            run: None,
            links: Links::default(),
            background: None,
        }
    }

    /// A shop with a login that became slower, some failures, a drift and a history of good runs.
    pub(crate) fn shop(outcome: Outcome) -> Self {
        let endpoints = vec![
            endpoint("GET", "/health", 1_842, 0, 6.0),
            endpoint("GET", "/api/v1/products", 3_071, 4, 84.0),
            endpoint("POST", "/api/v1/auth/login", 1_228, 0, if outcome == Outcome::Pass { 402.0 } else { 541.0 }),
            endpoint("POST", "/api/v1/carts", 640, 0, 120.0),
            endpoint("POST", "/api/v1/carts/[id]/items", 632, 1, 131.0),
            endpoint("POST", "/api/v1/carts/[id]/shipping-address", 611, 0, 97.0),
            endpoint("POST", "/api/v1/carts/[id]/payment-intents", 598, 2, 214.0),
            endpoint("POST", "/api/v1/carts/[id]/checkout", 590, 31, 388.0),
        ];
        let failures = vec![
            failure(
                "POST",
                "/api/v1/carts/[id]/checkout",
                "HTTPError('502 Server Error: Bad Gateway for url: /checkout')",
                22,
                150,
            ),
            failure("POST", "/api/v1/carts/[id]/checkout", "CatchResponseError('no order id')", 9, 40),
            failure("GET", "/api/v1/products", "HTTPError('429 Client Error: Too Many Requests')", 4, 200),
            failure("POST", "/api/v1/carts/[id]/payment-intents", "ReadTimeout('Read timed out.')", 2, 155),
            failure("POST", "/api/v1/carts/[id]/items", "RemoteDisconnected('Remote end closed connection')", 1, 90),
        ];
        let login = |outcome| Row {
            baseline: Some(AgainstBaseline {
                median: Some(798.0),
                runs: 8,
                change_percent: Some(if outcome == Outcome::Pass { 1.3 } else { 34.1 }),
                recent: vec![780.0, 810.0, 790.0, 800.0, 770.0, 820.0, 798.0, 805.0],
                shown: None,
            }),
            ..row(
                "p95 of \"POST /api/v1/auth/login\" <= +10% vs baseline",
                outcome,
                named("POST", "/api/v1/auth/login"),
            )
            .measuring(
                "p95",
                Unit::Ms,
                if outcome == Outcome::Pass { 808.0 } else { 1070.0 },
                Operator::LessOrEqual,
                880.0,
            )
        };
        let mut rows =
            vec![
                row("p95 < 1s", Outcome::Pass, Subject::All).measuring("p95", Unit::Ms, 620.0, Operator::Less, 1000.0),
                row("p95 of \"GET /api/v1/products\" < 400ms", Outcome::Pass, named("GET", "/api/v1/products"))
                    .measuring("p95", Unit::Ms, 170.0, Operator::Less, 400.0),
                row("rps > 20/s", Outcome::Pass, Subject::All).measuring(
                    "rps",
                    Unit::PerSecond,
                    30.7,
                    Operator::Greater,
                    20.0,
                ),
            ];
        let sentence = match outcome {
            Outcome::Pass => {
                rows.insert(0, login(Outcome::Pass));
                "All 4 gates passed: closest to its limit is p95 of POST /api/v1/auth/login, 808 ms (limit <= 880 ms)"
            }
            Outcome::Warn => {
                rows.push(checkout(Outcome::Warn));
                "Passed with a warning: POST /api/v1/carts/[id]/checkout misses its goal: error_rate 5.25 %, limit < 1 %"
            }
            Outcome::Inconclusive => {
                rows.push(unmeasured());
                "Not judged: p99.9 of POST /api/v1/carts/[id]/checkout: p99.9 needs 2,995 requests, 590 were sent"
            }
            Outcome::Fail => {
                rows.insert(0, login(Outcome::Fail));
                rows.extend([checkout(Outcome::Fail), unmeasured(), waived()]);
                "POST /api/v1/auth/login is 34 % slower than the last 8 good runs: p95 1,070 ms, limit 880 ms"
            }
        };
        let mut verdict = verdict(rows, sentence);
        verdict.findings = findings();
        let results = results(endpoints, failures, timeline(300, 1));
        Self { verdict, results, run: Some(run()), links: links(), background: None }
    }

    /// The same run with the finding that nearly all endpoints are slower alike, last of the findings.
    pub(crate) fn slower_alike(mut self) -> Self {
        self.verdict.findings.push(Finding::new(
            FindingKind::CommonMode,
            "All 5 endpoints are slower than the baseline by about the same factor, +60 %",
            "response times against the median of 8 runs",
            "Compare what all endpoints share.",
        ));
        self
    }

    /// The same run, with what to do about its failed rows and whose they are.
    pub(crate) fn with_what_now(mut self) -> Self {
        for row in self.verdict.rows.iter_mut().filter(|row| row.outcome == Outcome::Fail) {
            row.owner = Some("@acme/identity".into());
            row.what_now = Some(WhatNow {
                rerun: "loadforge-ci run --test-id 4217 --users 20 --duration 5m && loadforge-ci gate".into(),
                waiver: Some(format!("waivers:\n  - gate: '{}'\n    owner: \"@acme/identity\"", row.gate)),
                docs: "https://github.com/acme/loadforge-ci/blob/main/docs/baseline.md".into(),
            });
        }
        self
    }

    /// `count` endpoints of which the first `failing` are over their limit, over a run of `seconds`.
    pub(crate) fn large(count: usize, failing: usize, seconds: i64) -> Self {
        let endpoints: Vec<_> = (0..count)
            .map(|index| {
                endpoint(
                    "GET",
                    &format!("/api/v1/tenants/{index}/reports/quarterly"),
                    1000 + index as u64,
                    index as u64 % 7,
                    40.0 + (index % 97) as f64,
                )
            })
            .collect();
        let rows = endpoints
            .iter()
            .enumerate()
            .map(|(index, endpoint)| {
                let outcome = if index < failing { Outcome::Fail } else { Outcome::Pass };
                let observed = if index < failing { 900.0 } else { 120.0 };
                Row {
                    baseline: Some(AgainstBaseline {
                        median: Some(118.0),
                        runs: 8,
                        change_percent: Some((observed / 118.0 - 1.0) * 100.0),
                        recent: vec![110.0, 118.0, 130.0, 119.0, 117.0, 121.0, 116.0, 118.0],
                        shown: None,
                    }),
                    ..row("p95 of \"**\" < 500ms", outcome, Subject::Endpoint(endpoint.key())).measuring(
                        "p95",
                        Unit::Ms,
                        observed,
                        Operator::Less,
                        500.0,
                    )
                }
            })
            .collect();
        let failures = endpoints.iter().filter(|endpoint| endpoint.failures > 0).take(500);
        let failures = failures.map(|endpoint| {
            failure(&endpoint.method, &endpoint.name, "LocustBadStatusCode(code=503)", endpoint.failures, 20)
        });
        let failures = failures.collect();
        let timeline = timeline(seconds.min(719), (seconds / 719).max(1));
        let sentence = format!("{failing} of {count} endpoints are slower than 500 ms at p95");
        Self {
            verdict: verdict(rows, &sentence),
            results: results(endpoints, failures, timeline),
            run: Some(run()),
            links: links(),
            background: None,
        }
    }

    /// The shop with `name` in every place for text from outside.
    pub(crate) fn hostile(name: &str) -> Self {
        let mut sample = Self::shop(Outcome::Fail);
        let text = name.to_owned();
        for endpoint in &mut sample.results.endpoints {
            endpoint.name.clone_from(&text);
        }
        for failure in &mut sample.results.failures {
            failure.name.clone_from(&text);
            failure.error.clone_from(&text);
        }
        for (index, row) in sample.verdict.rows.iter_mut().enumerate() {
            row.subject = match index % 2 {
                0 => Subject::Endpoint(EndpointKey { method: "GET".to_owned(), name: text.clone() }),
                _ => Subject::NoMatch(text.clone()),
            };
            row.gate = format!("p95 of \"{text}\" < 1s");
            row.reason = format!("because of {text} it failed").into();
            row.origin = Origin::File { path: text.clone(), line: 3 };
            if let Some(waiver) = &mut row.waiver {
                *waiver = WaiverNote { owner: text.clone(), reason: text.clone(), expires: text.clone() };
            }
        }
        sample.verdict.sentence = format!("{text} is slower than {text}");
        for finding in &mut sample.verdict.findings {
            finding.sentence = text.clone();
            finding.evidence = format!("see {text}.");
            finding.next = format!("{text} is next");
        }
        sample.verdict.confirmation =
            Some(Confirmation { run_id: Some(98_214), third_run_id: None, cost: text.clone() });
        sample.verdict.control = Some(Control {
            host: text.clone(),
            run_id: Some(98_215),
            cost: Some(text.clone()),
            conclusion: ControlConclusion::Alike,
            differences: vec![ControlDifference { measure: text.clone(), percent: 2.0, endpoints: 20 }],
            sentence: text.clone(),
        });
        sample.results.notes = vec![text.clone()];
        sample.results.problems = vec![
            Problem::new(ProblemKind::ScriptExceptions, text.clone()).with_detail(Some(format!("first\n{text}\nlast"))),
        ];
        let run = sample.run.get_or_insert_with(run);
        run.test = text.clone();
        let build = &mut run.identity.build;
        (build.commit, build.branch) = (Some(text.clone()), Some(text.clone()));
        run.end_message = Some(text.clone());
        run.fingerprint.host = Some(text.clone());
        run.fingerprint.script_sha256 = Some(text.clone());
        run.fingerprint.regions = [(text.clone(), 1)].into();
        run.monitor_url = Some(text.clone());
        sample.links = Links { job: Some(text.clone()), report: Some(text.clone()), summary: Some(text) };
        sample
    }
}

/// Fills in the measured side of a row.
trait Measuring {
    fn measuring(self, measure: &str, unit: Unit, observed: f64, operator: Operator, limit: f64) -> Self;
}

impl Measuring for Row {
    fn measuring(self, measure: &str, unit: Unit, observed: f64, operator: Operator, limit: f64) -> Self {
        let headroom = if operator.wants_less() { limit - observed } else { observed - limit } / limit * 100.0;
        Self {
            measure: measure.to_owned(),
            unit,
            observed: Some(observed),
            second_observed: None,
            third_observed: None,
            operator: Some(operator),
            limit: Some(limit),
            headroom_percent: Some(headroom),
            requests: 1_228,
            reason: format!("{measure} is {}, the limit is {operator} {}", unit.show(observed), unit.show(limit))
                .into(),
            ..self
        }
    }
}

fn row(gate: &str, outcome: Outcome, subject: Subject) -> Row {
    let origin = Origin::File { path: "loadforge.yml".to_owned(), line: 12 };
    Row {
        severity: if outcome == Outcome::Warn { Severity::Warn } else { Severity::Fail },
        outcome,
        ..Row::open(gate, origin, subject, "p95", Unit::Ms)
    }
}

fn named(method: &str, name: &str) -> Subject {
    Subject::Endpoint(EndpointKey { method: method.to_owned(), name: name.to_owned() })
}

fn checkout(outcome: Outcome) -> Row {
    row("error_rate of \"**/checkout\" < 1%", outcome, named("POST", "/api/v1/carts/[id]/checkout")).measuring(
        "error_rate",
        Unit::Percent,
        5.254,
        Operator::Less,
        1.0,
    )
}

fn unmeasured() -> Row {
    Row {
        measure: "p99.9".to_owned(),
        requests: 590,
        reason: "p99.9 needs 2,995 requests, 590 were sent".into(),
        ..row("p99.9 of \"**/checkout\" < 2s", Outcome::Inconclusive, named("POST", "/api/v1/carts/[id]/checkout"))
    }
}

fn waived() -> Row {
    Row {
        waiver: Some(WaiverNote {
            owner: "payments team".to_owned(),
            reason: "new provider, fix planned".to_owned(),
            expires: "2026-12-31".to_owned(),
        }),
        ..row(
            "p95 of \"**/payment-intents\" < 300ms",
            Outcome::Warn,
            named("POST", "/api/v1/carts/[id]/payment-intents"),
        )
        .measuring("p95", Unit::Ms, 428.0, Operator::Less, 300.0)
    }
}

fn findings() -> Vec<Finding> {
    vec![
        Finding::new(
            FindingKind::Drift,
            "Response times rise through the run",
            "p95 rises by 31 ms a minute after the ramp-up.",
            "Look for a cache, a queue or a table that grows with use.",
        )
        .during(Some((START + 60, START + 300))),
        Finding::new(
            FindingKind::ErrorSpike,
            "24 of 38 failures came within 12 s",
            "Between 10:02:30 and 10:02:42, after the ramp-up.",
            "Compare with deployments and restarts at that time.",
        )
        .during(Some((START + 150, START + 162))),
    ]
}

fn verdict(rows: Vec<Row>, sentence: &str) -> Verdict {
    let outcome = rows.iter().map(|row| row.outcome).max().unwrap_or(Outcome::Inconclusive);
    Verdict { outcome, sentence: sentence.to_owned(), ..Verdict::new(rows) }
}

fn results(endpoints: Vec<Endpoint>, failures: Vec<Failure>, timeline: Timeline) -> Results {
    let (requests, failed) =
        endpoints.iter().fold((0, 0), |(requests, failed), each| (requests + each.requests, failed + each.failures));
    let total = if requests == 0 { Endpoint::default() } else { endpoint("", "Aggregated", requests, failed, 210.0) };
    let total = Endpoint { name: "Aggregated".to_owned(), ..total };
    Results { failures, timeline, ..Results::new(total, endpoints) }
}

fn endpoint(method: &str, name: &str, requests: u64, failures: u64, median: f64) -> Endpoint {
    let percentile = |text: &str| text.parse::<Percentile>().unwrap();
    Endpoint {
        method: method.to_owned(),
        name: name.to_owned(),
        requests,
        failures,
        failures_unknown: false,
        median_ms: Some(median),
        avg_ms: Some(median * 1.1),
        min_ms: Some(median / 4.0),
        max_ms: Some(median * 5.0),
        avg_content_bytes: Some(812.0),
        requests_per_s: Some(requests as f64 / 300.0),
        failures_per_s: Some(failures as f64 / 300.0),
        percentiles: [("p50", 1.0), ("p75", 1.4), ("p90", 1.8), ("p95", 2.0), ("p99", 3.1), ("p99.9", 4.4)]
            .map(|(name, factor)| (percentile(name), (median * factor).round()))
            .into(),
        histogram: None,
    }
}

fn failure(method: &str, name: &str, error: &str, occurrences: u64, first: i64) -> Failure {
    let at = |second: i64| jiff::Timestamp::from_second(START + second).unwrap().to_string();
    Failure::new(method, name, error, occurrences).seen(Some(at(first)), Some(at(first + 12)))
}

/// A ramp-up of a fifth of the run, then a slow rise with a spike of failures in the middle.
fn timeline(points: i64, every_s: i64) -> Timeline {
    let ramp = (points / 5).max(1);
    let mut total = (0_f64, 0_f64);
    let points = (0..=points).map(|index| {
        let wave = (index as f64 / 9.0).sin();
        let users = (200 * index / ramp).min(200);
        let requests_per_s = users as f64 * 0.17 + wave;
        let spike = (index - points / 2).abs() < 6;
        let failures_per_s = if spike { 2.0 + wave } else { 0.0 };
        total = (total.0 + requests_per_s * every_s as f64, total.1 + failures_per_s * every_s as f64);
        TimePoint {
            t_s: START + index * every_s,
            users: users as u32,
            requests_per_s: requests_per_s.max(0.0),
            failures_per_s,
            p50_ms: (index > 0).then_some(190.0 + 14.0 * wave + index as f64 * 0.1),
            p95_ms: (index > 0).then_some(520.0 + 40.0 * wave + index as f64 * 0.5 + if spike { 240.0 } else { 0.0 }),
            total_requests: total.0.max(0.0) as u64,
            total_failures: total.1.max(0.0) as u64,
        }
    });
    Timeline { points: points.collect() }
}

fn run() -> RunRecord {
    let at = |second: i64| jiff::Timestamp::from_second(START + second).unwrap();
    let fingerprint = Fingerprint {
        engine: Engine::Loadforge,
        test: "4217".to_owned(),
        script_sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned()),
        users: Some(200),
        spawn_rate: Some(5.0),
        duration_s: Some(300),
        stages: Vec::new(),
        regions: [("nyc3".to_owned(), 1), ("lon1".to_owned(), 1)].into(),
        host: Some("https://shop.staging.example.com".to_owned()),
    };
    let identity = RunIdentity {
        build: Build {
            commit: Some("4be1d2a7c0ffee5590c1f0aa37d1bb22e1f00d42".to_owned()),
            branch: Some("feature/faster-login".to_owned()),
            ..Build::default()
        },
        ..RunIdentity::new(Engine::Loadforge, "https://app.loadforge.com/api/v2")
    };
    RunRecord {
        test_id: Some(4217),
        run_id: Some(98_213),
        monitor_url: Some("https://app.loadforge.com/runs/98213".to_owned()),
        states: vec![
            StateChange { state: RunState::Running, at: at(0) },
            StateChange { state: RunState::Finished, at: at(302) },
        ],
        collected: true,
        ..RunRecord::new(identity, "checkout", fingerprint)
    }
}

fn links() -> Links {
    Links {
        job: Some("https://app.circleci.com/jobs/github/acme/shop/812".to_owned()),
        report: Some(
            "https://output.circle-artifacts.com/output/job/0f0e/artifacts/0/loadforge-results/report.html".to_owned(),
        ),
        summary: None,
    }
}
