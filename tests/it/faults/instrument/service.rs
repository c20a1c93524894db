//! The stand-in: hosts, tests and runs that live by the paused clock, and faults in their answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use loadforge_ci::loadforge::Signal;
use reqwest::Request;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::fault::{Answer, Fault, Pattern};

/// The client's token.
pub(crate) const TOKEN: &str = "s3cret-token-of-the-account";

/// A value passed to the script.
pub(crate) const SECRET: &str = "geheim-password";

/// The saved test.
pub(crate) const SAVED_TEST: u64 = 4217;

/// A run that was over long before.
pub(crate) const OLD_RUN: u64 = 50;

/// The most bytes the client accepts, so that a huge answer is a small one.
pub(crate) const MOST_BYTES: usize = 64 << 10;

/// Seconds from the start of a run: launching, running, over.
const LIFE: [u64; 3] = [5, 30, 150];

pub(super) const STATS: &str = "Type,Name,Request Count,Failure Count,Median Response Time,50%,95%\nGET,/a,100,1,20,20,50\n\
                     ,Aggregated,100,1,20,20,50\n";
pub(super) const HISTORY: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,Total Failure \
                       Count\n100,5,,Aggregated,1.0,0.0,20,50,10,0\n101,10,,Aggregated,2.0,0.0,20,50,100,1\n";
pub(super) const FAILURES: &str = "Method,Name,Error,Occurrences\nGET,/a,HTTPError('503'),1\n";

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    ListTests,
    CreateTest,
    DeleteTest,
    ListHosts,
    CreateHost,
    ListRuns,
    Start,
    Poll,
    Cancel,
    Download,
}

impl Call {
    pub(crate) const ALL: [Self; 10] = [
        Self::ListTests,
        Self::CreateTest,
        Self::DeleteTest,
        Self::ListHosts,
        Self::CreateHost,
        Self::ListRuns,
        Self::Start,
        Self::Poll,
        Self::Cancel,
        Self::Download,
    ];

    pub(super) fn of(request: &Request) -> Option<Self> {
        let path = request.url().path().trim_start_matches("/api/v2/");
        Some(match (request.method().as_str(), path) {
            ("GET", "tests") => Self::ListTests,
            ("POST", "tests" | "tests/create") => Self::CreateTest,
            ("DELETE", path) if path.starts_with("tests/") => Self::DeleteTest,
            ("GET", "hosts") => Self::ListHosts,
            ("POST", "hosts" | "hosts/create") => Self::CreateHost,
            ("GET", "results") => Self::ListRuns,
            ("POST", "run") => Self::Start,
            ("POST", path) if path.starts_with("run/cancel/") => Self::Cancel,
            ("GET", path) if path.starts_with("result/") => Self::Poll,
            ("GET", path) if path.starts_with("/files/") => Self::Download,
            _ => return None,
        })
    }

    /// Whether the call changes something.
    pub(crate) fn acts(self) -> bool {
        matches!(self, Self::CreateTest | Self::DeleteTest | Self::CreateHost | Self::Start | Self::Cancel)
    }
}

/// A run of the service.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) test_id: u64,
    /// Whether our client started it.
    pub(crate) ours: bool,
    began: Instant,
    pub(crate) cancelled: bool,
}

impl Run {
    /// LoadForge's status code now.
    fn status(&self) -> u8 {
        let age = Instant::now().saturating_duration_since(self.began).as_secs();
        match LIFE.iter().filter(|end| age >= **end).count() {
            _ if self.cancelled => 5,
            code => u8::try_from(code).unwrap_or(3),
        }
    }

    /// Whether it sends load no more.
    pub(crate) fn is_over(&self) -> bool {
        self.status() >= 3
    }

    /// Whether it went through to its end.
    pub(crate) fn is_finished(&self) -> bool {
        self.status() == 3
    }
}

/// What the service is like beside its faults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// Whether rows of runs, listed or single, say which test they are of.
    pub(crate) test_id_in_list: bool,
    pub(crate) test_id_in_result: bool,
    /// The service's clock against ours.
    pub(crate) clock: SignedDuration,
    /// Another pipeline starts a run of another test whenever we send a start request.
    pub(crate) rival: bool,
    /// CSV fields hold addresses.
    pub(crate) csv_by_address: bool,
}

impl Default for Nature {
    fn default() -> Self {
        Self {
            test_id_in_list: true,
            test_id_in_result: true,
            clock: SignedDuration::ZERO,
            rival: false,
            csv_by_address: false,
        }
    }
}

