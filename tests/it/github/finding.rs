//! Which pull request a build belongs to.

use loadforge_ci::circleci::CircleCi;
use loadforge_ci::error::CommandError;
use loadforge_ci::github::{Found, find};

use super::{TOKEN, bot, connect, sha};
use crate::support::github::{GitHub, Pull};

/// The environment of a build of `acme/shop`.
fn build(commit: u64, branch: &str, more: &[(&str, &str)]) -> CircleCi {
    let commit = sha(commit);
    let base = [
        ("CIRCLECI", "true"),
        ("CIRCLE_SHA1", commit.as_str()),
        ("CIRCLE_BRANCH", branch),
        ("CIRCLE_PROJECT_USERNAME", "acme"),
        ("CIRCLE_PROJECT_REPONAME", "shop"),
    ];
    let all: Vec<(&str, &str)> = base.iter().chain(more).copied().collect();
    CircleCi::from_env(|name| all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

async fn server(pulls: Vec<Pull>) -> GitHub {
    let server = GitHub::start().await;
    server.accept(TOKEN, bot());
    pulls.into_iter().for_each(|pull| server.open_pull(pull));
    server
}

async fn search(server: &GitHub, ci: &CircleCi) -> Found {
    let found = find(&connect(server).await, ci).await;
    assert!(found.failure.is_none(), "{:?}", found.failure);
    found
}

fn number(found: &Found) -> Option<u64> {
    found.pull_request.as_ref().map(|pull| pull.number)
}

#[tokio::test]
async fn by_the_environment() {
    let server = server(vec![Pull::open(7, "login", &sha(1))]).await;
    let found =
        search(&server, &build(1, "login", &[("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/7")])).await;
    assert_eq!((number(&found), found.notes.len()), (Some(7), 0));
    assert_eq!(found.pull_request.unwrap().head_sha, sha(1));
    assert_eq!(server.requests(), ["GET /repos/acme/shop/pulls/7"]);
}

#[tokio::test]
async fn by_the_commit_over_all_pages() {
    let mut pulls: Vec<Pull> =
        (1..=130).map(|at| Pull { state: "closed", ..Pull::open(at, "login", &sha(1)) }).collect();
    pulls.push(Pull::open(131, "login", &sha(1)));
    let server = server(pulls).await;
    assert_eq!(number(&search(&server, &build(1, "login", &[])).await), Some(131));
}

#[tokio::test]
async fn several_none_and_an_unknown_commit_are_said() {
    let server = server(vec![Pull::open(7, "login", &sha(1)), Pull::open(9, "login", &sha(1))]).await;
    let found = search(&server, &build(1, "login", &[])).await;
    assert_eq!(number(&found), Some(9));
    assert_eq!(found.notes, ["Several open pull requests belong to this build; #9 is the newest (others: #7)."]);

    let found = search(&server, &build(5, "login", &[])).await;
    assert_eq!(number(&found), None);
    assert_eq!(
        found.notes,
        [
            "GitHub does not know commit 0000000 in acme/shop.",
            "No open pull request belongs to this build, so no comment is posted."
        ]
    );
    let found = search(&server, &CircleCi::default()).await;
    assert_eq!(number(&found), None);
    assert!(found.notes[0].starts_with("The environment names neither"), "{:?}", found.notes);
}

#[tokio::test]
async fn the_build_of_a_merge_into_main_comments_nowhere() {
    let merged =
        Pull { state: "closed", merged: true, commits: vec![sha(1), sha(2)], ..Pull::open(7, "login", &sha(1)) };
    // This one has main's newest commit in its branch, but is not what was built.
    let unrelated = Pull { commits: vec![sha(2), sha(3)], ..Pull::open(8, "search", &sha(3)) };
    let server = server(vec![merged, unrelated]).await;
    for more in [&[][..], &[("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/7")]] {
        let found = search(&server, &build(2, "main", more)).await;
        assert_eq!(number(&found), None);
        insta::allow_duplicates! {
            insta::assert_snapshot!(found.notes.join("\n"), @r#"
            https://github.com/acme/shop/pull/7 is merged already.
            https://github.com/acme/shop/pull/8 is of branch "search", this build is of "main".
            No open pull request belongs to this build, so no comment is posted.
            "#);
        }
    }
}

#[tokio::test]
async fn a_pull_request_from_a_fork_gets_its_comment_in_the_base_repository() {
    let fork = Pull { head_repo: Some("alice/shop".into()), ..Pull::open(7, "patch-1", &sha(1)) };
    let server = server(vec![fork]).await;
    let ci = build(
        1,
        "pull/7",
        &[("CIRCLE_PR_NUMBER", "7"), ("CIRCLE_PR_USERNAME", "alice"), ("CIRCLE_PR_REPONAME", "shop")],
    );
    assert!(ci.fork);
    let found = search(&server, &ci).await;
    let pull_request = found.pull_request.unwrap();
    assert!(pull_request.fork);
    assert_eq!(pull_request.repository.to_string(), "acme/shop");
    assert_eq!(found.notes, ["#7 comes from alice/shop; the comment goes to acme/shop."]);
}

#[tokio::test]
async fn one_the_token_cannot_see_is_an_error_with_the_permission() {
    let server = server(Vec::new()).await;
    let ci = build(1, "login", &[("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/7")]);
    let failure = CommandError::from(find(&connect(&server).await, &ci).await.failure.unwrap());
    insta::assert_snapshot!(failure, @r#"
    GitHub did not let us read the pull request: 404 Not Found
    hint: the token of GITHUB_TOKEN cannot see this repository or pull request; give it access with "Pull requests: read" (a classic token: `repo`), name the right one with --repository and --pull-request, and for GitHub Enterprise Server set --github-api-url
    "#);
}
