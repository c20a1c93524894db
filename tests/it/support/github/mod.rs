//! A stand-in for GitHub that stores what it receives, on loopback: pull requests, comments with pages and `Link`
//! headers, commit
//! comparison, statuses, GitHub App tokens and the GraphQL questions this program asks. Faults are scripted.

mod answers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

/// The longest comment GitHub takes, in characters.
pub(crate) const MAX_BODY: usize = 65_536;

/// A GitHub of one's own; it stops when it is dropped.
pub(crate) struct GitHub {
    /// What `--github-api-url` is set to.
    pub(crate) api_url: String,
    /// A client that talks to it and to no proxy; making one costs more than many requests.
    pub(crate) client: reqwest::Client,
    world: Arc<Mutex<World>>,
    server: JoinHandle<()>,
}

/// An account and what its token may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) login: String,
    /// Whether `GET /user` is answered; an installation token gets 403.
    pub(crate) knows_itself: bool,
    /// Whether GraphQL's `viewer` is answered.
    pub(crate) is_viewer: bool,
}

impl Account {
    pub(crate) fn person(id: u64, login: &str) -> Self {
        Self { id, login: login.into(), knows_itself: true, is_viewer: true }
    }
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) pull: u64,
    /// `None` for a deleted account.
    pub(crate) author: Option<Account>,
    pub(crate) body: String,
    pub(crate) hidden: bool,
}

/// A pull request of `acme/shop`.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) head_sha: String,
    pub(crate) head_branch: String,
    /// `None` when the fork was deleted.
    pub(crate) head_repo: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) merged: bool,
    /// The commits `GET /commits/{sha}/pulls` finds it by.
    pub(crate) commits: Vec<String>,
}

impl Pull {
    pub(crate) fn open(number: u64, branch: &str, sha: &str) -> Self {
        Self {
            number,
            head_sha: sha.into(),
            head_branch: branch.into(),
            head_repo: Some("acme/shop".into()),
            state: "open",
            merged: false,
            commits: vec![sha.into()],
        }
    }
}

