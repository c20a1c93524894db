//! Whether a repository is on the GitHub that we talk to. Nothing is ever sent about one that is not.

use url::Url;

use super::api::DEFAULT_API_URL;
use crate::circleci::Repository;

/// Why comments and statuses cannot go to this repository, as a sentence; `None` when they can.
///
/// `api_url` is the address given with `--github-api-url`.
#[must_use]
pub fn not_on_github(repository: &Repository, api_url: Option<&str>) -> Option<String> {
    let api = Url::parse(api_url.unwrap_or(DEFAULT_API_URL)).ok();
    elsewhere(repository, api.as_ref().and_then(Url::host_str).unwrap_or_default())
}

/// The same for the host of the API. A server of one's own may go by several names, so there only another service is
/// refused.
pub(super) fn elsewhere(repository: &Repository, api_host: &str) -> Option<String> {
    let host = repository.host().unwrap_or("a host of its own");
    if let Some(service) = repository.other_service() {
        return Some(format!(
            "{repository} is on {host} ({service}). Comments and commit statuses are posted on GitHub only, so nothing \
             is sent."
        ));
    }
    let known = matches!(repository.host(), None | Some("github.com"));
    (api_host == "api.github.com" && !known).then(|| {
        // GitHub Enterprise Cloud with data residency has its API on a host of its own.
        let api = if host.ends_with(".ghe.com") { format!("api.{host}") } else { format!("{host}/api/v3") };
        format!("{repository} is on {host}, not on github.com: set --github-api-url https://{api}.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_elsewhere_is_said_to_be() {
        let message = |remote: &str, api: Option<&str>| not_on_github(&Repository::of_remote(remote).unwrap(), api);
        let server = Some("https://ghe.acme.example/api/v3");
        assert_eq!(message("git@github.com:acme/shop.git", None), None);
        assert_eq!(message("git@ghe.acme.example:acme/shop.git", server), None);
        assert_eq!(message("work:acme/shop.git", None), None);
        insta::assert_snapshot!(
            [
                message("git@bitbucket.org:acme/shop.git", None),
                message("git@gitlab.com:acme/web/shop.git", server),
                message("git@ghe.acme.example:acme/shop.git", None),
                message("git@acme.ghe.com:acme/shop.git", None),
            ]
            .map(Option::unwrap)
            .join("\n"),
            @r"
        acme/shop is on bitbucket.org (Bitbucket). Comments and commit statuses are posted on GitHub only, so nothing is sent.
        acme/web/shop is on gitlab.com (GitLab). Comments and commit statuses are posted on GitHub only, so nothing is sent.
        acme/shop is on ghe.acme.example, not on github.com: set --github-api-url https://ghe.acme.example/api/v3.
        acme/shop is on acme.ghe.com, not on github.com: set --github-api-url https://api.acme.ghe.com.
        "
        );
    }
}
