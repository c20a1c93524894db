//! What to run, as asked for, checked before anything is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::prelude::is_allowed;
use super::wire::HostSpec;
use crate::config::check_host;
use crate::error::Explain;
use crate::exit::Exit;
use crate::project::{Bundle, DataFile, sha256_of};
use crate::results::{
    Build, Engine, Fingerprint, LocalLoad, LocalProject, ProjectOptions, Recipe, Stage, StartApi, TestSource,
};

/// A Locust script kept in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptFile {
    /// Its path, for people and for the fingerprint; of several scripts, all of them.
    pub path: String,
    /// Its text; of several scripts, that of the first.
    pub text: String,
    /// What was asked for of its project.
    pub options: ProjectOptions,
    /// Its project, for our own server.
    pub local: Option<LocalProject>,
    /// What is added to its text so that no other file of the project is needed.
    pub bundle: Bundle,
    /// The data files that go with the bundle.
    pub data: Vec<DataFile>,
    /// SHA-256 of its code and of all code that belongs to it, hex.
    pub sha256: String,
}

impl ScriptFile {
    /// A script without a project.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            path: path.into(),
            sha256: sha256(&text),
            text,
            options: ProjectOptions::default(),
            local: None,
            bundle: Bundle::default(),
            data: Vec::new(),
        }
    }
}

/// A run as asked for.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// Which test.
    pub test: TestSource<ScriptFile>,
    /// Peak number of users. A saved test has its own.
    pub users: Option<u32>,
    /// Users to start per second. A saved test has its own.
    pub spawn_rate: Option<f64>,
    /// The stages of the run, in place of `users` and `duration`, which are their peak and their sum.
    pub stages: Vec<Stage>,
    /// How long load is sent. LoadForge takes whole minutes, 2 to 720; the local engine any time.
    pub duration: Duration,
    /// Load generators per region. A saved test has its own.
    pub regions: BTreeMap<String, u32>,
    /// The target host. A saved test has its own host.
    pub target_host: Option<Url>,
    /// Environment variables for the script.
    pub env: Vec<(String, SecretString)>,
    /// Time allowed for everything, from now until the results are collected.
    pub timeout: Duration,
    /// Which start call is sent.
    pub start_api: StartApi,
    /// Whether to return as soon as the run is started.
    pub detach: bool,
    /// Where the load comes from.
    pub engine: Engine,
    /// For the local engine.
    pub local: LocalLoad,
    /// The build that asks.
    pub build: Build,
}

/// The plan cannot be carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// LoadForge does not take this length.
    #[error("LoadForge runs tests for whole minutes from 2 to 720, not for {seconds} s")]
    Duration {
        /// What was asked for, s.
        seconds: f64,
    },
    /// A run without length.
    #[error("the run has no length")]
    NoDuration,
    /// Something needed to make a test of a script is missing.
    #[error("a test made of a script needs {flag}")]
    Missing {
        /// The flag.
        flag: &'static str,
    },
    /// Something makes no sense.
    #[error("{flag} {problem}")]
    Wrong {
        /// The flag.
        flag: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The saved test has another value, and a start call cannot change it.
    #[error("{flag} asks for {asked}, but the saved test has {saved}")]
    FixedByTest {
        /// The flag.
        flag: &'static str,
        /// What was asked for.
        asked: String,
        /// What the saved test has.
        saved: String,
    },
    /// API v2 carries no environment variables for a saved test.
    #[error("--env cannot reach the script of a saved test: LoadForge's API v2 carries no environment variables")]
    EnvForSaved,
}

impl Explain for PlanError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Duration { .. } => {
                Some("set --duration to `2m` or more, or use --engine local, which takes any time".to_owned())
            }
            Self::NoDuration => Some("set --duration, for example `5m`".to_owned()),
            Self::FixedByTest { .. } => {
                Some("change the saved test, leave the flag out, or run the script itself with --locustfile".to_owned())
            }
            Self::EnvForSaved => {
                Some("run the script itself with --locustfile, or use --start-api v1, which carries them".to_owned())
            }
            Self::Missing { flag } => {
                let name = flag.trim_start_matches('-').replace('-', "_");
                Some(format!("set {flag}, the variable LOADFORGE_CI_{}, or the key test.{name}", name.to_uppercase()))
            }
            Self::Wrong { .. } => None,
        }
    }
}

/// The shortest run LoadForge takes.
const SHORTEST: Duration = Duration::from_secs(2 * 60);

/// The longest run LoadForge takes, and our own server as well.
const LONGEST: Duration = Duration::from_secs(720 * 60);

/// Users to start per second when nothing is asked: 5 % of all, at least one, as LoadForge advises 2 to 5 %.
fn default_spawn_rate(users: u32) -> f64 {
    (f64::from(users) * 0.05).floor().max(1.0)
}

