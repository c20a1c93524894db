//! CircleCI's variables. They are those of CircleCI's reference page "Project values and variables".

use url::Url;

use super::evidence::{self, RepositorySource};
use super::repository::{PullRequestLink, Repository};
use crate::text::is_commit;

/// Where CircleCI serves an artifact of a job by the job's id, also before it is uploaded. CircleCI Server serves it at
/// the same path of its own host.
const ARTIFACT_BASE: &str = "https://output.circle-artifacts.com/output/job";

/// The environment variables of a job. Empty, blank and `<nil>` values count as unset: CircleCI writes `<nil>` where
/// an empty pipeline value is passed to a job's `environment:`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CircleCi {
    /// Whether this is a CircleCI job at all (`CIRCLECI`).
    pub present: bool,
    /// The commit being built (`CIRCLE_SHA1`), in hexadecimal.
    pub commit: Option<String>,
    /// Its branch (`CIRCLE_BRANCH`); unset on a tag build, `pull/N` for a pull request from a fork.
    pub branch: Option<String>,
    /// Its tag (`CIRCLE_TAG`).
    pub tag: Option<String>,
    /// The repository being built.
    pub repository: Option<Repository>,
    /// What the repository was learned from.
    pub repository_source: Option<RepositorySource>,
    /// The pull requests that the environment names by their URLs, without repetition.
    pub pull_requests: Vec<PullRequestLink>,
    /// The number of a pull request that the environment names without a URL: `CIRCLE_PR_NUMBER`, or the branch of a
    /// fork's pull request or of a merge queue.
    pub pull_request_number: Option<u64>,
    /// The pull request that the user named, which goes before all others.
    pub named_pull_request: Option<u64>,
    /// Whether the build is of a pull request from a fork, so that secrets are usually missing.
    pub fork: bool,
    /// The job (`CIRCLE_WORKFLOW_JOB_ID`), a UUID.
    pub job_id: Option<String>,
    /// The job's name (`CIRCLE_JOB`).
    pub job_name: Option<String>,
    /// The job's page (`CIRCLE_BUILD_URL`).
    pub build_url: Option<String>,
    /// Which of the parallel containers this is, from 0.
    pub node_index: u32,
    /// How many containers the job has, at least 1.
    pub node_total: u32,
}

