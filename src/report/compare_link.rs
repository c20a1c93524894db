//! Where a code host shows what changed between the last good build and the first bad one.

use super::Story;
use crate::circleci::Repository;
use crate::text::is_commit;
use crate::verdict::Since;

impl Story<'_> {
    /// The page of the code host that compares the last good build's commit with the first bad one's. `None` where the
    /// repository's host or one of the commits is not known, or both builds are of one commit.
    pub(super) fn compare_link(&self, since: &Since) -> Option<String> {
        let build = &self.run?.identity.build;
        let repository = Repository::of_remote(&format!("https://{}", build.repository.as_deref()?))?;
        let (good, bad) = (since.last_good.commit.as_deref()?, since.first_bad.commit.as_deref()?);
        (good != bad && is_commit(good) && is_commit(bad)).then(|| link(&repository, good, bad)).flatten()
    }
}

fn link(repository: &Repository, good: &str, bad: &str) -> Option<String> {
    let page = format!("https://{}/{repository}", repository.host()?);
    Some(match repository.other_service() {
        // GitHub, also on a host of its own.
        None => format!("{page}/compare/{good}...{bad}"),
        Some("Bitbucket") => format!("{page}/branches/compare/{bad}%0D{good}"),
        Some(_) => format!("{page}/-/compare/{good}...{bad}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(repository: &str) -> Option<String> {
        let repository = Repository::of_remote(&format!("https://{repository}"))?;
        link(&repository, "9f8e7d6c", "1a2b3c4d")
    }

    #[test]
    fn each_code_host_has_its_own_page() {
        for (repository, page) in [
            ("github.com/acme/shop", "https://github.com/acme/shop/compare/9f8e7d6c...1a2b3c4d"),
            ("git.acme.example/acme/shop", "https://git.acme.example/acme/shop/compare/9f8e7d6c...1a2b3c4d"),
            ("gitlab.com/acme/web/shop", "https://gitlab.com/acme/web/shop/-/compare/9f8e7d6c...1a2b3c4d"),
            ("bitbucket.org/acme/shop", "https://bitbucket.org/acme/shop/branches/compare/1a2b3c4d%0D9f8e7d6c"),
        ] {
            assert_eq!(of(repository).as_deref(), Some(page));
        }
    }

    #[test]
    fn without_a_host_there_is_no_page_and_only_a_commit_is_one() {
        assert_eq!(of("acme/shop"), None);
        assert!(is_commit("9f8e7d6c5b4a") && !is_commit("main") && !is_commit("../../evil"));
    }
}