impl RunPlan {
    /// Checks what can be checked before anything is sent.
    ///
    /// # Errors
    /// When it cannot be carried out; the error names the flag.
    pub fn check(&self) -> Result<(), PlanError> {
        self.minutes()?;
        let wrong = |flag, problem: &str| Err(PlanError::Wrong { flag, problem: problem.to_owned() });
        if let Some((name, _)) = self.env.iter().find(|(name, value)| !is_allowed(name, value)) {
            // The name only: the value is a secret.
            return wrong("--env", &format!("`{name}` cannot be an environment variable"));
        }
        if self.users == Some(0) {
            return wrong("--users", "must be at least 1");
        }
        if self.spawn_rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
            return wrong("--spawn-rate", "must be above 0");
        }
        match &self.test {
            TestSource::Script(script) => self.check_script(script),
            TestSource::Id(_) | TestSource::Name(_) if !self.stages.is_empty() => {
                wrong("test.stages", "cannot reach a saved test, which has users and a script of its own")
            }
            TestSource::Id(_) | TestSource::Name(_) if !self.env.is_empty() && self.start_api == StartApi::V2 => {
                Err(PlanError::EnvForSaved)
            }
            TestSource::Id(_) | TestSource::Name(_) => Ok(()),
        }
    }

    fn check_script(&self, script: &ScriptFile) -> Result<(), PlanError> {
        if self.users.is_none() {
            return Err(PlanError::Missing { flag: "--users" });
        }
        self.host()?;
        if self.engine == Engine::Loadforge && self.spawn_rate.is_some_and(|rate| rate.fract() != 0.0) {
            let problem = "must be a whole number for LoadForge".to_owned();
            return Err(PlanError::Wrong { flag: "--spawn-rate", problem });
        }
        let ours_alone = [
            ("--tag", !script.options.locust.tags.is_empty()),
            ("--exclude-tag", !script.options.locust.exclude_tags.is_empty()),
            ("--user-class", !script.options.locust.user_classes.is_empty()),
            ("--locust-arg", !script.options.locust.arguments.is_empty()),
        ];
        if let Some((flag, _)) = ours_alone.into_iter().find(|(_, given)| *given && self.engine == Engine::Loadforge) {
            let problem =
                "cannot reach LoadForge, which takes a script and no options of Locust; it works with --engine \
                           local"
                    .to_owned();
            return Err(PlanError::Wrong { flag, problem });
        }
        if self.regions.values().any(|servers| *servers == 0) {
            return Err(PlanError::Wrong { flag: "--region", problem: "must ask for at least one server".to_owned() });
        }
        Ok(())
    }

    /// How to run the same again; the variables' values are left out.
    #[must_use]
    pub fn recipe(&self) -> Recipe {
        Recipe {
            test: match &self.test {
                TestSource::Id(id) => TestSource::Id(*id),
                TestSource::Name(name) => TestSource::Name(name.clone()),
                TestSource::Script(script) => TestSource::Script(script.path.clone()),
            },
            users: self.users,
            spawn_rate: self.spawn_rate,
            stages: self.stages.clone(),
            duration_s: self.duration.as_secs_f64(),
            regions: self.regions.clone(),
            target_host: self.target_host.as_ref().map(ToString::to_string),
            env: self.env.iter().map(|(name, _)| name.clone()).collect(),
            timeout_s: self.timeout.as_secs_f64(),
            start_api: self.start_api,
            local: self.local,
            project: match &self.test {
                TestSource::Script(script) => script.options.clone(),
                TestSource::Id(_) | TestSource::Name(_) => ProjectOptions::default(),
            },
        }
    }

    /// The length in minutes, as the start call takes it.
    pub(super) fn minutes(&self) -> Result<f64, PlanError> {
        let seconds = self.duration.as_secs_f64();
        match self.engine {
            _ if self.duration.is_zero() => Err(PlanError::NoDuration),
            Engine::Loadforge if self.duration.subsec_nanos() != 0 || !self.duration.as_secs().is_multiple_of(60) => {
                Err(PlanError::Duration { seconds })
            }
            Engine::Loadforge if !(SHORTEST..=LONGEST).contains(&self.duration) => Err(PlanError::Duration { seconds }),
            Engine::Local if self.duration > LONGEST => {
                Err(PlanError::Wrong { flag: "--duration", problem: "must be at most 720m".to_owned() })
            }
            Engine::Loadforge | Engine::Local | Engine::Csv => Ok(seconds / 60.0),
        }
    }

    /// The target host as the service names it: scheme, host name and port. `None` where a script for the local engine
    /// names its own.
    pub(super) fn host(&self) -> Result<Option<HostSpec>, PlanError> {
        let Some(url) = &self.target_host else {
            return match self.engine {
                Engine::Local | Engine::Csv => Ok(None),
                Engine::Loadforge => Err(PlanError::Missing { flag: "--target-host" }),
            };
        };
        host_of(url).map(Some)
    }

    pub(super) fn spawn_rate_or_default(&self) -> f64 {
        self.spawn_rate.unwrap_or_else(|| default_spawn_rate(self.users.unwrap_or(1)))
    }

    /// What makes a run of this script comparable with others.
    pub(super) fn script_fingerprint(&self, script: &ScriptFile) -> Result<Fingerprint, PlanError> {
        Ok(Fingerprint {
            engine: self.engine,
            // Two named tests may run the same script.
            test: self.build.test_name.clone().unwrap_or_else(|| script.path.clone()),
            script_sha256: Some(script.sha256.clone()),
            users: self.users,
            spawn_rate: Some(self.spawn_rate_or_default()),
            duration_s: Some(self.duration.as_secs_f64().round() as u64),
            stages: self.stages.clone(),
            regions: self.regions.clone(),
            host: self.host()?.map(|host| host.to_string()),
        })
    }
}

