//! Where a run comes from and how old it is: from its record, or from the name of the test that was created for it
//! where no record is left.

use jiff::Timestamp;

use super::plan::sha256;
use crate::results::Build;
use crate::text::short_commit;

/// The words that the name of every test made for one run has in its middle.
const MARK: &str = "-ci-";

/// The length of the hash of repository, project, branch, job and profile.
const SCOPE: usize = 8;

/// The length of the random end of a name.
const RANDOM: usize = 6;

/// A run's build as far as one line of text can carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuildOrigin {
    /// Stands for repository, project, branch, job and profile together; `None` when one of the first two or the branch
    /// is unknown.
    scope: Option<String>,
    /// The abbreviated commit.
    commit: String,
    /// When the commit was made.
    committed_at: Option<Timestamp>,
    /// The job's number in its project.
    job_number: Option<u64>,
}

impl BuildOrigin {
    pub(super) fn of(build: &Build) -> Self {
        let scope = || {
            let parts = [build.repository.as_ref()?, build.project.as_ref()?, build.branch.as_ref()?];
            let leg = [build.job_name.as_ref(), build.profile.as_ref()].map(|part| part.map_or("", String::as_str));
            let name = build.test_name.as_deref();
            let text = parts.map(String::as_str).into_iter().chain(leg).chain(name).collect::<Vec<_>>().join("\n");
            Some(sha256(&text)[..SCOPE].to_owned())
        };
        Self {
            scope: scope(),
            commit: short_commit(build.commit.as_deref().unwrap_or_default()),
            committed_at: build.committed_at,
            job_number: build.job_number,
        }
    }

    /// A name for a test: the script's, our mark, and all of this, in letters, digits and dashes.
    pub(super) fn name(&self, path: &str) -> String {
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let stem = file.strip_suffix(".py").unwrap_or(file);
        let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(30).collect();
        let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(RANDOM).collect();
        let or_none = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("none").to_owned();
        let time = self.committed_at.map_or_else(|| "none".to_owned(), |at| format!("{:x}", at.as_second()));
        let number = self.job_number.map_or_else(|| "none".to_owned(), |number| number.to_string());
        let (scope, commit) = (or_none(self.scope.as_deref()), or_none(Some(&self.commit)));
        format!("{plain}{MARK}{scope}-{commit}-{time}-{number}-{random}")
    }

    /// What the name of a test contains; `None` for a name of another form.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (_, tail) = name.rsplit_once(MARK)?;
        let parts: Vec<&str> = tail.split('-').collect();
        let [scope, commit, time, number, random] = parts[..] else { return None };
        let known = |text: &str| (text != "none").then(|| text.to_owned());
        (random.len() == RANDOM && (scope.len() == SCOPE || scope == "none")).then(|| Self {
            scope: known(scope),
            commit: known(commit).unwrap_or_default(),
            committed_at: i64::from_str_radix(time, 16).ok().and_then(|second| Timestamp::from_second(second).ok()),
            job_number: number.parse().ok(),
        })
    }

    /// Whether a build superseded this run: same repository, branch, job and profile, another commit, and strictly
    /// older. `None` when that is unknown.
    ///
    /// The age is that of the commit. Where a checkout is missing it is the order of the jobs, which is known
    /// only in the first attempt of a workflow: a rerun of an old pipeline has a new number.
    pub(super) fn is_superseded_by(&self, build: &Build) -> Option<bool> {
        let now = Self::of(build);
        let same_scope = self.scope.as_ref()? == now.scope.as_ref()?;
        if !same_scope || self.commit == now.commit {
            return Some(false);
        }
        if self.commit.is_empty() || now.commit.is_empty() {
            return None;
        }
        match (self.committed_at, now.committed_at) {
            (Some(then), Some(now)) if then != now => Some(then < now),
            _ if build.is_first_attempt() => Some(self.job_number? < now.job_number?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(commit: &str, second: Option<i64>, number: u64) -> Build {
        let text = |text: &str| Some(text.to_owned());
        Build {
            repository: text("github.com/acme/shop"),
            project: text("acme/shop"),
            branch: text("main"),
            job_name: text("load-test"),
            commit: text(commit),
            committed_at: second.map(|second| Timestamp::from_second(second).unwrap()),
            job_number: Some(number),
            workflow: text("w"),
            workspace: text("w"),
            ..Build::default()
        }
    }

    const OLD: &str = "aaaaaaaaaaaa";
    const NEW: &str = "bbbbbbbbbbbb";

    #[test]
    fn a_name_tells_what_a_record_tells() {
        for second in [Some(1_790_000_000), None] {
            let origin = BuildOrigin::of(&build(OLD, second, 7));
            let name = origin.name("perf/check_out.py");
            assert!(name.starts_with("check-out-ci-"), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
            assert_eq!(BuildOrigin::of_name(&name), Some(origin), "{name}");
        }
        assert_eq!(
            BuildOrigin::of_name(&BuildOrigin::of(&Build::default()).name("a.py")),
            Some(BuildOrigin::of(&Build::default()))
        );
        for other in ["checkout", "a-ci-b", "a-ci-b-c-d-e", "my-ci-test", "a-ci-b-c-d-e-f"] {
            assert_eq!(BuildOrigin::of_name(other), None, "{other}");
        }
    }

    #[test]
    fn only_a_strictly_older_run_of_the_same_repository_branch_job_and_profile_is_superseded() {
        let old = build(OLD, Some(100), 1);
        let new = build(NEW, Some(200), 2);
        let superseded = |run: &Build, by: &Build| BuildOrigin::of(run).is_superseded_by(by);
        assert_eq!(superseded(&old, &new), Some(true));
        assert_eq!(superseded(&new, &old), Some(false), "an old pipeline's job");
        let rerun = Build { workflow: Some("w2".into()), job_number: Some(9), ..old.clone() };
        assert_eq!(superseded(&new, &rerun), Some(false), "an old pipeline's rerun has a high number");
        assert_eq!(superseded(&old, &build(OLD, Some(100), 3)), Some(false), "the same commit");
        let change: [fn(&mut Build); 5] = [
            |build| build.repository = Some("github.com/acme/other".into()),
            |build| build.project = Some("acme/other".into()),
            |build| build.branch = Some("feature".into()),
            |build| build.job_name = Some("nightly".into()),
            |build| build.profile = Some("stress".into()),
        ];
        for change in change {
            let mut other = old.clone();
            change(&mut other);
            assert_eq!(superseded(&other, &new), Some(false), "{other:?}");
        }
        let unknown = Build { repository: None, ..old };
        assert_eq!(superseded(&unknown, &new), None);
    }

    #[test]
    fn without_a_checkout_the_order_of_first_attempts_decides() {
        let superseded = |run: &Build, by: &Build| BuildOrigin::of(run).is_superseded_by(by);
        let (old, new) = (build(OLD, None, 1), build(NEW, None, 2));
        assert_eq!((superseded(&old, &new), superseded(&new, &old)), (Some(true), Some(false)));
        let rerun = Build { workflow: Some("w2".into()), job_number: Some(9), ..old };
        assert_eq!(superseded(&new, &rerun), None, "a rerun's number says nothing");
    }
}
