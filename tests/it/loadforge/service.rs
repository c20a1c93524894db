//! A service that speaks LoadForge's API as far as these tests need it, and misbehaves on demand. It reads and writes
//! HTTP itself, so that it can also answer with half a message, with nothing, or never.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use loadforge_ci::loadforge::{ApiUrl, Signal};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

impl Request {
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What is sent back.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Json(u16, Value),
    /// The raw HTTP message.
    Raw(String),
    /// The connection is closed without an answer.
    Close,
    /// No answer ever comes.
    Silence,
}

impl Reply {
    pub(super) fn html(status: u16) -> Self {
        let body = "<html><body>Log in</body></html>";
        Self::Raw(format!(
            "HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
    }

    pub(super) fn with_header(status: u16, header: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::Raw(format!(
            "HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
    }
}

/// Something that goes wrong with the next requests of a kind.
#[derive(Debug, Clone)]
struct Fault {
    request: String,
    times: u32,
    done_first: bool,
    reply: Reply,
}

/// A run of the service. Each look at it shows its next stage, the last one for ever.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) test_id: u64,
    pub(super) minutes: Value,
    pub(super) looks: usize,
    pub(super) cancelled: bool,
    pub(super) created_at: Timestamp,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) requests: Vec<Request>,
    pub(super) runs: BTreeMap<u64, Run>,
    pub(super) tests: BTreeMap<u64, Value>,
    pub(super) hosts: BTreeMap<u64, Value>,
    /// The team's files.
    pub(super) files: BTreeMap<u64, Value>,
    pub(super) stages: Vec<Value>,
    pub(super) token: Option<String>,
    /// Whether listed rows, and single results, say which test they are of.
    pub(super) test_id_in_rows: bool,
    pub(super) test_id_in_result: bool,
    pub(super) old_paths_only: bool,
    /// Files served at `/files/{name}`.
    pub(super) downloads: BTreeMap<String, String>,
    /// A file whose content is noted when a start request comes.
    pub(super) watched: Option<PathBuf>,
    pub(super) seen_at_start: Option<String>,
    /// Who is sent a signal when this request comes.
    pub(super) signal: Option<(String, Signal, mpsc::Sender<Signal>)>,
    faults: Vec<Fault>,
    gone: BTreeSet<u64>,
}

impl State {
    /// The requests of a kind, such as `POST /run`.
    pub(super) fn count(&self, line: &str) -> usize {
        self.requests.iter().filter(|request| request.line() == line).count()
    }

    pub(super) fn forget_run(&mut self, id: u64) {
        self.gone.insert(id);
    }

    fn reply(&mut self, request: &Request) -> Reply {
        self.requests.push(request.clone());
        let line = request.line();
        if let Some((_, signal, sender)) = self.signal.take_if(|(on, ..)| line.starts_with(on.as_str())) {
            sender.try_send(signal).unwrap();
        }
        let fault = self.faults.iter_mut().find(|fault| fault.times > 0 && line.starts_with(&fault.request));
        let fault = fault.map(|fault| {
            fault.times -= 1;
            fault.clone()
        });
        match fault {
            Some(Fault { done_first: true, reply, .. }) => {
                self.serve(request);
                reply
            }
            Some(Fault { reply, .. }) => reply,
            None => self.serve(request),
        }
    }

    fn serve(&mut self, request: &Request) -> Reply {
        if let Some(name) = request.path.strip_prefix("/files/") {
            return self.downloads.get(name).map_or(Reply::text(404, ""), |content| Reply::text(200, content));
        }
        let accepted = self.token.as_ref().is_none_or(|token| {
            let sent = request.headers.get("authorization");
            sent == Some(&format!("Bearer {token}")) || sent == Some(&format!("Token {token}"))
        });
        if !accepted {
            return Reply::Json(401, json!({"message": "Unauthenticated."}));
        }
        let path = request.path.strip_prefix("/api/v2").unwrap_or(&request.path).to_owned();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let id = parts.last().and_then(|part| part.parse::<u64>().ok());
        match (request.method.as_str(), parts.as_slice(), id) {
            ("GET", ["tests"], _) => Reply::Json(200, self.tests.values().cloned().collect()),
            ("GET", ["hosts"], _) => Reply::Json(200, self.hosts.values().cloned().collect()),
            ("POST", ["tests" | "hosts"], _) if self.old_paths_only => Reply::Json(405, json!({"message": "No."})),
            ("POST", ["tests", ..], None) => {
                let id = create(&mut self.tests, &request.body);
                Reply::Json(200, json!({"test_id": id}))
            }
            ("POST", ["hosts", ..], None) => {
                let id = create(&mut self.hosts, &request.body);
                Reply::Json(200, json!({"host_id": id}))
            }
            ("PATCH", ["tests", _], Some(id)) => Reply::Json(200, json!({"test_id": id})),
            ("DELETE", ["tests", _], Some(id)) => match self.tests.remove(&id) {
                Some(_) => Reply::Json(200, json!({"test_id": id, "status": "Deleted"})),
                None => Reply::Json(404, json!({"message": "No such test."})),
            },
            ("DELETE", ["hosts", _], Some(id)) => Reply::Json(200, json!({"host_id": id, "status": "Deleted"})),
            ("GET", ["files"], _) => Reply::Json(200, json!({"data": self.files.values().collect::<Vec<_>>()})),
            ("POST", ["files"], _) => {
                let id = create(&mut self.files, &request.body);
                Reply::Json(200, json!({"file_id": id}))
            }
            ("PATCH", ["files", _], Some(id)) => Reply::Json(200, json!({"file_id": id})),
            ("DELETE", ["files", _], Some(id)) => match self.files.remove(&id) {
                Some(_) => Reply::Json(200, json!({"file_id": id, "status": "Deleted"})),
                None => Reply::Json(404, json!({"message": "No such file."})),
            },
            ("POST", ["run"], _) => {
                let test_id = request.body["test_id"].as_u64().unwrap_or(0);
                self.start(test_id, request.body["duration"].clone())
            }
            ("POST", ["api", "v1", "tests", test_id, "start"], _) => {
                let test_id = test_id.parse().unwrap_or(0);
                self.start(test_id, request.body["duration"].clone())
            }
            ("POST", ["run", "cancel", _], Some(id)) => match self.runs.get_mut(&id) {
                Some(run) => {
                    run.cancelled = true;
                    Reply::Json(200, json!({"run_id": id, "status": "Cancelled"}))
                }
                None => Reply::Json(404, json!({"message": "No such run."})),
            },
            ("GET", ["results"], _) => {
                let rows =
                    self.runs.keys().filter(|id| !self.gone.contains(id)).map(|id| self.row(*id, true)).collect();
                Reply::Json(200, rows)
            }
            ("GET", ["result", _], Some(id)) if self.runs.contains_key(&id) && !self.gone.contains(&id) => {
                let row = self.row(id, false);
                if let Some(run) = self.runs.get_mut(&id) {
                    run.looks += 1;
                }
                Reply::Json(200, row)
            }
            _ => Reply::Json(404, json!({"message": "Not found."})),
        }
    }

    fn start(&mut self, test_id: u64, minutes: Value) -> Reply {
        self.seen_at_start = self.watched.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        if !self.tests.contains_key(&test_id) {
            return Reply::Json(404, json!({"message": "No such test."}));
        }
        let id = self.add_run(test_id, minutes);
        Reply::Json(200, json!({"run_id": id, "result_id": id}))
    }

    /// Adds a run as somebody else's start would.
    pub(super) fn add_run(&mut self, test_id: u64, minutes: Value) -> u64 {
        let id = self.runs.keys().max().map_or(100, |id| id + 1);
        let run = Run { test_id, minutes, looks: 0, cancelled: false, created_at: Timestamp::now() };
        self.runs.insert(id, run);
        id
    }

    fn row(&self, id: u64, listed: bool) -> Value {
        let run = &self.runs[&id];
        let stage = if run.cancelled {
            json!({"run_status": 5, "cancelled": true, "requests": "40", "failures": "0(0.00%)"})
        } else {
            self.stages[run.looks.min(self.stages.len() - 1)].clone()
        };
        let mut row = json!({"id": id, "created_at": run.created_at.to_string(), "duration": run.minutes});
        if if listed { self.test_id_in_rows } else { self.test_id_in_result } {
            row["test_id"] = json!(run.test_id);
        }
        for (name, value) in stage.as_object().unwrap() {
            if !(listed && name.starts_with("results_csv")) {
                row[name] = value.clone();
            }
        }
        row
    }
}

fn create(items: &mut BTreeMap<u64, Value>, body: &Value) -> u64 {
    let id = items.keys().max().map_or(1, |id| id + 1);
    let mut item = body.clone();
    item["id"] = json!(id);
    items.insert(id, item);
    id
}

/// The service, listening until the test is over.
pub(super) struct Service {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Service {
    /// A service with test 4217 that runs through all states to a good end.
    pub(super) async fn start() -> Self {
        let host = json!({"id": 1, "verified": true, "url": "staging.example.com", "port": 443, "protocol": "https"});
        let test = json!({"id": 4217, "name": "checkout", "users": 50, "rate": 5, "servers": 1, "host_id": 1,
            "region": "nyc3", "locustfile": "import locust\n"});
        let state = State {
            requests: Vec::new(),
            runs: BTreeMap::new(),
            tests: [(4217, test)].into(),
            hosts: [(1, host)].into(),
            files: [(3, json!({"id": 3, "name": "users.csv", "content": "the team's own"}))].into(),
            stages: super::support::good_stages(),
            token: None,
            test_id_in_rows: true,
            test_id_in_result: true,
            old_paths_only: false,
            downloads: BTreeMap::new(),
            watched: None,
            seen_at_start: None,
            signal: None,
            faults: Vec::new(),
            gone: BTreeSet::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state }
    }

    pub(super) fn url(&self) -> ApiUrl {
        format!("http://{}/api/v2", self.address).parse().unwrap()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next `times` requests that begin like this get the reply and are not carried out.
    pub(super) fn fail(&self, request: &str, times: u32, reply: Reply) -> &Self {
        self.fault(Fault { request: request.into(), times, done_first: false, reply })
    }

    /// The next request that begins like this is carried out, but gets the reply.
    pub(super) fn lose(&self, request: &str, reply: Reply) -> &Self {
        self.fault(Fault { request: request.into(), times: 1, done_first: true, reply })
    }

    /// Nothing goes wrong any more.
    pub(super) fn heal(&self) {
        self.state().faults.clear();
    }

    fn fault(&self, fault: Fault) -> &Self {
        self.state().faults.push(fault);
        self
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = read(&mut stream).await else { return };
    let reply = state.lock().unwrap().reply(&request);
    let text = match reply {
        Reply::Json(status, body) => {
            let body = body.to_string();
            let length = body.len();
            format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            )
        }
        Reply::Raw(text) => text,
        Reply::Close => return,
        Reply::Silence => std::future::pending().await,
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = serde_json::from_slice(&bytes[head_end + 4..]).unwrap_or(Value::Null);
    Some(Request { method, path, headers, body })
}
