//! The run to execute, and its command line.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::process::Command;

use super::environment::without_tokens;
use super::python::Interpreter;
use super::version::Version;
use crate::results::LocustOptions;

/// Locust's exit code for "ran, and something failed" (1 means it did not start).
const EXIT_CODE_ON_ERROR: &str = "86";

/// The oldest Locust that forks workers itself.
const PROCESSES_SINCE: Version = Version(2, 20, 0);

/// The run to execute.
#[derive(Debug, Clone)]
pub struct LocustInvocation {
    /// The scripts, absolute.
    pub scripts: Vec<PathBuf>,
    /// Where Locust runs.
    pub work_folder: PathBuf,
    /// Where the record, the launcher and the log go; made if missing.
    pub folder: PathBuf,
    /// Peak number of users.
    pub users: u32,
    /// Users to start per second.
    pub spawn_rate: f64,
    /// Length of the run, ramp-up included; whole seconds, at least one.
    pub run_time: Duration,
    /// How long requests under way at the end may take to finish.
    pub stop_timeout: Duration,
    /// The target host, instead of the one in the script.
    pub host: Option<String>,
    /// Processes that send load; `None` means one per CPU this process may use.
    pub processes: Option<u32>,
    /// Added to the environment of the script.
    pub env: BTreeMap<String, String>,
    /// What Locust is told beside all this.
    pub options: LocustOptions,
    /// Locust's configuration files, each before those that win over it.
    pub config_files: Vec<PathBuf>,
}

impl LocustInvocation {
    /// The run's length in whole seconds.
    pub(super) fn run_seconds(&self) -> u64 {
        (self.run_time.as_secs_f64().round() as u64).max(1)
    }

    pub(super) fn stop_seconds(&self) -> u64 {
        self.stop_timeout.as_secs_f64().ceil() as u64
    }

    /// When Locust must have ended by itself.
    pub(super) fn deadline(&self) -> Duration {
        Duration::from_secs(self.run_seconds() + self.stop_seconds() + 30)
    }

    pub(super) fn launcher_folder(&self) -> PathBuf {
        self.folder.join("launcher")
    }

    fn launcher(&self) -> PathBuf {
        self.launcher_folder().join("loadforge_ci_launcher.py")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("locust.log")
    }

    /// Processes that send load: never more than users. The CPUs counted honor affinity and the container's quota,
    /// which Locust's own `--processes -1` does not.
    pub(super) fn processes(&self, locust: Version) -> u32 {
        if locust < PROCESSES_SINCE {
            return 1;
        }
        let cpus = available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX));
        self.processes.unwrap_or(cpus).clamp(1, self.users.max(1))
    }

    /// The command, without its output's destination.
    pub(super) fn command(&self, interpreter: &Interpreter) -> io::Result<Command> {
        let mut command = Command::new(&interpreter.python);
        let scripts: Vec<_> = self.scripts.iter().map(|script| script.to_string_lossy()).collect();
        command.arg(self.launcher()).arg("-f").arg(scripts.join(",")).args([
            "--headless",
            "--only-summary",
            "--exit-code-on-error",
            EXIT_CODE_ON_ERROR,
            "-u",
            &self.users.to_string(),
            "-r",
            &self.spawn_rate.to_string(),
            "-t",
            &format!("{}s", self.run_seconds()),
            "--stop-timeout",
            &self.stop_seconds().to_string(),
        ]);
        if let Some(host) = &self.host {
            command.args(["--host", host]);
        }
        let processes = self.processes(interpreter.locust);
        if processes > 1 {
            let port = free_port()?.to_string();
            // Without a port of its own, a worker left over from another run could join this one.
            command.args(["--processes", &processes.to_string(), "--expect-workers-max-wait", "60"]);
            command.args(["--master-bind-host", "127.0.0.1", "--master-bind-port", &port]);
            command.args(["--master-host", "127.0.0.1", "--master-port", &port]);
        }
        for (flag, tags) in [("--tags", &self.options.tags), ("--exclude-tags", &self.options.exclude_tags)] {
            if !tags.is_empty() {
                command.arg(flag).args(tags);
            }
        }
        command.args(&self.options.arguments);
        if !self.options.user_classes.is_empty() {
            // The arguments before end here, however many values the last of them takes.
            command.arg("--").args(&self.options.user_classes);
        }
        without_tokens(&mut command);
        for (name, _) in env::vars_os().filter(|(name, _)| spoils_the_run(name)) {
            command.env_remove(name);
        }
        command
            .envs(&self.env)
            .env("PYTHONUNBUFFERED", "1")
            .env("LOADFORGE_CI_RECORD", record_folder(&self.folder))
            .env("LOADFORGE_CI_PARENT", std::process::id().to_string())
            .env("LOADFORGE_CI_LOCUST_CONFIG", env::join_paths(&self.config_files).unwrap_or_default())
            .env("LOADFORGE_CI_RESERVED", [&RESERVED[..], &RESERVED_FAMILIES].concat().join(","))
            .stdin(Stdio::null())
            .current_dir(&self.work_folder);
        Ok(command)
    }
}

/// Where the processes of a run write their record.
pub(super) fn record_folder(run_folder: &Path) -> PathBuf {
    run_folder.join("record")
}

/// Options of Locust that a run decides itself, by their long names; those in `locust.conf` have no effect.
const RESERVED: [&str; 28] = [
    "autoquit",
    "autostart",
    "class-picker",
    "config",
    "enable-rebalancing",
    "exit-code-on-error",
    "headful",
    "headless",
    "help",
    "host",
    "json",
    "json-file",
    "list",
    "locustfile",
    "logfile",
    "only-summary",
    "otel",
    "print-stats",
    "processes",
    "run-time",
    "skip-log-setup",
    "spawn-rate",
    "stop-timeout",
    "userclass-picker",
    "users",
    "version",
    "worker",
    "html",
];