/// The host that `--target-host` names, as the service names it: scheme, host name and port.
///
/// # Errors
/// When it is more than that, or no host.
pub fn host_of(url: &Url) -> Result<HostSpec, PlanError> {
    let wrong = |problem: &str| PlanError::Wrong { flag: "--target-host", problem: problem.to_owned() };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must begin with https:// or http://"));
    }
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "takes scheme, host and port only, for example https://staging.example.com; the script adds a base path \
             itself: host = os.environ[\"TARGET_HOST\"] + \"/api\"",
        ));
    }
    check_host(url).map_err(|fault| wrong(&format!("is not a target: {fault}")))?;
    match (url.host_str(), url.port_or_known_default()) {
        (Some(name), Some(port)) => Ok(HostSpec { name: name.to_owned(), port, protocol: url.scheme().to_owned() }),
        _ => Err(wrong("names no host")),
    }
}

/// SHA-256 of a script in the repository, hex.
#[must_use]
pub fn sha256(text: &str) -> String {
    sha256_of(&[text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(test: TestSource<ScriptFile>) -> RunPlan {
        RunPlan {
            test,
            users: None,
            spawn_rate: None,
            stages: Vec::new(),
            duration: Duration::from_secs(300),
            regions: BTreeMap::new(),
            target_host: None,
            env: Vec::new(),
            timeout: Duration::from_secs(1200),
            start_api: StartApi::V2,
            detach: false,
            engine: Engine::Loadforge,
            local: LocalLoad::default(),
            build: Build::default(),
        }
    }

    #[test]
    fn loadforge_takes_whole_minutes_and_the_local_engine_any_time() {
        let minutes = |engine, seconds: f64| {
            RunPlan { engine, duration: Duration::from_secs_f64(seconds), ..plan(TestSource::Id(1)) }.minutes()
        };
        assert_eq!(minutes(Engine::Loadforge, 120.0), Ok(2.0));
        assert_eq!(minutes(Engine::Loadforge, 43_200.0), Ok(720.0));
        for seconds in [60.0, 150.0, 120.5, 43_260.0] {
            assert_eq!(minutes(Engine::Loadforge, seconds), Err(PlanError::Duration { seconds }));
        }
        assert_eq!(minutes(Engine::Local, 6.0), Ok(0.1));
        assert_eq!(minutes(Engine::Local, 0.0), Err(PlanError::NoDuration));
        assert!(minutes(Engine::Local, 1e15).is_err());
    }

    #[test]
    fn a_script_needs_users_and_a_plain_host() {
        let file = ScriptFile::new("a.py", "x");
        let script = || plan(TestSource::Script(file.clone()));
        let host = |text: &str| Some(text.parse().unwrap());
        assert_eq!(script().check(), Err(PlanError::Missing { flag: "--users" }));
        let with_users = || RunPlan { users: Some(50), ..script() };
        assert_eq!(with_users().check(), Err(PlanError::Missing { flag: "--target-host" }));
        let own = RunPlan { engine: Engine::Local, ..with_users() };
        assert_eq!((own.check(), own.script_fingerprint(&file).unwrap().host), (Ok(()), None));
        insta::assert_snapshot!(with_users().check().unwrap_err().hint().unwrap(), @"set --target-host, the variable LOADFORGE_CI_TARGET_HOST, or the key test.target_host");
        let whole = RunPlan { target_host: host("https://shop.example.com"), ..with_users() };
        assert_eq!(whole.check(), Ok(()));
        assert_eq!(whole.spawn_rate_or_default(), 2.0);
        assert_eq!(whole.script_fingerprint(&file).unwrap().host.unwrap(), "https://shop.example.com:443");
        for text in ["https://shop.example.com/path", "ftp://x", "https://u:p@x"] {
            let error = RunPlan { target_host: host(text), ..with_users() }.check().unwrap_err();
            assert!(error.to_string().starts_with("--target-host"), "{error}");
        }
    }

    #[test]
    fn environment_variables_need_a_way_to_the_script() {
        let env = vec![("A".to_owned(), SecretString::from("geheim"))];
        let saved = RunPlan { env, ..plan(TestSource::Id(1)) };
        assert_eq!(saved.check(), Err(PlanError::EnvForSaved));
        assert_eq!(RunPlan { start_api: StartApi::V1, ..saved }.check(), Ok(()));
        let odd = RunPlan { env: vec![("A=B".to_owned(), "geheim".into())], ..plan(TestSource::Id(1)) };
        assert_eq!(odd.check().unwrap_err().to_string(), "--env `A=B` cannot be an environment variable");
    }

    #[test]
    fn a_hash_is_that_of_the_text() {
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
