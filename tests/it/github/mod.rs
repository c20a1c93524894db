//! Pull requests and comments against a GitHub on loopback.

mod access;
mod binary;
mod budget;
mod environments;
mod finding;
mod legs;
mod modes;
mod order;
mod races;
mod refusals;
mod sticky;
mod together;

use std::time::Duration;

use jiff::Timestamp;
use loadforge_ci::circleci::Repository;
use loadforge_ci::github::{
    Credentials, Github, GithubError, Mode, Only, Patience, Published, PullRequest, Section, publish,
};
use loadforge_ci::verdict::Outcome;

use crate::support::github::{Account, Comment, GitHub, Pull};

const TOKEN: &str = "ghp_s3cretOfTheBot";

/// Short waits; the settling time matters only where jobs race.
const QUICK: Patience = Patience {
    settle: Duration::from_millis(4),
    pause: Duration::from_millis(5),
    rate_limit: Duration::from_secs(5),
    secondary: Duration::from_secs(60),
    overall: Duration::from_secs(60),
    tries: 4,
};

fn bot() -> Account {
    Account::person(7, "acme-bot")
}

/// A server with the bot's token and one open pull request, number 1.
async fn server() -> GitHub {
    let server = GitHub::start().await;
    server.accept(TOKEN, bot());
    server.open_pull(Pull::open(1, "login", &sha(1)));
    server
}

/// A commit: forty hexadecimal digits.
fn sha(number: u64) -> String {
    format!("{number:040x}")
}

fn token(value: &str) -> Credentials {
    Credentials::from_env(|name| (name == "GITHUB_TOKEN").then(|| value.to_owned()), None).unwrap()
}

async fn connect(server: &GitHub) -> Github {
    connect_as(server, &token(TOKEN), QUICK).await.unwrap()
}

async fn connect_as(server: &GitHub, credentials: &Credentials, patience: Patience) -> Result<Github, GithubError> {
    Github::connect_with(server.client.clone(), credentials, Some(&server.api_url), patience).await
}

fn pull_request(number: u64, head: &str) -> PullRequest {
    PullRequest {
        repository: Repository::parse("acme/shop").unwrap(),
        number,
        url: format!("https://github.com/acme/shop/pull/{number}"),
        head_sha: head.into(),
        head_branch: "login".into(),
        fork: false,
    }
}

/// One publication, with what varies between tests.
#[derive(Clone, Copy)]
struct Job<'a> {
    key: &'a str,
    commit: &'a str,
    /// The pull request's newest commit; the job's own unless set.
    head: &'a str,
    order: u64,
    outcome: Outcome,
    text: &'a str,
    mode: Mode,
    only: Only,
    pull: u64,
}

impl<'a> Job<'a> {
    const fn new(key: &'a str, commit: &'a str, order: u64, text: &'a str) -> Self {
        let (outcome, mode, only) = (Outcome::Pass, Mode::Update, Only::Always);
        Self { key, commit, head: commit, order, outcome, text, mode, only, pull: 1 }
    }

    async fn publish(self, github: &Github) -> Result<Published, GithubError> {
        let text = self.text.to_owned();
        let render = move |_: usize| text.clone();
        let job = format!("job-{}", self.order);
        let section = Section {
            key: self.key,
            commit: Some(self.commit),
            ran_at: Some(Timestamp::from_second(1_000_000 + i64::try_from(self.order).unwrap()).unwrap()),
            at: Timestamp::from_second(2_000_000).unwrap(),
            run: Some(self.order),
            job: Some(&job),
            outcome: self.outcome,
            render: &render,
        };
        publish(github, &pull_request(self.pull, self.head), section, self.mode, self.only).await
    }
}

/// The bot's comments on pull request 1, text only.
fn ours(server: &GitHub) -> Vec<String> {
    own(server, 1).into_iter().map(|comment| comment.body).collect()
}

fn own(server: &GitHub, pull: u64) -> Vec<Comment> {
    server.comments(pull).into_iter().filter(|comment| comment.author == Some(bot())).collect()
}
