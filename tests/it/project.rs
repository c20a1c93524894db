//! Real-shaped projects under real Locust: what comes along, and that every request that was served is counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use loadforge_ci::emulator::{EngineChoice, Server, ServerConfig};
use loadforge_ci::locust::process::{LocustSource, cache_folder, choose};
use loadforge_ci::results::Requirements;

use crate::background::Background;
use crate::emulator::target::Target;
use crate::tool::{Tool, fixture};

/// A project of `tests/fixtures/projects`, how it is run, and the endpoints that are then there.
struct Project {
    name: &'static str,
    arguments: &'static [&'static str],
    endpoints: &'static [&'static str],
}

const PROJECTS: [Project; 12] = [
    Project { name: "modules", arguments: &["-f", "locustfile.py"], endpoints: &["GET /home"] },
    Project {
        name: "packages",
        arguments: &["-f", "perf/checkout/locustfile.py", "--folder", "."],
        endpoints: &["GET /product", "POST /cart"],
    },
    Project { name: "data", arguments: &["-f", "locustfile.py"], endpoints: &["GET /items/7", "GET /users/ann"] },
    Project {
        name: "requirements",
        arguments: &["-f", "locustfile.py", "--requirements", "requirements.txt"],
        endpoints: &["GET /product/packaged"],
    },
    Project {
        name: "classes",
        arguments: &["-f", "locustfile.py", "--user-class", "Writer"],
        endpoints: &["POST /write"],
    },
    Project { name: "two-locustfiles", arguments: &["-f", "web.py,api.py"], endpoints: &["GET /api", "GET /page"] },
    Project { name: "shape", arguments: &["-f", "locustfile.py"], endpoints: &["GET /home"] },
    Project {
        name: "arguments",
        arguments: &["-f", "locustfile.py", "--locust-arg=--tenant=acme", "--locust-arg=--vip"],
        endpoints: &["GET /acme/vip"],
    },
    Project { name: "fast", arguments: &["-f", "locustfile.py"], endpoints: &["GET /fast"] },
    Project { name: "not-http", arguments: &["-f", "locustfile.py"], endpoints: &["GET /queue"] },
    Project { name: "tags", arguments: &["-f", "locustfile.py"], endpoints: &["GET /smoke"] },
    Project {
        name: "pyproject",
        arguments: &["-f", "perf/locustfile.py", "--requirements", "pyproject.toml[perf]"],
        endpoints: &["GET /product/packaged"],
    },
];

/// The binary in a copy of a project, with no package index.
fn tool_of(name: &str) -> Tool {
    let folder = fixture("projects").join(name);
    let mut tool = Tool::new();
    let mut open = vec![folder.clone()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.parent().is_none_or(|parent| !parent.ends_with("__pycache__")) {
            tool = tool.file(path.strip_prefix(&folder).unwrap().to_str().unwrap(), fs::read(&path).unwrap());
        }
    }
    tool.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", "wheels").env("UV_NO_INDEX", "1").env("UV_FIND_LINKS", "wheels")
}

/// Installs the pinned Locust once for this machine, which the environments of projects are made from.
fn pinned_locust() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("requirements.txt");
        fs::write(&file, "").unwrap();
        let requirements = Requirements { file, extras: Vec::new() };
        let source = LocustSource { requirements: Some(&requirements), environments: &[] };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(choose(&cache_folder().unwrap(), source, &(Arc::new(|_: &str| ()) as _))).unwrap();
    });
}

/// A target, and what it has served once it is stopped.
struct Serving {
    host: String,
    background: Background,
    served: Arc<std::sync::Mutex<BTreeMap<String, u64>>>,
}

fn serve() -> Serving {
    let served = Arc::new(std::sync::Mutex::new(BTreeMap::new()));
    let counts = Arc::clone(&served);
    let (background, port) = Background::start(async move |opened, stopped| {
        let target = Target::start().await;
        opened.send(target.port).unwrap();
        let _ = stopped.await;
        *counts.lock().unwrap() = target.served();
    });
    Serving { host: format!("http://127.0.0.1:{port}"), background, served }
}

/// Where a project is run.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// The local engine, in a copy of the folder.
    Local,
    /// The local engine, with the one script that LoadForge would get.
    Bundled,
    /// Our server in the place of LoadForge, which gets a script and nothing else.
    Cloud,
}