/// The first parts of further ones.
const RESERVED_FAMILIES: [&str; 7] =
    ["csv*", "expect-workers*", "hatch*", "master*", "show-task-ratio*", "tls-*", "web-*"];

/// Whether a run decides this option of Locust itself; by its long name, or by its letter as in `-u`.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    let letters = ["f", "H", "u", "r", "t", "l", "T", "E", "s", "V", "h", "P"];
    RESERVED.contains(&name)
        || letters.contains(&name)
        || RESERVED_FAMILIES.iter().any(|family| name.starts_with(family.trim_end_matches('*')))
}

/// Whether Locust would read this variable as an option that changes what or where it runs. Tags and the log level
/// stay: they are the user's to choose.
fn spoils_the_run(name: &OsString) -> bool {
    let Some(option) = name.to_str().and_then(|name| name.strip_prefix("LOCUST_")) else { return false };
    const PREFIXES: [&str; 9] =
        ["AUTO", "CONFIG", "CSV", "EXPECT_", "HEAD", "MASTER_", "MODE_", "SHOW_TASK_RATIO", "WEB_"];
    const NAMES: [&str; 17] = [
        "CLASS_PICKER",
        "ENABLE_OPENTELEMETRY",
        "EXIT_CODE_ON_ERROR",
        "HOST",
        "HTML",
        "LIST",
        "LOCUSTFILE",
        "LOGFILE",
        "ONLY_SUMMARY",
        "PRINT_STATS",
        "PROCESSES",
        "RUN_TIME",
        "SKIP_LOG_SETUP",
        "SPAWN_RATE",
        "STOP_TIMEOUT",
        "USERCLASS_PICKER",
        "USERS",
    ];
    PREFIXES.iter().any(|prefix| option.starts_with(prefix)) || NAMES.contains(&option)
}

/// A port on the loopback interface that was free just now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> LocustInvocation {
        LocustInvocation {
            scripts: vec!["/runs/7/script/locustfile.py".into()],
            work_folder: "/runs/7/script".into(),
            folder: "/runs/7".into(),
            users: 50,
            spawn_rate: 2.5,
            run_time: Duration::from_millis(1500),
            stop_timeout: Duration::from_secs(30),
            host: Some("http://127.0.0.1:8080".into()),
            processes: Some(1),
            env: [("TEST_USER".to_owned(), "ann".to_owned())].into(),
            options: LocustOptions::default(),
            config_files: Vec::new(),
        }
    }

    #[test]
    fn the_command_line_says_all_locust_needs_and_nothing_secret() {
        let interpreter = Interpreter { python: "/venv/bin/python".into(), locust: Version(2, 47, 0) };
        let command = plan().command(&interpreter).unwrap();
        let words: Vec<_> = command.as_std().get_args().map(|word| word.to_string_lossy()).collect();
        insta::assert_snapshot!(words.join(" "), @"/runs/7/launcher/loadforge_ci_launcher.py -f /runs/7/script/locustfile.py --headless --only-summary --exit-code-on-error 86 -u 50 -r 2.5 -t 2s --stop-timeout 30 --host http://127.0.0.1:8080");
        assert!(command.as_std().get_envs().any(|(name, value)| name == "TEST_USER" && value.unwrap() == "ann"));
    }

    #[test]
    fn several_scripts_tags_arguments_and_classes_are_handed_over() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        let options = LocustOptions {
            tags: words(&["smoke", "fast"]),
            exclude_tags: words(&["slow"]),
            user_classes: words(&["Buyer"]),
            arguments: words(&["--tenant", "acme"]),
        };
        let scripts = vec!["/s/a.py".into(), "/s/b.py".into()];
        let interpreter = Interpreter { python: "python".into(), locust: Version(2, 47, 0) };
        let command = LocustInvocation { scripts, options, host: None, ..plan() }.command(&interpreter).unwrap();
        let words: Vec<_> = command.as_std().get_args().map(|word| word.to_string_lossy()).collect();
        insta::assert_snapshot!(words[2..3].join(" "), @"/s/a.py,/s/b.py");
        insta::assert_snapshot!(words[15..].join(" "), @"--tags smoke fast --exclude-tags slow --tenant acme -- Buyer");
        for (name, expected) in [("users", true), ("u", true), ("web-port", true), ("tenant", false), ("tags", false)] {
            assert_eq!(is_reserved(name), expected, "{name}");
        }
    }

    #[test]
    fn there_are_never_more_processes_than_users_or_than_locust_can_fork() {
        let many = LocustInvocation { processes: Some(8), users: 3, ..plan() };
        assert_eq!(many.processes(Version(2, 47, 0)), 3);
        assert_eq!(many.processes(Version(2, 15, 1)), 1);
        let auto = LocustInvocation { processes: None, ..plan() };
        assert!(auto.processes(Version(2, 47, 0)) >= 1);
    }

    #[test]
    fn only_variables_that_change_the_run_are_taken_away() {
        for name in
            ["LOCUST_HEADFUL", "LOCUST_MODE_WORKER", "LOCUST_USERS", "LOCUST_WEB_PORT", "LOCUST_CSV_FULL_HISTORY"]
        {
            assert!(spoils_the_run(&name.into()), "{name}");
        }
        for name in ["LOCUST_TAGS", "LOCUST_LOGLEVEL", "LOCUST_MY_OWN", "TARGET_HOST"] {
            assert!(!spoils_the_run(&name.into()), "{name}");
        }
    }
}
