//! Every environment that a real pipeline can have: which pull request gets the comment, which repository the status,
//! and what is said.

use super::{TOKEN, bot, sha};
use crate::support::github::{GitHub, Pull};
use crate::tool::{Ended, Tool, fixture};

/// One environment of a build of commit 1, and what must come of it.
struct Environment {
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// The git remote of the checkout.
    remote: Option<&'static str>,
    arguments: &'static [&'static str],
    pulls: Vec<Pull>,
    /// The pull request that gets the comment.
    comment: Option<u64>,
    /// Whether commit 1 of acme/shop gets a status.
    status: bool,
    /// The log.
    says: &'static str,
}

const NONE: &str = "No open pull request belongs to this build, so no comment is posted.";
const OWN: [(&str, &str); 2] = [("CIRCLE_PROJECT_USERNAME", "acme"), ("CIRCLE_PROJECT_REPONAME", "shop")];
/// The names of CircleCI's GitHub App: display names that users chose.
const DISPLAY_NAMES: [(&str, &str); 2] =
    [("CIRCLE_PROJECT_USERNAME", "Acme, Inc."), ("CIRCLE_PROJECT_REPONAME", "shop (EU)")];

impl Environment {
    /// A build of branch `login`, of which pull request 7 is open.
    fn new(name: &'static str, variables: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            name,
            variables,
            remote: None,
            arguments: &[],
            pulls: vec![Pull::open(7, "login", &sha(1))],
            comment: Some(7),
            status: true,
            says: "",
        }
    }

    fn remote(self, remote: &'static str) -> Self {
        Self { remote: Some(remote), ..self }
    }

    fn arguments(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }

    fn pulls(self, pulls: Vec<Pull>) -> Self {
        Self { pulls, ..self }
    }

    /// The comment goes there, and a note is logged.
    fn comments(self, comment: Option<u64>, says: &'static str) -> Self {
        Self { comment, says, ..self }
    }

    /// Neither comment nor status.
    fn nothing(self, says: &'static str) -> Self {
        Self { comment: None, status: false, says, ..self }
    }

    fn tool(&self) -> Tool {
        let mut tool = Tool::new().env("GITHUB_TOKEN", TOKEN).env("CIRCLECI", "true").env("CIRCLE_SHA1", sha(1));
        // Where nothing must be sent, a request would end here instead of at the real GitHub.
        tool = tool.env("HTTPS_PROXY", "http://127.0.0.1:9");
        for (name, value) in self.variables {
            tool = tool.env(name, *value);
        }
        if let Some(remote) = self.remote {
            tool = tool
                .file(".git/HEAD", "ref: refs/heads/login\n")
                .file(".git/objects/x", "")
                .file(".git/refs/x", "")
                .file(".git/config", format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {remote}\n"));
        }
        tool
    }
}