/// Something that goes wrong with requests whose method and path match.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) method: Method,
    /// A part of the path.
    pub(crate) path: &'static str,
    /// How many requests it meets.
    pub(crate) times: usize,
    /// Whether the request takes effect before the answer goes wrong.
    pub(crate) takes_effect: bool,
    pub(crate) status: u16,
    /// A text is sent as a web page.
    pub(crate) body: Value,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Fault {
    /// One request that is refused.
    pub(crate) fn refuse(method: Method, path: &'static str, status: u16, message: &str) -> Self {
        Self {
            method,
            path,
            times: 1,
            takes_effect: false,
            status,
            body: json!({ "message": message, "documentation_url": "https://docs.github.com/rest" }),
            headers: Vec::new(),
        }
    }

    /// The same with another body; a text is sent as a web page.
    pub(crate) fn body(self, body: impl Into<Value>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) const fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    pub(crate) const fn after_effect(mut self) -> Self {
        self.takes_effect = true;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

struct World {
    prefix: &'static str,
    api_url: String,
    accounts: HashMap<String, Account>,
    /// The app: id, installation, slug, public key (DER), token it is given.
    app: Option<(String, u64, String, Vec<u8>)>,
    pulls: Vec<Pull>,
    /// Commits of the repository, the oldest first, for comparison.
    history: Vec<String>,
    comments: Vec<Comment>,
    statuses: Vec<(String, Value)>,
    faults: Vec<Fault>,
    requests: Vec<String>,
    next_id: u64,
    max_body: usize,
    barriers: HashMap<u64, Arc<Barrier>>,
    /// The longest a request waits before and again after it takes effect.
    latency: Duration,
}

impl GitHub {
    /// A server like github.com's.
    pub(crate) async fn start() -> Self {
        Self::start_at("").await
    }

    /// A server whose REST API is below a path, as `/api/v3` is on GitHub Enterprise Server.
    pub(crate) async fn start_at(prefix: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api_url = format!("http://{}{prefix}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World {
            prefix,
            api_url: api_url.clone(),
            accounts: HashMap::new(),
            app: None,
            pulls: Vec::new(),
            history: Vec::new(),
            comments: Vec::new(),
            statuses: Vec::new(),
            faults: Vec::new(),
            requests: Vec::new(),
            next_id: 1_000,
            max_body: MAX_BODY,
            barriers: HashMap::new(),
            latency: Duration::ZERO,
        }));
        let routes = Router::new().fallback(answers::answer).with_state(Arc::clone(&world));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let client = loadforge_ci::http::builder().no_proxy().build().unwrap();
        Self { api_url, client, world, server }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Lets a token in.
    pub(crate) fn accept(&self, token: &str, account: Account) {
        self.world().accounts.insert(token.into(), account);
    }

    /// Registers a GitHub App whose installation token is `token`.
    pub(crate) fn register_app(&self, id: &str, installation: u64, slug: &str, public_key: &[u8], token: &str) {
        let account = Account { id: 77, login: format!("{slug}[bot]"), knows_itself: false, is_viewer: false };
        self.accept(token, account);
        self.world().app = Some((id.into(), installation, slug.into(), public_key.into()));
    }

    pub(crate) fn open_pull(&self, pull: Pull) {
        self.world().pulls.push(pull);
    }

    /// Moves a pull request to another commit.
    pub(crate) fn push(&self, number: u64, sha: &str) {
        let mut world = self.world();
        world.history.push(sha.into());
        let pull = world.pulls.iter_mut().find(|pull| pull.number == number).unwrap();
        pull.head_sha = sha.into();
        pull.commits.push(sha.into());
    }

    /// Puts a comment there as somebody else would.
    pub(crate) fn plant(&self, pull: u64, author: Option<Account>, body: &str) -> u64 {
        self.world().add_comment(pull, author, body.into())
    }

    /// Removes a comment as a person would.
    pub(crate) fn remove(&self, id: u64) {
        self.world().comments.retain(|comment| comment.id != id);
    }

    /// Changes a comment's text as a person would.
    pub(crate) fn edit(&self, id: u64, change: impl Fn(&str) -> String) {
        let mut world = self.world();
        let comment = world.comments.iter_mut().find(|comment| comment.id == id).unwrap();
        comment.body = change(&comment.body);
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.world().faults.push(fault);
    }

    /// Makes the first `jobs` readers of a pull request's comments wait for each other, so that they all read the same.
    pub(crate) fn rendezvous(&self, pull: u64, jobs: usize) {
        self.world().barriers.insert(pull, Arc::new(Barrier::new(jobs)));
    }

    /// Makes requests wait up to this long before and after they take effect, so that their order varies.
    pub(crate) fn delay(&self, latency: Duration) {
        self.world().latency = latency;
    }

    /// Takes no longer comments than this, in characters.
    pub(crate) fn limit_body(&self, characters: usize) {
        self.world().max_body = characters;
    }

    pub(crate) fn comments(&self, pull: u64) -> Vec<Comment> {
        self.world().comments.iter().filter(|comment| comment.pull == pull).cloned().collect()
    }

    /// The statuses set, each as commit and body.
    pub(crate) fn statuses(&self) -> Vec<(String, Value)> {
        self.world().statuses.clone()
    }

    /// Every request so far as `METHOD path?query`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.world().requests.clone()
    }

    /// How many requests of this method have a path ending so.
    pub(crate) fn count(&self, method: &str, end: &str) -> usize {
        let asked = |line: &&String| {
            line.split_once(' ')
                .is_some_and(|(verb, path)| verb == method && path.split('?').next().unwrap().ends_with(end))
        };
        self.world().requests.iter().filter(asked).count()
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        self.server.abort();
    }
}