/// Runs a project and compares what was counted with what was served.
fn counts_equal(name: &str, place: Place) {
    let project = PROJECTS.iter().find(|project| project.name == name).unwrap();
    if project.arguments.contains(&"--requirements") {
        pinned_locust();
    }
    let serving = serve();
    let mut tool = tool_of(name);
    let mut run = vec!["run", "--target-host", &serving.host, "--users", "3", "--spawn-rate", "3", "--no-preflight"];
    let cloud = (place == Place::Cloud).then(cloud);
    match &cloud {
        Some((_, url)) => {
            // A minute takes a second and a half there.
            run.extend(["--duration", "2m", "--api-url", url]);
            tool = tool.env("LOADFORGE_API_TOKEN", "any");
        }
        None => run.extend(["--engine", "local", "--duration", "3s"]),
    }
    if place == Place::Bundled {
        run.push("--bundled");
    }
    run.extend(project.arguments);
    let ended = tool.run(&run).expect(0);
    drop(cloud);
    drop(serving.background);
    let results = tool.json("loadforge-results/results.json");
    let counted: BTreeMap<String, u64> = results["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let label = format!("{} {}", row["method"].as_str().unwrap(), row["name"].as_str().unwrap());
            (label, row["requests"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(*serving.served.lock().unwrap(), counted, "{name}\n{}", ended.stderr);
    assert_eq!(counted.keys().map(String::as_str).collect::<Vec<_>>(), project.endpoints, "{name}");
}

/// Our server in the place of LoadForge, and its address.
fn cloud() -> (Background, String) {
    Background::start(async |opened, stopped| {
        let engine = EngineChoice::Locust { processes: Some(1), cache_dir: None };
        let (provisioning, seconds_per_minute) = (Duration::ZERO, 1.5);
        let config = ServerConfig { engine, provisioning, seconds_per_minute, ..ServerConfig::default() };
        let server = Server::start(config).await.unwrap();
        opened.send(server.api_url()).unwrap();
        let _ = stopped.await;
        server.shutdown().await;
    })
}

macro_rules! projects {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            counts_equal($name, Place::Local);
        })*

        #[test]
        fn every_project_is_run() {
            assert_eq!([$($name),*].to_vec(), PROJECTS.iter().map(|project| project.name).collect::<Vec<_>>());
        }
    };
}

projects! {
    modules_beside_the_script_come_along: "modules",
    a_folder_above_the_script_comes_along: "packages",
    data_files_come_along: "data",
    requirements_are_installed_without_an_index: "requirements",
    user_classes_are_chosen: "classes",
    two_scripts_run_together: "two-locustfiles",
    a_load_shape_may_be_in_a_module: "shape",
    a_script_gets_its_own_arguments: "arguments",
    fast_users_run: "fast",
    users_without_http_run: "not-http",
    the_tags_of_locust_conf_choose_tasks: "tags",
    a_pyproject_brings_its_extra_and_its_settings: "pyproject",
}

#[test]
fn a_missing_module_is_named_with_what_brings_it() {
    let serving = serve();
    let script = "from faker import Faker\nfrom locust import HttpUser\nclass U(HttpUser): pass\n";
    let tool = Tool::new().file("perf/locustfile.py", script);
    let ended = tool
        .run(&["run", "--engine", "local", "-f", "perf/locustfile.py", "-u", "1", "-t", "1s", "-H", &serving.host])
        .expect(4);
    assert!(ended.stderr.contains("No module named 'faker'"), "{}", ended.stderr);
    assert!(ended.stderr.contains("name a requirements file with test.requirements"), "{}", ended.stderr);
}

#[test]
fn ignored_and_hidden_files_never_reach_locust_and_the_copy_is_removed() {
    let serving = serve();
    let script = "
import os
from locust import HttpUser, constant, task
HERE = sorted(os.path.relpath(os.path.join(folder, name)) for folder, _, names in os.walk('.') for name in names)
class U(HttpUser):
    wait_time = constant(0.1)
    @task
    def files(self):
        self.client.get('/?' + ','.join(HERE), name=' '.join(name for name in HERE if '__pycache__' not in name))
";
    let tool = Tool::new()
        .file("perf/locustfile.py", script)
        .file("perf/.env", "PASSWORD=geheim\n")
        .file("perf/.gitignore", "*.log\ngenerated/\n")
        .file("perf/run.log", "")
        .file("perf/generated/users.csv", "")
        .file("perf/venv/pyvenv.cfg", "")
        .file("perf/files/data.csv", "")
        .file("loadforge.yml", "test: { locustfile: perf/locustfile.py, exclude: [files/], include: [\"*.csv\"] }\n");
    tool.run(&["run", "--engine", "local", "-u", "1", "-t", "1s", "-H", &serving.host]).expect(0);
    let results = tool.json("loadforge-results/results.json");
    assert_eq!(results["endpoints"][0]["name"], "generated/users.csv locustfile.py");
}