impl CircleCi {
    /// Reads what `lookup` knows of CircleCI's variables.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self::from_env_and_remote(lookup, || None)
    }

    /// The same; `remote` gives the address of the checkout's git remote, and is only called when nothing better names
    /// the repository.
    pub fn from_env_and_remote(
        lookup: impl Fn(&str) -> Option<String>,
        remote: impl FnOnce() -> Option<String>,
    ) -> Self {
        let value = |name: &str| lookup(name).and_then(meaningful);
        let branch = value("CIRCLE_BRANCH");
        let pull_requests = evidence::pull_requests(&value);
        let (repository, repository_source) = evidence::repository(&value, &pull_requests, remote).unzip();
        Self {
            present: value("CIRCLECI").is_some_and(|flag| flag.eq_ignore_ascii_case("true")),
            commit: value("CIRCLE_SHA1").filter(|sha| is_commit(sha)).map(|sha| sha.to_ascii_lowercase()),
            fork: evidence::is_fork(&value, repository.as_ref(), branch.as_deref()),
            pull_request_number: evidence::pull_request_number(&value, branch.as_deref()),
            named_pull_request: None,
            branch,
            tag: value("CIRCLE_TAG"),
            repository,
            repository_source,
            pull_requests,
            job_id: value("CIRCLE_WORKFLOW_JOB_ID"),
            job_name: value("CIRCLE_JOB"),
            build_url: value("CIRCLE_BUILD_URL").filter(|url| is_web_address(url)),
            node_index: value("CIRCLE_NODE_INDEX").and_then(|number| number.parse().ok()).unwrap_or(0),
            node_total: value("CIRCLE_NODE_TOTAL").and_then(|number| number.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The same with the values that the user named, which override the environment.
    ///
    /// A repository named without its host is on the host that the environment knows of, so that
    /// `<< pipeline.git.repo_owner >>/<< pipeline.git.repo_name >>` means the same on every code host.
    #[must_use]
    pub fn with_named(mut self, repository: Option<Repository>, pull_request: Option<u64>) -> Self {
        if let Some(named) = repository {
            let known = self.repository.as_ref().and_then(Repository::host);
            let host = named.host().or(known).map(ToOwned::to_owned);
            self.repository = Some(named.on(host.as_deref()));
            self.repository_source = Some(RepositorySource::Named);
        }
        self.named_pull_request = pull_request.or(self.named_pull_request);
        self
    }

    /// Where an artifact of this job can be read; `path` is its path below the job's artifacts, slashes between.
    /// The address is valid before the upload, which happens after our steps.
    #[must_use]
    pub fn artifact_url(&self, path: &str) -> Option<String> {
        let job = self.job_id.as_ref()?;
        let mut url = Url::parse(ARTIFACT_BASE).ok()?;
        let page = self.build_url.as_ref().and_then(|page| Url::parse(page).ok());
        let is_cloud = |host: &str| host == "circleci.com" || host.ends_with(".circleci.com");
        if let Some(server) = page.filter(|page| page.host_str().is_some_and(|host| !is_cloud(host))) {
            url = server.join(url.path()).ok()?;
        }
        url.path_segments_mut()
            .ok()?
            .push(job)
            .push("artifacts")
            .push(&self.node_index.to_string())
            .extend(path.split('/').filter(|part| !matches!(*part, "" | "." | "..")));
        Some(url.into())
    }
}

/// A value that is not empty.
pub(super) fn meaningful(value: String) -> Option<String> {
    let trimmed = value.trim();
    (!trimmed.is_empty() && trimmed != "<nil>").then(|| trimmed.to_owned())
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pairs: &[(&str, &str)]) -> CircleCi {
        CircleCi::from_env(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_branch_build_is_read_whole() {
        let ci = read(&[
            ("CIRCLECI", "true"),
            ("CIRCLE_SHA1", "0123456789ABCDEF0123456789abcdef01234567"),
            ("CIRCLE_BRANCH", "faster-login"),
            ("CIRCLE_PROJECT_USERNAME", "acme"),
            ("CIRCLE_PROJECT_REPONAME", "shop"),
            ("CIRCLE_REPOSITORY_URL", "git@github.com:acme/shop.git"),
            ("CIRCLE_PULL_REQUESTS", "https://github.com/acme/shop/pull/7, https://github.com/acme/shop/pull/9"),
            ("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/9"),
            ("CIRCLE_WORKFLOW_JOB_ID", "d1c9"),
            ("CIRCLE_JOB", "load-test"),
            ("CIRCLE_BUILD_URL", "https://circleci.com/gh/acme/shop/812"),
            ("CIRCLE_NODE_INDEX", "1"),
            ("CIRCLE_NODE_TOTAL", "2"),
        ]);
        insta::assert_debug_snapshot!(ci, @r#"
        CircleCi {
            present: true,
            commit: Some(
                "0123456789abcdef0123456789abcdef01234567",
            ),
            branch: Some(
                "faster-login",
            ),
            tag: None,
            repository: Some(
                Repository {
                    host: Some(
                        "github.com",
                    ),
                    owner: "acme",
                    name: "shop",
                },
            ),
            repository_source: Some(
                PullRequest,
            ),
            pull_requests: [
                PullRequestLink {
                    repository: Repository {
                        host: Some(
                            "github.com",
                        ),
                        owner: "acme",
                        name: "shop",
                    },
                    number: 7,
                },
                PullRequestLink {
                    repository: Repository {
                        host: Some(
                            "github.com",
                        ),
                        owner: "acme",
                        name: "shop",
                    },
                    number: 9,
                },
            ],
            pull_request_number: None,
            named_pull_request: None,
            fork: false,
            job_id: Some(
                "d1c9",
            ),
            job_name: Some(
                "load-test",
            ),
            build_url: Some(
                "https://circleci.com/gh/acme/shop/812",
            ),
            node_index: 1,
            node_total: 2,
        }
        "#);
        assert_eq!(
            ci.artifact_url("loadforge-results/report.html").unwrap(),
            "https://output.circle-artifacts.com/output/job/d1c9/artifacts/1/loadforge-results/report.html"
        );
    }

    #[test]
    fn nil_and_blank_values_and_a_machine_outside_ci_are_nothing() {
        let nothing = CircleCi { node_total: 1, ..CircleCi::default() };
        assert_eq!(read(&[]), nothing);
        assert_eq!(read(&[("CIRCLE_BRANCH", "<nil>"), ("CIRCLE_SHA1", " "), ("CIRCLE_PULL_REQUEST", "")]), nothing);
        assert_eq!(read(&[("CIRCLE_SHA1", "not a commit"), ("CIRCLE_BUILD_URL", "javascript:alert(1)")]), nothing);
        assert_eq!(nothing.artifact_url("report.html"), None);
    }

    #[test]
    fn circleci_server_has_its_artifacts_on_its_own_host() {
        for (page, base) in [
            ("https://circleci.com/gh/acme/shop/12", "https://output.circle-artifacts.com"),
            ("https://app.circleci.com/pipelines/circleci/a/b/1", "https://output.circle-artifacts.com"),
            ("https://circleci.acme.example/gh/acme/shop/12?x=1", "https://circleci.acme.example"),
            ("http://ci.local:8080/gh/acme/shop/12", "http://ci.local:8080"),
        ] {
            let ci = read(&[("CIRCLE_WORKFLOW_JOB_ID", "d1c9"), ("CIRCLE_BUILD_URL", page)]);
            assert_eq!(
                ci.artifact_url("r/report.html").unwrap(),
                format!("{base}/output/job/d1c9/artifacts/0/r/report.html")
            );
        }
    }

    #[test]
    fn an_artifact_path_cannot_leave_its_job() {
        let ci = read(&[("CIRCLE_WORKFLOW_JOB_ID", "../../evil?x=1")]);
        assert_eq!(
            ci.artifact_url("/a b/../c#d").unwrap(),
            "https://output.circle-artifacts.com/output/job/..%2F..%2Fevil%3Fx=1/artifacts/0/a%20b/c%23d"
        );
    }

    proptest! {
        #[test]
        fn no_value_breaks_the_reading(text in ".*", other in ".*") {
            let ci = CircleCi::from_env(|name| Some(if name.len() % 2 == 0 { text.clone() } else { other.clone() }));
            let _ = ci.artifact_url(&text);
            let _ = (PullRequestLink::parse(&text), Repository::of_remote(&other));
        }
    }
}
