//! A test that the service is to keep as the repository says, and how what is there differs from it.

use std::collections::BTreeMap;

use super::ephemeral::{DEFAULT_REGION, servers};
use super::plan::{PlanError, RunPlan};
use super::stages::with_stages;
use super::wire::{FileRow, HostRow, HostSpec, TestRow, TestSpec};
use crate::project::DataFile;
use crate::results::TestSource;

/// The beginning of the line that ends the script of every test kept by `sync`. It names the repository.
const MARK: &str = "# kept by loadforge-ci sync of ";

/// The targets of a saved test. What is `None` stays as it is on the service.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SavedTargets {
    /// Apdex threshold, ms.
    pub apdex_ms: Option<f64>,
    /// p95, ms.
    pub p95_ms: Option<f64>,
    /// Failed requests, %.
    pub error_percent: Option<f64>,
}

/// A test as the repository has it.
#[derive(Debug, Clone)]
pub struct KeptTest {
    /// Its name on the service.
    pub name: String,
    /// The script's path, for people.
    pub path: String,
    /// The whole script as the service gets it.
    pub script: String,
    /// Whether the service gets the script as it is in the repository, but for the mark.
    pub is_plain: bool,
    /// Its data files.
    pub(super) data: Vec<DataFile>,
    /// The target host.
    pub(super) host: HostSpec,
    users: u32,
    rate: Option<f64>,
    servers: u32,
    regions: BTreeMap<String, u32>,
    targets: SavedTargets,
}

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDifference {
    /// Its name in `loadforge.yml`.
    pub setting: &'static str,
    /// Its value in the repository.
    pub here: String,
    /// Its value on the service.
    pub there: String,
}

impl KeptTest {
    /// The test of a plan, kept under a name by a repository.
    ///
    /// # Errors
    /// When the plan runs no script, or something of it does not reach LoadForge.
    pub fn of(plan: &RunPlan, name: &str, repository: &str, targets: SavedTargets) -> Result<Self, PlanError> {
        plan.check()?;
        let TestSource::Script(script) = &plan.test else {
            return Err(PlanError::Missing { flag: "--locustfile" });
        };
        let host = plan.host()?.ok_or(PlanError::Missing { flag: "--target-host" })?;
        let shaped = with_stages(&script.text, &plan.stages, plan.spawn_rate_or_default());
        let whole = script.bundle.applied_after(&DataFile::line(&script.data, name), &shaped);
        Ok(Self {
            name: name.to_owned(),
            path: script.path.clone(),
            is_plain: whole == script.text,
            script: marked(&whole, repository),
            data: script.data.clone(),
            host,
            users: plan.users.unwrap_or(1),
            rate: Some(plan.spawn_rate_or_default()),
            servers: servers(plan),
            regions: plan.regions.clone(),
            targets,
        })
    }

    /// The names of its data files on the service.
    pub(super) fn file_names(&self) -> Vec<String> {
        self.data.iter().map(|file| file.sent_name(&self.name)).collect()
    }

    /// Whether the script there is the one here; the mark, and white space at line ends and at the end, count for nothing.
    #[must_use]
    pub fn has_script(&self, row: &TestRow) -> bool {
        let lines = |text: &str| {
            without_mark(text).trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
        };
        row.locustfile.as_deref().is_some_and(|there| lines(there) == lines(&self.script))
    }

    /// The settings that differ; the script is not among them. What the repository does not say is as it is there.
    pub(super) fn differences(&self, row: &TestRow, hosts: &[HostRow], files: &[FileRow]) -> Vec<SettingDifference> {
        let mut found = Vec::new();
        let mut compare = |setting, here: Option<String>, there: Option<String>| {
            if let Some(here) = here
                && there.as_ref() != Some(&here)
            {
                found.push(SettingDifference { setting, here, there: there.unwrap_or_else(|| "none".to_owned()) });
            }
        };
        let host = hosts.iter().find(|host| Some(host.id) == row.host_id).map(|host| host.spec.to_string());
        compare("users", Some(self.users.to_string()), row.users.map(|users| users.to_string()));
        compare("spawn_rate", self.rate.map(|rate| rate.to_string()), row.rate.map(|rate| rate.to_string()));
        compare("target_host", Some(self.host.to_string()), host);
        if !self.regions.is_empty() {
            let mut there = row.region_servers.clone();
            if there.is_empty() {
                there.extend(row.region.clone().map(|region| (region, row.servers.unwrap_or(1))));
            }
            // A service without the extended fields has one region.
            let mut here = self.regions.clone();
            if !row.lists_extended {
                here = self.region().map(|region| (region, self.servers)).into_iter().collect();
            }
            compare("regions", Some(listed(&here)), Some(listed(&there)));
        }
        if row.lists_extended {
            let text = |value: Option<f64>| value.map(|value| value.to_string());
            compare("targets.apdex (ms)", text(self.targets.apdex_ms), text(row.apdex_target));
            compare("targets.p95 (ms)", text(self.targets.p95_ms), text(row.p95_target));
            compare("targets.error_percent", text(self.targets.error_percent), text(row.error_perc_target));
        }
        for name in self.file_names() {
            let there = files.iter().any(|file| file.name == name).then(|| name.clone());
            compare("data file", Some(name), there);
        }
        found
    }

    /// What the service gets, over what it has.
    pub(super) fn spec(&self, host_id: u64, row: Option<&TestRow>) -> TestSpec {
        let there = row.filter(|_| self.regions.is_empty());
        TestSpec {
            name: self.name.clone(),
            users: self.users,
            rate: self.rate.or(row.and_then(|row| row.rate)).unwrap_or(1.0),
            servers: there.and_then(|row| row.servers).unwrap_or(self.servers).max(self.servers),
            host_id: Some(host_id),
            region: self
                .region()
                .or_else(|| there.and_then(|row| row.region.clone()))
                .unwrap_or_else(|| DEFAULT_REGION.to_owned()),
            locustfile: self.script.clone(),
            region_servers: self.regions.clone(),
            apdex_target: self.targets.apdex_ms,
            p95_target: self.targets.p95_ms,
            error_perc_target: self.targets.error_percent,
            local: None,
        }
    }

    fn region(&self) -> Option<String> {
        self.regions.keys().next().cloned()
    }
}

fn listed(regions: &BTreeMap<String, u32>) -> String {
    regions.iter().map(|(region, servers)| format!("{region}={servers}")).collect::<Vec<_>>().join(" ")
}

/// The script with the mark of its repository.
fn marked(script: &str, repository: &str) -> String {
    let line_end = if script.is_empty() || script.ends_with('\n') { "" } else { "\n" };
    format!("{script}{line_end}{MARK}{repository}\n")
}

/// The repository that keeps a test, as the mark in its script says.
pub(super) fn keeper(script: &str) -> Option<&str> {
    script.trim_end().rsplit('\n').next()?.trim_end().strip_prefix(MARK)
}

/// A script of the service without the mark.
#[must_use]
pub fn without_mark(script: &str) -> &str {
    match keeper(script) {
        Some(_) => script.rfind(MARK).map_or(script, |start| &script[..start]),
        None => script,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_names_the_repository_and_comes_off_again() {
        for script in ["import locust\n", "x = 1"] {
            let with = marked(script, "github.com/acme/shop");
            assert_eq!(keeper(&with), Some("github.com/acme/shop"));
            assert_eq!(keeper(&with.replace('\n', "\r\n")), Some("github.com/acme/shop"));
            assert_eq!(without_mark(&with).trim_end(), script.trim_end());
        }
        assert_eq!((keeper("import locust\n"), without_mark("x = 1\n")), (None, "x = 1\n"));
    }
}