#[test]
fn options_of_locust_are_refused_where_they_cannot_have_an_effect() {
    let tool = Tool::new().file("a.py", "import locust\n");
    let run = |more: &[&str]| tool.run(&[&["run", "-f", "a.py", "-u", "1", "-H", "http://127.0.0.1:1"], more].concat());
    let local = run(&["--engine", "local", "--locust-arg=--web-port=80"]).expect(2);
    assert!(local.stderr.contains("--locust-arg --web-port: a run decides this option of Locust itself"), "{local:?}");
    let cloud = tool.env("LOADFORGE_API_TOKEN", "geheim");
    for flag in [["--tag", "smoke"], ["--user-class", "A"], ["--locust-arg", "--x"]] {
        let arguments = ["run", "-f", "a.py", "-u", "1", "-t", "2m", "-H", "http://127.0.0.1:1", flag[0], flag[1]];
        let ended = cloud.run(&arguments).expect(2);
        let expected = format!("{} cannot reach LoadForge", flag[0]);
        assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
    }
}

#[test]
fn doctor_says_which_locust_runs_and_why() {
    pinned_locust();
    let tool = tool_of("requirements");
    let doctor = ["doctor", "--engine", "local", "-f", "locustfile.py", "-u", "1", "--no-preflight"];
    let named = [&doctor[..], &["-H", "http://127.0.0.1:1", "--requirements", "requirements.txt"]].concat();
    let ended = tool.run(&named);
    assert!(ended.stdout.contains("Locust: Locust 2."), "{}", ended.stdout);
    let requirements = tool.path("requirements.txt").canonicalize().unwrap();
    assert!(ended.stdout.contains(&format!("of the requirements {}", requirements.display())), "{}", ended.stdout);
    // Built once for its content.
    let again = tool.run(&named);
    assert!(!again.stderr.contains("installing"), "{}", again.stderr);
    // A virtual environment of the project with a Locust that is too old is named and passed over.
    let old = "#!/bin/sh\ncase \"$*\" in *importlib*) echo 2.8.6 ;; esac\n";
    let tool = tool.file(".venv/bin/python", old);
    let python = tool.path(".venv/bin/python");
    fs::set_permissions(&python, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ended = tool.run(&[&doctor[..], &["-H", "http://127.0.0.1:1"]].concat());
    let venv = Path::new(&python).ancestors().nth(2).unwrap().canonicalize().unwrap();
    let expected =
        format!("Locust 2.8.6 of the virtual environment {} is older than 2.15 and not used", venv.display());
    assert!(ended.stdout.contains(&expected), "{expected}\n{}", ended.stdout);
}

#[test]
fn stages_become_a_load_shape_and_gates_know_them() {
    let serving = serve();
    let config = "test:\n  locustfile: locustfile.py\n  spawn_rate: 10\n  stages: [{users: 1, for: 3s}, {users: 4, for: 5s}]\n\
                  gates:\n  - rps > 1/s in stage 1\n  - rps of \"GET /home\" > 1/s in stage 2\n  - rps > 1/s in stage 3\n";
    let script = "from locust import HttpUser, constant, task\nclass U(HttpUser):\n    wait_time = constant(0.05)\n    \
                  @task\n    def home(self):\n        self.client.get('/home')\n";
    let tool = Tool::new().file("locustfile.py", script).file("loadforge.yml", config);
    tool.run(&["run", "--engine", "local", "-H", &serving.host, "--no-preflight"]).expect(0);
    let recorded = tool.json("loadforge-results/run.json");
    let shape = (&recorded["fingerprint"]["users"], &recorded["fingerprint"]["duration_s"]);
    assert_eq!(shape, (&4.into(), &8.into()));
    let judged = tool.run(&["gate"]).expect(3);
    let verdict = tool.json("loadforge-results/verdict.json");
    let rows: Vec<_> = verdict["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(rows, ["pass", "pass", "inconclusive"], "{}", judged.stdout);
    assert!(judged.stdout.contains("the run has no stage 3: it had 2 stages"), "{}", judged.stdout);
    assert!(tool.read("loadforge-results/summary.md").contains("1 → 4 users"));
    let page = tool.read("loadforge-results/report.html");
    assert!(page.contains("stage 2 (4 users) at 0:03"), "the page says when the second stage begins");
}

#[test]
fn a_scripts_own_load_shape_wins_over_stages_and_is_named() {
    let serving = serve();
    let tool = tool_of("shape").file(
        "loadforge.yml",
        "test: { locustfile: locustfile.py, stages: [{users: 9, for: 4s}] }\ngates: [rps > 0.1/s]\n",
    );
    tool.run(&["run", "--engine", "local", "-H", &serving.host, "--no-preflight"]).expect(0);
    let results = tool.json("loadforge-results/results.json");
    assert_eq!(results["evidence"]["load_shape"], "Steps");
    assert!(results.get("stages").is_none(), "{results}");
    assert!(results["notes"].to_string().contains("the script's own load shape decides, not test.stages"), "{results}");
}

#[test]
fn bundled_projects_run_as_they_do_from_their_folder() {
    for project in &PROJECTS {
        counts_equal(project.name, Place::Bundled);
    }
}

#[test]
fn modules_and_data_files_reach_loadforge() {
    for name in ["modules", "packages", "data", "two-locustfiles", "shape", "fast", "not-http"] {
        counts_equal(name, Place::Cloud);
    }
}

#[test]
fn the_bundle_that_is_printed_is_python_and_runs_alone() {
    let serving = serve();
    let tool = tool_of("packages");
    let printed = tool.run(&["bundle", "-f", "perf/checkout/locustfile.py", "--folder", "."]).expect(0);
    let alone = Tool::new().file("bundled.py", printed.stdout);
    alone.run(&["run", "--engine", "local", "-f", "bundled.py", "-u", "1", "-t", "2s", "-H", &serving.host]).expect(0);
    let results = alone.json("loadforge-results/results.json");
    assert_eq!(results["endpoints"].as_array().unwrap().len(), 2);
}

#[test]
fn a_traceback_of_a_bundle_names_the_modules_file_and_line() {
    let serving = serve();
    let tool = Tool::new()
        .file("perf/locustfile.py", "\"\"\"Doc.\"\"\"\n\nfrom common import auth\n")
        .file("perf/common/auth.py", "# first\n\nraise ValueError('no token')\n");
    let run = ["run", "--engine", "local", "--bundled", "-f", "perf/locustfile.py", "-u", "1", "-t", "1s", "-H"];
    let ended = tool.run(&[&run[..], &[&serving.host]].concat()).expect(4);
    assert!(ended.stderr.contains("ValueError: no token"), "{}", ended.stderr);
    assert!(ended.stderr.contains("common/auth.py\", line 3"), "{}", ended.stderr);
    assert!(ended.stderr.contains("raise ValueError('no token')"), "{}", ended.stderr);
    assert!(ended.stderr.contains("locustfile.py\", line 3"), "{}", ended.stderr);
}

#[test]
fn what_cannot_be_bundled_is_named_before_the_start() {
    let script = "import faker\nfrom locust import HttpUser\nUSERS = open('files/users.csv')\nimport fast\n";
    let tool = Tool::new().file("perf/locustfile.py", script).file("perf/files/users.csv", "ann\n");
    let bundle = ["bundle", "-f", "perf/locustfile.py"];
    let named = tool.run(&bundle).expect(0);
    for expected in [
        "perf/locustfile.py:1: LoadForge may not have the package `faker`",
        "perf/locustfile.py:4: LoadForge may not have the package `fast`",
        "beside the script goes the data file files/users.csv",
    ] {
        assert!(named.stderr.contains(expected), "{expected}\n{}", named.stderr);
    }
    let refused = tool.file("perf/fast.cpython-312-x86_64-linux-gnu.so", "").run(&bundle).expect(2);
    assert!(refused.stderr.contains("`fast` is a compiled module and cannot be bundled"), "{}", refused.stderr);
}
