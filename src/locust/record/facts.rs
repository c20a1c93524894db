//! Facts of a run from its record: its times, its users, its failures and its end.

use std::collections::BTreeMap;

use super::line::{FinalLine, Role};
use super::{ErrorCount, LocustNode, Measurements, Record, ScriptException, Second};
use crate::results::{EndpointKey, ExactEndpoint, ExactSteady, FailureKind, NeverEnded, PeakUsers};

impl Record {
    /// All requests together.
    pub(crate) fn total(&self) -> &Measurements {
        &self.total
    }

    /// Every endpoint, in the order first seen.
    pub(crate) fn endpoints(&self) -> &[(EndpointKey, Measurements)] {
        &self.endpoints
    }

    /// The failures by endpoint, text and kind.
    pub(crate) fn errors(&self) -> &BTreeMap<(EndpointKey, String, FailureKind), ErrorCount> {
        &self.errors
    }

    /// The script's exceptions by text: those raised in `on_start`, or those raised elsewhere.
    pub(crate) fn exceptions(&self, in_on_start: bool) -> impl Iterator<Item = (&str, &ScriptException)> {
        self.exceptions
            .iter()
            .filter(move |((_, started), _)| *started == in_on_start)
            .map(|((text, _), seen)| (text.as_str(), seen))
    }

    /// When the test started, Unix seconds: as Locust reported it, else the first second with a measurement.
    pub(crate) fn started(&self) -> Option<f64> {
        self.started.or_else(|| self.seconds.keys().next().map(|second| *second as f64))
    }

    /// When the script last reset its statistics, Unix seconds.
    pub(crate) fn reset(&self) -> Option<f64> {
        self.resets.last()
    }

    /// Response times that were negative, NaN or no number.
    pub(crate) const fn odd_times(&self) -> u64 {
        self.odd_times
    }

    /// The most users Locust was asked for, by the command line or by the script's load shape.
    pub(crate) const fn most_wanted(&self) -> u32 {
        self.most_wanted
    }

    /// When Locust began to stop the users, Unix seconds.
    pub(crate) fn stopping(&self) -> Option<f64> {
        self.stopping
    }

    /// Whether Locust reported that all users were started.
    pub(crate) fn all_spawned(&self) -> bool {
        self.all_spawned.is_some()
    }

    /// Users that were running when each process counted them last before Locust began to stop them; `None` where a process
    /// counted last before all were started, so that those that it did not count may just not have come yet.
    pub(crate) fn users_at_end(&self) -> Option<u32> {
        let counted = self.counted_before(self.stopping?);
        let all_spawned = self.all_spawned.unwrap_or(f64::NEG_INFINITY);
        let complete = !counted.is_empty() && counted.values().all(|(at, _)| *at >= all_spawned);
        complete.then(|| counted.values().map(|(_, users)| users).sum())
    }

    /// When the last request ended, Unix seconds.
    pub(crate) fn last_request(&self) -> Option<f64> {
        self.last_request
    }