pub(crate) struct State {
    pub(crate) nature: Nature,
    pub(crate) runs: BTreeMap<u64, Run>,
    /// Names by id.
    pub(crate) tests: BTreeMap<u64, String>,
    /// Tests made by our client, also those that are deleted.
    pub(crate) made_tests: BTreeMap<u64, String>,
    hosts: BTreeMap<u64, Value>,
    faults: Vec<(Call, Pattern, Fault)>,
    counts: BTreeMap<Call, usize>,
    later: Vec<(Instant, Call, Option<u64>, Value)>,
    /// Stops the client when the call with this number has come.
    stop: Option<(Call, usize, mpsc::Sender<Signal>)>,
    pub(crate) stopped_at: Option<Instant>,
    /// Kills the client then.
    kill: Option<(Call, usize)>,
    /// Everything that was asked, for a look at a cell.
    pub(crate) log: Vec<String>,
}

/// The service; its clones are the same one.
#[derive(Clone)]
pub(crate) struct StandIn {
    state: Arc<Mutex<State>>,
    pub(crate) killed: Arc<Notify>,
}

impl StandIn {
    pub(crate) fn new(nature: Nature) -> Self {
        let old = Run { test_id: SAVED_TEST, ours: false, began: Instant::now(), cancelled: true };
        let host = json!({"id": 1, "verified": true, "url": "staging.example.com", "port": 443, "protocol": "https"});
        let state = State {
            nature,
            runs: [(OLD_RUN, old)].into(),
            tests: [(SAVED_TEST, "checkout".to_owned()), (5000, "of-a-rival".to_owned())].into(),
            made_tests: BTreeMap::new(),
            hosts: [(1, host)].into(),
            faults: Vec::new(),
            counts: BTreeMap::new(),
            later: Vec::new(),
            stop: None,
            stopped_at: None,
            kill: None,
            log: Vec::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), killed: Arc::new(Notify::new()) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn fault(&self, call: Call, pattern: Pattern, fault: Fault) {
        self.state().faults.push((call, pattern, fault));
    }

    pub(crate) fn heal(&self) {
        self.state().faults.clear();
    }

    pub(crate) fn stop_at(&self, call: Call, number: usize, sender: mpsc::Sender<Signal>) {
        self.state().stop = Some((call, number, sender));
    }

    pub(crate) fn kill_at(&self, call: Call, number: usize) {
        self.state().kill = Some((call, number));
    }
}

impl State {
    /// Does everything that was delayed.
    pub(crate) fn settle(&mut self) {
        self.catch_up();
    }

    /// Adds a run of the saved test that another program started.
    pub(crate) fn add_other_run(&mut self) {
        self.add_run(SAVED_TEST, false, Instant::now());
    }

    /// Runs of others that were cancelled, the old one aside.
    pub(crate) fn foreign_cancelled(&self) -> Vec<u64> {
        let runs = self.runs.iter().filter(|(id, run)| !run.ours && run.cancelled && **id != OLD_RUN);
        runs.map(|(id, _)| *id).collect()
    }

    /// Tests that were there before.
    pub(crate) fn saved_tests(&self) -> usize {
        self.tests.keys().filter(|id| !self.made_tests.contains_key(*id)).count()
    }

    fn new_id(known: &BTreeMap<u64, impl Sized>) -> u64 {
        known.keys().max().map_or(100, |id| (id + 1).max(100))
    }

    fn add_run(&mut self, test_id: u64, ours: bool, began: Instant) -> u64 {
        let id = Self::new_id(&self.runs);
        self.runs.insert(id, Run { test_id, ours, began, cancelled: false });
        id
    }

    /// Does what was delayed until now.
    fn catch_up(&mut self) {
        let now = Instant::now();
        let due = std::mem::take(&mut self.later);
        let (due, later): (Vec<_>, Vec<_>) = due.into_iter().partition(|(at, ..)| *at <= now);
        self.later = later;
        for (_, call, id, body) in due {
            self.carry_out(call, id, &body);
        }
    }

