//! The complete record of a run: every request, as our launcher saw it.

mod line;
mod measurements;
mod tail;

use std::collections::{BTreeMap, HashMap};

use line::{RecordLine, Role, SecondLine};
pub(crate) use measurements::{Measurements, Slice};
pub(crate) use tail::Tail;

use crate::results::{EndpointKey, ExactEndpoint, ExactSteady, PeakUsers};

/// Every request of a run, by endpoint and second, and what the processes of Locust said about themselves.
#[derive(Debug, Default)]
pub struct Record {
    nodes: BTreeMap<String, LocustNode>,
    places: HashMap<EndpointKey, usize>,
    endpoints: Vec<(EndpointKey, Measurements)>,
    total: Measurements,
    seconds: BTreeMap<i64, Second>,
    errors: BTreeMap<(EndpointKey, String), ErrorCount>,
    exceptions: BTreeMap<(String, bool), ScriptException>,
    started: Option<f64>,
    stopping: Option<f64>,
    all_spawned: bool,
    last_request: Option<f64>,
}

/// One process of Locust.
#[derive(Debug, Default)]
struct LocustNode {
    role: Option<Role>,
    shape: bool,
    ended: bool,
    checksum: Option<(u64, u64)>,
    requests: (u64, u64),
}

/// What happened in one second.
#[derive(Debug, Default)]
pub(crate) struct Second {
    pub(crate) slices: Vec<Slice>,
    /// Users of each process, and when they were counted (Unix seconds).
    users: BTreeMap<String, (f64, u32)>,
    cpu: BTreeMap<String, f64>,
}

/// How often a failure occurred, and when (Unix seconds).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorCount {
    pub(crate) occurrences: u64,
    pub(crate) first_seen: f64,
    pub(crate) last_seen: f64,
}

/// An exception of the script that no request explains.
#[derive(Debug, Default, Clone)]
pub(crate) struct ScriptException {
    pub(crate) traceback: String,
    pub(crate) count: u64,
}

impl Record {
    /// Adds one line of one process.
    fn add(&mut self, node_name: &str, line: RecordLine) {
        let node = self.nodes.entry(node_name.to_owned()).or_default();
        match line {
            RecordLine::Init { role, shape } => {
                node.role = Some(role);
                node.shape = shape.is_some();
            }
            RecordLine::Mark { name, t } => match name.as_str() {
                "test_start" => self.started = Some(self.started.map_or(t, |earlier| earlier.min(t))),
                "spawning_complete" => self.all_spawned = true,
                "test_stopping" => self.stopping = Some(self.stopping.map_or(t, |earlier| earlier.min(t))),
                _ => {}
            },
            RecordLine::Second(second) => self.add_second(node_name, second),
            RecordLine::Final { requests, failures } => {
                node.ended = true;
                node.checksum = Some((requests, failures));
            }
        }
    }

    fn add_second(&mut self, node_name: &str, line: SecondLine) {
        let second = self.seconds.entry(line.s).or_default();
        second.users.insert(node_name.to_owned(), (line.t, line.users));
        if let Some(cpu) = line.cpu {
            second.cpu.insert(node_name.to_owned(), cpu);
        }
        self.last_request = [self.last_request, line.last].into_iter().flatten().reduce(f64::max);
        for fields in line.endpoints {
            let key = EndpointKey { method: fields.0.clone(), name: fields.1.clone() };
            let next = self.endpoints.len();
            let place = *self.places.entry(key.clone()).or_insert(next);
            if place == next {
                self.endpoints.push((key, Measurements::default()));
            }
            let slice = Slice::of(place, fields);
            slice.add_to(&mut self.endpoints[place].1);
            slice.add_to(&mut self.total);
            if let Some(node) = self.nodes.get_mut(node_name) {
                node.requests.0 += slice.passed + slice.failed;
                node.requests.1 += slice.failed;
            }
            second.slices.push(slice);
        }
        for (method, name, text, count, first, last) in line.errors {
            let seen = self.errors.entry((EndpointKey { method, name }, text)).or_insert(ErrorCount {
                occurrences: 0,
                first_seen: first,
                last_seen: last,
            });
            seen.occurrences += count;
            seen.first_seen = seen.first_seen.min(first);
            seen.last_seen = seen.last_seen.max(last);
        }
        for (text, in_on_start, traceback, count) in line.exceptions {
            let seen = self.exceptions.entry((text, in_on_start)).or_default();
            seen.count += count;
            if seen.traceback.is_empty() {
                seen.traceback = traceback;
            }
        }
    }

    /// All requests together.
    pub(crate) fn total(&self) -> &Measurements {
        &self.total
    }

    /// Every endpoint, in the order first seen.
    pub(crate) fn endpoints(&self) -> &[(EndpointKey, Measurements)] {
        &self.endpoints
    }

    /// The failures by endpoint and text.
    pub(crate) fn errors(&self) -> &BTreeMap<(EndpointKey, String), ErrorCount> {
        &self.errors
    }

    /// The script's exceptions by text: those raised in `on_start`, or those raised elsewhere.
    pub(crate) fn exceptions(&self, in_on_start: bool) -> impl Iterator<Item = (&str, &ScriptException)> {
        self.exceptions
            .iter()
            .filter(move |((_, started), _)| *started == in_on_start)
            .map(|((text, _), seen)| (text.as_str(), seen))
    }

    /// When the test began, Unix seconds: as Locust said, else the first second anything was seen in.
    pub(crate) fn started(&self) -> Option<f64> {
        self.started.or_else(|| self.seconds.keys().next().map(|second| *second as f64))
    }

