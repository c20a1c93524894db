//! The complete record of a run: every request, as our launcher saw it.

mod facts;
mod line;
mod measurements;
mod tail;

use std::collections::{BTreeMap, HashMap};

use line::{FinalLine, InitLine, LineNumber, RecordLine, Role, SecondLine};
pub(crate) use measurements::{Measurements, Slice};
pub(crate) use tail::Tail;

use crate::results::{EndpointKey, FailureKind};

/// Every request of a run, by endpoint and second, and what Locust's processes reported about themselves.
#[derive(Debug, Default)]
pub struct Record {
    nodes: BTreeMap<String, LocustNode>,
    places: HashMap<EndpointKey, usize>,
    endpoints: Vec<(EndpointKey, Measurements)>,
    total: Measurements,
    seconds: BTreeMap<i64, Second>,
    errors: BTreeMap<(EndpointKey, String, FailureKind), ErrorCount>,
    exceptions: BTreeMap<(String, bool), ScriptException>,
    odd_times: u64,
    most_wanted: u32,
    /// Moments before which requests do not count, because the script reset its statistics (Unix seconds).
    resets: Resets,
    started: Option<f64>,
    stopping: Option<f64>,
    all_spawned: Option<f64>,
    last_request: Option<f64>,
}

/// When the script reset its statistics.
#[derive(Debug, Clone, Default, PartialEq)]
struct Resets {
    /// The directing process did, so that no process's earlier requests count.
    of_all: Option<f64>,
    of_process: BTreeMap<String, f64>,
}

impl Resets {
    /// Whether the requests that a process wrote at a moment are left out.
    fn leave_out(&self, node: &str, written: f64) -> bool {
        self.of_all.is_some_and(|reset| written <= reset)
            || self.of_process.get(node).is_some_and(|reset| written <= *reset)
    }

    /// Notes a reset; true when it was not known.
    fn add(&mut self, node: &str, of_all: bool, t: f64) -> bool {
        let known = if of_all { self.of_all } else { self.of_process.get(node).copied() };
        if known.is_some_and(|known| known >= t) {
            return false;
        }
        if of_all {
            self.of_all = Some(t);
        } else {
            self.of_process.insert(node.to_owned(), t);
        }
        true
    }

    fn last(&self) -> Option<f64> {
        self.of_process.values().copied().chain(self.of_all).reduce(f64::max)
    }
}

/// One process of Locust.
#[derive(Debug, Default)]
struct LocustNode {
    init: Option<InitLine>,
    last: Option<FinalLine>,
    /// The script ended the process.
    exited: bool,
    requests: (u64, u64),
    /// Lines read, the highest number of a line, and events the process could not count.
    lines: u64,
    last_line: u64,
    dropped: u64,
}

impl LocustNode {
    fn role(&self) -> Option<Role> {
        self.init.as_ref().map(|init| init.role)
    }
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

impl ErrorCount {
    /// Adds what was seen of the same failure elsewhere.
    pub(crate) const fn add(&mut self, other: &Self) {
        self.occurrences = self.occurrences.saturating_add(other.occurrences);
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
    }
}

/// An exception of the script that no request explains.
#[derive(Debug, Default, Clone)]
pub(crate) struct ScriptException {
    pub(crate) traceback: String,
    pub(crate) count: u64,
}

impl Record {
    /// Notes a line's number; lines that are missing between are lost.
    fn number(&mut self, node_name: &str, line: &LineNumber) {
        let node = self.nodes.entry(node_name.to_owned()).or_default();
        node.lines += 1;
        node.last_line = node.last_line.max(line.n);
        node.dropped = node.dropped.max(line.dropped);
    }

    /// Adds one line of one process. False when the record has to be read again from its beginning: the script reset its
    /// statistics, and what came before does not count.
    #[must_use]
    fn add(&mut self, node_name: &str, line: RecordLine) -> bool {
        let node = self.nodes.entry(node_name.to_owned()).or_default();
        match line {
            RecordLine::Init(init) => node.init = Some(init),
            RecordLine::Mark { name, t } => match name.as_str() {
                "test_start" => self.started = Some(self.started.map_or(t, |earlier| earlier.min(t))),
                "spawning_complete" => self.all_spawned = Some(self.all_spawned.map_or(t, |earlier| earlier.max(t))),
                "test_stopping" => self.stopping = Some(self.stopping.map_or(t, |earlier| earlier.min(t))),
                "exit" => node.exited = true,
                _ => {}
            },
            RecordLine::Second(second) => self.add_second(node_name, second),
            RecordLine::Reset { t } => {
                let of_all = node.role() == Some(Role::Master);
                return !self.resets.add(node_name, of_all, t);
            }
            RecordLine::Final(last) => node.last = Some(last),
        }
        true
    }

    /// An empty record that leaves out what this one knows to be reset.
    fn again(&self) -> Self {
        Self { resets: self.resets.clone(), ..Self::default() }
    }

    fn add_second(&mut self, node_name: &str, line: SecondLine) {
        let second = self.seconds.entry(line.s).or_default();
        second.users.insert(node_name.to_owned(), (line.t, line.users));
        self.most_wanted = self.most_wanted.max(line.wanted);
        if let Some(cpu) = line.cpu {
            second.cpu.insert(node_name.to_owned(), cpu);
        }
        let left_out = self.resets.leave_out(node_name, line.t);
        for (text, in_on_start, traceback, count) in line.exceptions {
            let seen = self.exceptions.entry((text, in_on_start)).or_default();
            seen.count += count;
            if seen.traceback.is_empty() {
                seen.traceback = traceback;
            }
        }
        if left_out {
            return;
        }
        self.odd_times += line.odd;
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
        for (method, name, kind, text, count, first, last) in line.errors {
            let seen = self.errors.entry((EndpointKey { method, name }, text, kind)).or_insert(ErrorCount {
                occurrences: 0,
                first_seen: first,
                last_seen: last,
            });
            seen.occurrences += count;
            seen.first_seen = seen.first_seen.min(first);
            seen.last_seen = seen.last_seen.max(last);
        }
    }
}