    /// Does what is asked; the right answer.
    fn carry_out(&mut self, call: Call, id: Option<u64>, body: &Value) -> (u16, Value) {
        let missing = || (404, json!({"message": "Not found."}));
        match call {
            Call::ListTests => {
                let row = |(id, name): (&u64, &String)| json!({"id": id, "name": name, "users": 50, "host_id": 1});
                (200, self.tests.iter().map(row).collect())
            }
            Call::CreateTest => {
                let id = Self::new_id(&self.tests).max(9000);
                let name = body["name"].as_str().unwrap_or_default().to_owned();
                self.tests.insert(id, name.clone());
                self.made_tests.insert(id, name);
                (200, json!({"test_id": id}))
            }
            Call::DeleteTest => match id.and_then(|id| self.tests.remove(&id)) {
                Some(_) => (200, json!({"test_id": id, "status": "Deleted"})),
                None => missing(),
            },
            Call::ListHosts => (200, self.hosts.values().cloned().collect()),
            Call::CreateHost => {
                let id = Self::new_id(&self.hosts);
                let mut host = body.clone();
                host["id"] = json!(id);
                self.hosts.insert(id, host);
                (200, json!({"host_id": id}))
            }
            Call::ListRuns => (200, self.runs.iter().map(|(id, run)| self.row(*id, run, false)).collect()),
            Call::Start => {
                let test_id = body["test_id"].as_u64().unwrap_or_default();
                if !self.tests.contains_key(&test_id) {
                    return missing();
                }
                let id = self.add_run(test_id, true, Instant::now());
                (200, json!({"run_id": id, "result_id": id}))
            }
            Call::Poll => match id.and_then(|id| Some((id, self.runs.get(&id)?))) {
                Some((id, run)) => (200, self.row(id, run, true)),
                None => missing(),
            },
            Call::Cancel => match id.and_then(|id| self.runs.get_mut(&id)) {
                Some(run) if !run.is_finished() => {
                    run.cancelled = true;
                    (200, json!({"run_id": id, "status": "Cancelled"}))
                }
                Some(_) => (409, json!({"message": "The run has already finished."})),
                None => missing(),
            },
            Call::Download => (200, Value::Null),
        }
    }

    fn row(&self, id: u64, run: &Run, single: bool) -> Value {
        let age = i64::try_from(Instant::now().saturating_duration_since(run.began).as_secs()).unwrap_or(0);
        let created = Timestamp::now() - SignedDuration::from_secs(age) + self.nature.clock;
        let mut row = json!({"id": id, "created_at": created.to_string(), "run_status": run.status(), "duration": 2,
            "cancelled": run.cancelled, "requests": "100", "failures": "1(1.00%)", "run_passed": true});
        if if single { self.nature.test_id_in_result } else { self.nature.test_id_in_list } {
            row["test_id"] = json!(run.test_id);
        }
        if single && run.is_over() {
            let csv = [("stats", STATS), ("history", HISTORY), ("failures", FAILURES)];
            for (name, text) in csv {
                let address = || format!("https://storage.example.com/files/{name}.csv");
                row[format!("results_csv_{name}")] =
                    json!(if self.nature.csv_by_address { address() } else { text.to_owned() });
            }
        }
        row
    }

    /// Notes the call and does what it does under the fault it meets.
    pub(super) fn meet(&mut self, call: Call, request: &Request, killed: &Notify) -> (Fault, u16, Value) {
        self.catch_up();
        let number = self.counts.entry(call).or_default();
        let this = *number;
        *number += 1;
        let fault = self.faults.iter().find(|(of, pattern, _)| *of == call && pattern.hits(this));
        let fault = fault.map_or(Fault::of(Answer::Right, true), |(.., fault)| *fault);
        let url = request.url();
        self.log.push(format!("{} {}: {fault}", request.method(), url.path()));
        let id = url.path().rsplit('/').next().and_then(|text| text.parse().ok());
        let body = request.body().and_then(|body| serde_json::from_slice(body.as_bytes()?).ok()).unwrap_or(Value::Null);
        if self.nature.rival && call == Call::Start {
            self.add_run(5000, false, Instant::now());
        }
        let (status, answer) = match fault {
            Fault { late, acted: true, .. } if !late.is_zero() => {
                self.later.push((Instant::now() + late, call, id, body));
                (200, json!({}))
            }
            // What is not done is answered as if it were.
            Fault { acted: false, .. } if call.acts() => self.promise(call, id),
            _ => self.carry_out(call, id, &body),
        };
        if let Some((.., sender)) = self.stop.take_if(|(of, at, _)| *of == call && *at == this) {
            let _ = sender.try_send(Signal::Terminate);
            self.stopped_at = Some(Instant::now());
        }
        if self.kill.take_if(|(of, at)| *of == call && *at == this).is_some() {
            killed.notify_one();
        }
        (fault, status, answer)
    }

    fn promise(&self, call: Call, id: Option<u64>) -> (u16, Value) {
        let answer = match call {
            Call::Start => json!({"run_id": Self::new_id(&self.runs) + 1000}),
            Call::CreateTest => json!({"test_id": Self::new_id(&self.tests) + 1000}),
            Call::CreateHost => json!({"host_id": Self::new_id(&self.hosts) + 1000}),
            Call::Cancel => json!({"run_id": id, "status": "Cancelled"}),
            _ => json!({"test_id": id, "status": "Deleted"}),
        };
        (200, answer)
    }
}