    /// When Locust began to stop the users, Unix seconds.
    pub(crate) fn stopping(&self) -> Option<f64> {
        self.stopping
    }

    /// Whether Locust said that all users were started.
    pub(crate) fn all_spawned(&self) -> bool {
        self.all_spawned
    }

    /// When the last request ended, Unix seconds.
    pub(crate) fn last_request(&self) -> Option<f64> {
        self.last_request
    }

    /// How long requests were sent, s: from the start to the end of the last request, as Locust reckons.
    pub(crate) fn seconds_measured(&self) -> f64 {
        match (self.started(), self.last_request) {
            (Some(start), Some(end)) if end > start => end - start,
            _ => 0.0,
        }
    }

    /// What happened in a second; nothing, when nothing did.
    pub(crate) fn second(&self, second: i64) -> Option<&Second> {
        self.seconds.get(&second)
    }

    /// The first and the last second of the record.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let first = self.started().map(|start| start.floor() as i64);
        let (least, most) = (*self.seconds.keys().next()?, *self.seconds.keys().next_back()?);
        Some((first.map_or(least, |first| first.min(least)), most))
    }

    /// Users running at the end of each second of the span. A process that said nothing in a second kept its users.
    pub(crate) fn users(&self) -> Vec<(i64, u32)> {
        let Some((first, last)) = self.span() else { return Vec::new() };
        let mut current: BTreeMap<&str, u32> = BTreeMap::new();
        (first..=last)
            .map(|second| {
                for (node, (_, users)) in self.seconds.get(&second).into_iter().flat_map(|second| &second.users) {
                    current.insert(node, *users);
                }
                (second, current.values().sum())
            })
            .collect()
    }

    /// Users that were running when each process counted them last before a moment (Unix seconds); `None` when none did.
    pub(crate) fn users_before(&self, moment: f64) -> Option<u32> {
        let counts = self.seconds.values().flat_map(|second| &second.users);
        let last: BTreeMap<&str, u32> = counts
            .filter(|(_, (counted, _))| *counted < moment)
            .map(|(node, (_, users))| (node.as_str(), *users))
            .collect();
        (!last.is_empty()).then(|| last.values().sum())
    }

    /// Each process's shares of one core, second by second.
    pub(crate) fn cpu(&self) -> BTreeMap<&str, Vec<f64>> {
        let mut shares: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for second in self.seconds.values() {
            for (node, share) in &second.cpu {
                shares.entry(node).or_default().push(*share);
            }
        }
        shares
    }

    /// Whether the script was loaded: the leading process said so.
    pub(crate) fn loaded(&self) -> bool {
        self.leader().is_some()
    }

    /// Whether the script brings its own load shape, so that users and run time are its own affair.
    pub(crate) fn has_shape(&self) -> bool {
        self.leader().is_some_and(|node| node.shape)
    }

    /// Whether the leading process ended in order.
    pub(crate) fn leader_ended(&self) -> bool {
        self.leader().is_some_and(|node| node.ended)
    }

    /// Processes that did not end in order, or whose totals are not what they wrote line by line.
    pub(crate) fn incomplete_processes(&self) -> usize {
        self.nodes.values().filter(|node| !node.ended || node.checksum != Some(node.requests)).count()
    }

    /// Whether every process that began has ended in order.
    pub(crate) fn all_ended(&self) -> bool {
        self.nodes.values().all(|node| node.ended)
    }

    fn leader(&self) -> Option<&LocustNode> {
        self.nodes.values().find(|node| matches!(node.role, Some(Role::Local | Role::Master)))
    }

    /// When all users were running: the end of the first second with the most users ever seen.
    pub(crate) fn ramp_up_end(&self) -> Option<i64> {
        let peak: PeakUsers = self.users().into_iter().collect();
        peak.since().filter(|_| peak.users() > 0).map(|second| second + 1)
    }

    /// Every endpoint's exact response times, in the order of Locust's stats file.
    pub(crate) fn exact(&self) -> Vec<ExactEndpoint> {
        exact(self.endpoints.iter().map(|(key, measured)| (key, measured)))
    }

    /// The same for the time after the ramp-up alone.
    pub(crate) fn exact_after_ramp_up(&self) -> Option<ExactSteady> {
        let from_s = self.ramp_up_end()?;
        let mut steady: BTreeMap<usize, Measurements> = BTreeMap::new();
        for slice in self.seconds.range(from_s..).flat_map(|(_, second)| &second.slices) {
            slice.add_to(steady.entry(slice.endpoint).or_default());
        }
        let seconds = self.last_request.map_or(0.0, |end| (end - from_s as f64).max(0.0));
        let endpoints = exact(steady.iter().map(|(place, measured)| (&self.endpoints[*place].0, measured)));
        Some(ExactSteady { from_s, seconds, endpoints })
    }
}

fn exact<'a>(endpoints: impl Iterator<Item = (&'a EndpointKey, &'a Measurements)>) -> Vec<ExactEndpoint> {
    let mut list: Vec<ExactEndpoint> = endpoints
        .map(|(key, measured)| ExactEndpoint {
            method: key.method.clone(),
            name: key.name.clone(),
            passed: measured.passed_times.clone(),
            failed: measured.failed_times.clone(),
        })
        .collect();
    list.sort_by(|a, b| (&a.name, &a.method).cmp(&(&b.name, &b.method)));
    list
}