fn environments() -> Vec<Environment> {
    let open = |number| Pull::open(number, "login", &sha(1));
    let fork = || vec![Pull { head_repo: Some("alice/shop".into()), ..Pull::open(7, "patch-1", &sha(1)) }];
    let merged = || vec![Pull { state: "closed", merged: true, ..Pull::open(7, "login", &sha(1)) }];
    vec![
        Environment::new(
            "OAuth",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_REPOSITORY_URL", "git@github.com:acme/shop.git"),
                ("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/7"),
                ("CIRCLE_PULL_REQUESTS", "https://github.com/acme/shop/pull/7"),
            ],
        ),
        Environment::new(
            "OAuth, before the pull request is opened",
            &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "login"), ("CIRCLE_REPOSITORY_URL", "git@github.com:acme/shop.git")],
        )
        .pulls(vec![])
        .comments(None, NONE),
        Environment::new("GitHub App", &[DISPLAY_NAMES[0], DISPLAY_NAMES[1], ("CIRCLE_BRANCH", "login")])
            .remote("git@github.com:acme/shop.git"),
        Environment::new(
            "GitHub App, the pull request is named",
            &[
                DISPLAY_NAMES[0],
                DISPLAY_NAMES[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/7"),
            ],
        ),
        Environment::new(
            "GitHub App, no checkout, names that look like a repository",
            &[("CIRCLE_PROJECT_USERNAME", "acme"), ("CIRCLE_PROJECT_REPONAME", "web"), ("CIRCLE_BRANCH", "login")],
        )
        .nothing("name the repository with --repository OWNER/NAME"),
        Environment::new(
            "GitHub App, no checkout, parameters",
            &[DISPLAY_NAMES[0], DISPLAY_NAMES[1], ("CIRCLE_BRANCH", "login")],
        )
        .arguments(&["--repository", "acme/shop", "--pull-request", "7"]),
        Environment::new(
            "GitHub App, parameters that CircleCI left empty",
            &[DISPLAY_NAMES[0], DISPLAY_NAMES[1], ("CIRCLE_BRANCH", "login")],
        )
        .arguments(&["--repository", "<nil>/<nil>", "--pull-request", "<nil>"])
        .remote("https://github.com/acme/shop"),
        Environment::new("tag", &[OWN[0], OWN[1], ("CIRCLE_TAG", "v1.2.3")])
            .pulls(merged())
            .comments(None, "https://github.com/acme/shop/pull/7 is merged already."),
        Environment::new(
            "tag on a commit that an open pull request builds upon",
            &[OWN[0], OWN[1], ("CIRCLE_TAG", "v1.2.3"), ("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/7")],
        )
        .pulls(vec![Pull { commits: vec![sha(1), sha(2)], ..Pull::open(7, "login", &sha(2)) }])
        .comments(None, "contains this commit, but its newest commit is another one."),
        Environment::new("schedule", &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "main")])
            .pulls(merged())
            .comments(None, NONE),
        Environment::new("API, of a branch with a pull request", &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "login")]),
        Environment::new(
            "merge into main, where CircleCI still names the pull request",
            &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "main"), ("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/7")],
        )
        .pulls(merged())
        .comments(None, "https://github.com/acme/shop/pull/7 is merged already."),
        Environment::new(
            "fork",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "pull/7"),
                ("CIRCLE_PR_NUMBER", "7"),
                ("CIRCLE_PR_USERNAME", "alice"),
                ("CIRCLE_PR_REPONAME", "shop"),
                ("CIRCLE_REPOSITORY_URL", "https://github.com/acme/shop"),
            ],
        )
        .pulls(fork())
        .comments(Some(7), "#7 comes from alice/shop; the comment goes to acme/shop."),
        Environment::new("fork, rebuilt", &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "pull/7")])
            .pulls(fork())
            .comments(Some(7), "#7 comes from alice/shop"),
        Environment::new("fork, rebuilt with its other name", &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "pull/7/head")])
            .pulls(fork())
            .comments(Some(7), "#7 comes from alice/shop"),
        Environment::new(
            "merge queue",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "gh-readonly-queue/main/pr-7-0123456789abcdef0123456789abcdef01234567"),
            ],
        )
        .pulls(vec![Pull::open(7, "login", &sha(2))]),
        Environment::new(
            "several pull requests of one head",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_PULL_REQUESTS", "https://github.com/acme/shop/pull/7,https://github.com/acme/shop/pull/9"),
            ],
        )
        .pulls(vec![open(7), open(9)])
        .comments(Some(9), "Several open pull requests belong to this build; #9 is the newest (others: #7)."),
        Environment::new(
            "one that cannot be read beside one that can",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_PULL_REQUESTS", "https://github.com/acme/gone/pull/3,https://github.com/acme/shop/pull/7"),
            ],
        )
        .comments(Some(7), "Pull request acme/gone#3 cannot be read: GitHub did not let us read the pull request: 404"),
        Environment::new(
            "renamed repository",
            &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "login"), ("CIRCLE_REPOSITORY_URL", "git@github.com:acme/old-shop.git")],
        ),
        Environment::new(
            "renamed repository, pull request under the old name",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_PULL_REQUEST", "https://github.com/acme/old-shop/pull/7"),
            ],
        ),
        Environment::new(
            "renamed repository without a pull request",
            &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "login"), ("CIRCLE_REPOSITORY_URL", "git@github.com:acme/old-shop.git")],
        )
        .pulls(vec![])
        .comments(None, NONE),
        Environment::new(
            "Server with GitHub Enterprise Server",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_BUILD_URL", "https://circleci.acme.example/gh/acme/shop/12"),
                ("CIRCLE_REPOSITORY_URL", "git@ghe.acme.example:acme/shop.git"),
                ("CIRCLE_PULL_REQUEST", "https://ghe.acme.example/acme/shop/pull/7"),
            ],
        ),
        Environment::new(
            "Server with GitHub Enterprise Server, whose API is not named",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_REPOSITORY_URL", "git@ghe.acme.example:acme/shop.git"),
            ],
        )
        .arguments(&["--github-api-url", "https://api.github.com"])
        .nothing("acme/shop is on ghe.acme.example, not on github.com: set --github-api-url https://ghe.acme.example/api/v3."),
        Environment::new(
            "Bitbucket",
            &[
                OWN[0],
                OWN[1],
                ("CIRCLE_BRANCH", "login"),
                ("CIRCLE_REPOSITORY_URL", "git@bitbucket.org:acme/shop.git"),
                ("CIRCLE_PULL_REQUEST", "https://bitbucket.org/acme/shop/pull-requests/7"),
            ],
        )
        .nothing("acme/shop is on bitbucket.org (Bitbucket)."),
        Environment::new("Bitbucket, no checkout", &[
            OWN[0],
            OWN[1],
            ("CIRCLE_BRANCH", "login"),
            ("CIRCLE_BUILD_URL", "https://circleci.com/bb/acme/shop/12"),
        ])
        .nothing("acme/shop is on bitbucket.org (Bitbucket)."),
        Environment::new("GitLab", &[OWN[0], OWN[1], ("CIRCLE_BRANCH", "login")])
            .remote("git@gitlab.com:acme/shop.git")
            .nothing("acme/shop is on gitlab.com (GitLab)."),
        Environment::new("GitLab, named with the same parameters as the GitHub App", &[
            OWN[0],
            OWN[1],
            ("CIRCLE_BRANCH", "login"),
        ])
        .arguments(&["--repository", "acme/shop"])
        .remote("git@gitlab.com:acme/shop.git")
        .nothing("acme/shop is on gitlab.com (GitLab)."),
        Environment::new("no repository and no pull request", &[("CIRCLE_BRANCH", "login")])
            .nothing("The environment names neither a pull request nor a repository and commit to find one by."),
    ]
}

