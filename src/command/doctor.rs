//! `doctor`: what a run will need, each thing looked at, and what to do about what is missing. Nothing is started.

use std::io::Write;

use crate::circleci::{self, CircleCi};
use crate::cli::{DoctorArgs, RunArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::github::{self, Credentials, Github};
use crate::judging;
use crate::lint;
use crate::loadforge::{Session, StopSignals};
use crate::locust::process::{self, LocustSource};
use crate::reach::reach;
use crate::results::{Engine, LocalProject, ResultsFolder, TestSource};
use crate::running::{self, Service};
use crate::stdout::{answer, printed};
use crate::text::counted;

/// What a look at one thing gave: words, or what is wrong with it.
type CheckResult = Result<String, CommandError>;

pub(super) async fn run(arguments: &DoctorArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let ci = arguments.github.environment();
    let engine = arguments.run.test.engine;
    let mut looks = vec![("configuration", configuration_look(arguments))];
    if engine == Engine::Local {
        looks.push(("Locust", locust(arguments, &ci).await));
    } else {
        looks.push(("LoadForge", loadforge(arguments).await));
    }
    looks.push(("test and target host", test(arguments, &ci).await));
    looks.push(("GitHub", github(arguments, &ci).await));
    let mut exit = Exit::Passed;
    let mut text = String::new();
    for (what, look) in looks {
        let (word, said) = match look {
            Ok(words) => ("ok     ", words),
            // The comment is worth having, and no run depends on it.
            Err(fault) if what == "GitHub" => ("note   ", fault.to_string()),
            Err(fault) => {
                if exit == Exit::Passed {
                    exit = fault.exit;
                }
                ("missing", fault.to_string())
            }
        };
        text.push_str(&format!("{word}  {what}: {}\n", said.replace('\n', "\n         ")));
    }
    answer(exit, printed(sink.write_all(text.as_bytes()).and_then(|()| sink.flush())))
}

fn configuration_look(arguments: &DoctorArgs) -> CheckResult {
    let config = arguments.run.config.load()?;
    judging::check(&config, &arguments.run.checked)?;
    Ok(match config.gates.len() {
        0 => "no gate is written; comparisons with the history apply".to_owned(),
        count => counted(count, "gate"),
    })
}

async fn locust(arguments: &DoctorArgs, ci: &CircleCi) -> CheckResult {
    let cache = running::cache_dir().map_or_else(process::cache_folder, Ok)?;
    let progress: process::ProgressSink = std::sync::Arc::new(|line| tracing::info!("{line}"));
    // What is wrong with the plan is another look's to say; Locust may be found without it.
    let config = arguments.run.config.load().unwrap_or_default();
    let project = match running::plan(&arguments.run, &config, &circleci::build(ci, arguments.run.config.selected()))
        .map(|plan| plan.test)
    {
        Ok(TestSource::Script(script)) => script.local.unwrap_or_default(),
        _ => LocalProject::default(),
    };
    let source = LocustSource { requirements: project.requirements.as_ref(), environments: &project.environments };
    Ok(process::choose(&cache, source, &progress).await?.sentence())
}

async fn loadforge(arguments: &DoctorArgs) -> CheckResult {
    let service = Service::remote(&arguments.run.service)?;
    let tests = service.client.tests().await?;
    Ok(format!("{} accepts the token and lists {}", service.client.url().host(), counted(tests.len(), "test")))
}

async fn test(arguments: &DoctorArgs, ci: &CircleCi) -> CheckResult {
    let RunArgs { service: service_args, .. } = &arguments.run;
    let config = arguments.run.config.load()?;
    let plan = running::plan(&arguments.run, &config, &circleci::build(ci, arguments.run.config.selected()))?;
    running::report_locust_settings(&arguments.run, &config, &plan);
    plan.check()?;
    let control = running::control_host(arguments.run.checked.control_host.as_ref(), &config)?;
    if let Some(control) = &control {
        running::check_control(control, &plan)?;
    }
    let mut words = match &plan.test {
        TestSource::Script(file) => format!("{}, {}", file.path, script(&file.text)?),
        TestSource::Id(id) => format!("saved test {id}"),
        TestSource::Name(name) => format!("saved test `{name}`"),
    };
    let host = match (plan.engine, &plan.test) {
        (Engine::Loadforge, TestSource::Id(_) | TestSource::Name(_)) => {
            let service = Service::remote(service_args)?;
            let mut observer = running::log_event;
            let folder = ResultsFolder::new(&arguments.run.folder.results);
            let mut session = Session::new(service.client.clone(), folder, &mut observer, StopSignals::never());
            session.resolve(&plan).await?.fingerprint.host.and_then(|host| host.parse().ok())
        }
        _ => plan.target_host.clone(),
    };
    running::check_target(&config, host.as_ref())?;
    if let Some(host) = host {
        words.push_str(&format!(", against {host}"));
        if !arguments.run.no_preflight {
            match reach(&host).await {
                Ok(()) => words.push_str(", which answers"),
                Err(fault) if plan.engine == Engine::Local => return Err(fault.into()),
                // LoadForge may reach what this machine cannot.
                Err(fault) => words.push_str(&format!(" (from this machine: {fault})")),
            }
        }
    }
    if let Some(control) = control {
        words.push_str(&format!(", controlled by {}", running::shown_host(&control)));
    }
    Ok(words)
}

/// The result of `lint` for a script, in one word.
fn script(source: &str) -> CheckResult {
    let found = lint::check(source).map_err(|fault| CommandError::usage(fault.to_string()))?;
    Ok(match found.len() {
        0 => "lint finds nothing".to_owned(),
        count => format!("lint finds {count} findings (loadforge-ci lint)"),
    })
}

async fn github(arguments: &DoctorArgs, ci: &CircleCi) -> CheckResult {
    let named = arguments.github.github_token_env.as_deref();
    let credentials = Credentials::from_env(|name| std::env::var(name).ok(), named)?;
    let api_url = arguments.github.github_api_url.as_ref().map(url::Url::as_str);
    if let Some(sentence) = ci.repository.as_ref().and_then(|here| github::not_on_github(here, api_url)) {
        return Ok(sentence);
    }
    let github = Github::connect(&credentials, api_url).await?;
    let found = github::find(&github, ci).await;
    match (found.pull_request, found.failure) {
        (Some(pull_request), _) => Ok(format!("{} can be reached with {}", pull_request.url, credentials.origin())),
        (None, Some(fault)) => Err(fault.into()),
        (None, None) => Ok(found.notes.join(" ")),
    }
}