    /// How long requests were counted, s: from the start, or from a reset of the statistics, to the end of the last
    /// request, as Locust reckons.
    pub(crate) fn seconds_measured(&self) -> f64 {
        match (self.reset().or_else(|| self.started()), self.last_request) {
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

    /// Users running at the end of each second of the span. A process without a report in a second keeps its last
    /// number of users.
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

    /// Users that were running when each process counted them last.
    pub(crate) fn users_now(&self) -> u32 {
        self.counted_before(f64::INFINITY).values().map(|(_, users)| users).sum()
    }

    /// When each process counted its users last before a moment (both Unix seconds), and how many there were.
    fn counted_before(&self, moment: f64) -> BTreeMap<&str, (f64, u32)> {
        let counts = self.seconds.values().flat_map(|second| &second.users);
        counts.filter(|(_, (at, _))| *at < moment).map(|(node, count)| (node.as_str(), *count)).collect()
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

    /// Whether the script was loaded, as the leading process reported.
    pub(crate) fn loaded(&self) -> bool {
        self.leader().is_some()
    }

    /// The class of the script's own load shape: users and run time are its affair then.
    pub(crate) fn shape(&self) -> Option<&str> {
        self.leader()?.init.as_ref()?.shape.as_deref()
    }

    /// The hosts of the user classes, each once, and whether they were kept although a host was given.
    pub(crate) fn hosts(&self) -> (Vec<&str>, bool) {
        let Some(init) = self.leader().and_then(|node| node.init.as_ref()) else { return (Vec::new(), false) };
        let mut hosts: Vec<&str> =
            init.hosts.iter().map(|(_, host)| host.as_str()).filter(|host| !host.is_empty()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        (hosts, init.hosts_kept)
    }

    /// Users of all classes, where every class has a `fixed_count`: there are never more.
    pub(crate) fn fixed_users(&self) -> Option<u32> {
        let fixed = &self.leader()?.init.as_ref()?.fixed;
        (!fixed.is_empty() && fixed.iter().all(|count| *count > 0)).then(|| fixed.iter().sum())
    }

    /// Whether the leading process ended in order.
    pub(crate) fn leader_ended(&self) -> bool {
        self.leader().is_some_and(|node| node.last.is_some())
    }

    /// Whether the script ended the leading process, as `sys.exit` does.
    pub(crate) fn exited(&self) -> bool {
        self.leader().is_some_and(|node| node.exited)
    }

    /// The exit code the script asked for.
    pub(crate) fn script_exit_code(&self) -> Option<i64> {
        self.leader()?.last.as_ref()?.script_exit_code
    }

    /// Whether a listener or a greenlet of the script raised.
    pub(crate) fn listener_raised(&self) -> bool {
        self.ends().any(|last| last.listener_raised)
    }

    /// Requests that had started and not ended, by endpoint.
    pub(crate) fn never_ended(&self) -> Vec<NeverEnded> {
        let mut open: BTreeMap<EndpointKey, (u64, f64)> = BTreeMap::new();
        for (method, name, requests, oldest_s) in self.ends().flat_map(|last| &last.never_ended) {
            let seen = open.entry(EndpointKey { method: method.clone(), name: name.clone() }).or_default();
            *seen = (seen.0.saturating_add(*requests), seen.1.max(*oldest_s));
        }
        open.into_iter().map(|(endpoint, (requests, oldest_s))| NeverEnded { endpoint, requests, oldest_s }).collect()
    }

    /// Requests whose response was taken and never checked, by endpoint.
    pub(crate) fn never_checked(&self) -> BTreeMap<EndpointKey, u64> {
        let mut unchecked: BTreeMap<EndpointKey, u64> = BTreeMap::new();
        for (method, name, requests) in self.ends().flat_map(|last| &last.never_checked) {
            let seen = unchecked.entry(EndpointKey { method: method.clone(), name: name.clone() }).or_default();
            *seen = seen.saturating_add(*requests);
        }
        unchecked
    }

    /// Lines that the processes wrote and that are not here, and events they could not count.
    pub(crate) fn lost(&self) -> (u64, u64) {
        let lines = self.nodes.values().map(|node| node.last_line.saturating_sub(node.lines));
        (lines.sum(), self.nodes.values().map(|node| node.dropped).sum())
    }

    /// Processes that did not end in order, or whose totals are not what they wrote line by line.
    pub(crate) fn incomplete_processes(&self) -> usize {
        let whole =
            |node: &&LocustNode| node.last.as_ref().is_some_and(|last| (last.requests, last.failures) == node.requests);
        self.nodes.values().filter(|node| !whole(node)).count()
    }

    /// Whether every process that began has ended in order.
    pub(crate) fn all_ended(&self) -> bool {
        self.nodes.values().all(|node| node.last.is_some())
    }

    fn ends(&self) -> impl Iterator<Item = &FinalLine> {
        self.nodes.values().filter_map(|node| node.last.as_ref())
    }

    fn leader(&self) -> Option<&LocustNode> {
        self.nodes.values().find(|node| matches!(node.role(), Some(Role::Local | Role::Master)))
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