/// Judges recorded results in this environment with a comment and a status.
async fn judge(environment: &Environment, server: &GitHub) -> Ended {
    let stats = fixture("locust/healthy/s1_basic/run_stats.csv");
    let mut arguments = vec!["gate", "--from", stats.to_str().unwrap(), "--gate", "p95 < 60s", "--comment", "--status"];
    if !environment.arguments.contains(&"--github-api-url") {
        arguments.extend(["--github-api-url", &server.api_url]);
    }
    arguments.extend(environment.arguments);
    let tool = environment.tool();
    let child = tool.start(&arguments);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    Ended::of(output)
}

#[tokio::test]
async fn each_environment_leads_to_its_own_pull_request_and_repository_or_to_none() {
    let mut jobs = tokio::task::JoinSet::new();
    for environment in environments() {
        jobs.spawn(async move {
            let server = GitHub::start().await;
            server.accept(TOKEN, bot());
            environment.pulls.iter().for_each(|pull| server.open_pull(pull.clone()));
            let stderr = judge(&environment, &server).await.expect(0).stderr;
            let Environment { name, comment, status, says, .. } = environment;
            let commented: Vec<u64> = [3, 7, 9].into_iter().filter(|pull| !server.comments(*pull).is_empty()).collect();
            let statuses: Vec<String> = server.statuses().into_iter().map(|(sha, _)| sha).collect();
            let requests = server.requests().join("\n");
            assert_eq!(commented, comment.into_iter().collect::<Vec<_>>(), "{name}\n{stderr}\n{requests}");
            assert_eq!(statuses, if status { vec![sha(1)] } else { vec![] }, "{name}\n{stderr}\n{requests}");
            assert!(stderr.contains(says), "{name}: {says:?} is not said\n{stderr}");
            assert!(!stderr.contains(TOKEN), "{name}");
            // Nothing is asked of GitHub about a repository elsewhere.
            assert!(!says.contains(" is on ") || requests.is_empty(), "{name}\n{requests}");
        });
    }
    while let Some(done) = jobs.join_next().await {
        done.unwrap();
    }
}
