//! What to run: flags over environment over profile over file over Locust's own files over default.

use std::collections::BTreeMap;

use secrecy::SecretString;
use url::Url;

use super::locust_settings::LocustFiles;
use super::project;
use super::secrets::{register_address, register_values, register_variables};
use crate::cli::{EnvEntry, ProjectArgs, RunArgs, ShapeArgs, TestArgs};
use crate::config::{Config, Duration, check_host};
use crate::error::CommandError;
use crate::loadforge::{RunPlan, ScriptFile};
use crate::redact::shown_address;
use crate::results::{Build, Engine, LocalLoad, RunRecord, Stage, StartApi, TestSource};

/// Default length of a run, as in LoadForge's own interface.
const DEFAULT_MINUTES: f64 = 5.0;

/// Time allowed beside the run itself: launching, collecting, an outage in between.
const SPARE_MINUTES: f64 = 15.0;

/// Puts the plan of a run together.
///
/// # Errors
/// When no test is specified, or a script or variable is missing.
pub(crate) fn plan(arguments: &RunArgs, config: &Config, build: &Build) -> Result<RunPlan, CommandError> {
    let RunArgs { test, project, shape, service, detach, processes, seconds_per_minute, .. } = arguments;
    let local = LocalLoad { processes: *processes, seconds_per_minute: *seconds_per_minute, ends_itself: false };
    let plan = assemble(test, project, shape, local, config, build)?;
    Ok(RunPlan { start_api: service.start_api, detach: *detach, ..plan })
}

/// The plan of the test that a configuration describes, at LoadForge. The values of its variables are left out.
///
/// # Errors
/// When no test is specified, or a script is missing.
pub(crate) fn plan_of_file(config: &Config, build: &Build) -> Result<RunPlan, CommandError> {
    let mut config = config.clone();
    config.test.env.clear();
    let test = TestArgs { engine: Engine::Loadforge, ..TestArgs::default() };
    let plan = assemble(&test, &ProjectArgs::default(), &ShapeArgs::default(), LocalLoad::default(), &config, build)?;
    Ok(RunPlan { env: Vec::new(), ..plan })
}

/// Puts the plan together that flags and configuration describe.
fn assemble(
    test: &TestArgs,
    project: &ProjectArgs,
    shape: &ShapeArgs,
    local: LocalLoad,
    config: &Config,
    build: &Build,
) -> Result<RunPlan, CommandError> {
    register_variables(config, &shape.env, &[]);
    let source = source(test, project, config)?;
    let conf = LocustFiles::of_test(&source);
    let target_host = target_host(shape, config, &conf)?;
    // A saved test brings its own host; one that is named beside it may not be a mistake either.
    if let Some(url) = &target_host {
        check_host(url).map_err(|fault| CommandError::usage(format!("nothing is started: {fault}")))?;
    }
    let env = with_target_host(env(&shape.env, config)?, &source, target_host.as_ref());
    let stages = stages(shape, config);
    let of_stages = stages.iter().map(|stage| stage.users).max();
    let of_conf = if stages.is_empty() { conf.duration()? } else { None };
    let whole = (!stages.is_empty()).then(|| stages.iter().map(|stage| stage.seconds).sum());
    let asked = shape.duration.or(config.test.duration).map(Duration::as_secs).or(whole);
    let duration = asked.or(of_conf).unwrap_or(DEFAULT_MINUTES * 60.0);
    let timeout = shape.timeout.or(config.test.timeout).map_or(duration + SPARE_MINUTES * 60.0, Duration::as_secs);
    let seconds = |value| std::time::Duration::try_from_secs_f64(value).unwrap_or(std::time::Duration::MAX);
    Ok(RunPlan {
        test: source,
        users: shape
            .users
            .or(config.test.users)
            .or(of_stages)
            .map_or_else(|| conf.number("users"), |users| Ok(Some(users)))?,
        spawn_rate: shape
            .spawn_rate
            .or(config.test.spawn_rate)
            .map_or_else(|| conf.number("spawn-rate"), |rate| Ok(Some(rate)))?,
        stages,
        duration: seconds(duration),
        regions: regions(shape, config),
        target_host,
        env,
        timeout: seconds(timeout),
        start_api: StartApi::V2,
        detach: false,
        engine: test.engine,
        local: LocalLoad {
            processes: local.processes.map_or_else(|| conf.processes(), |count| Ok(Some(count)))?,
            seconds_per_minute: local.seconds_per_minute,
            ends_itself: config.test.ends_itself.unwrap_or_default(),
        },
        build: build.clone(),
    })
}

/// The plan of a run once more, from its record; against another host where one is named. The values of its variables
/// were not recorded: they come from `--env`, the file or the environment again.
///
/// # Errors
/// When the record does not say how, the script is gone, or a variable is not set any more.
pub(crate) fn plan_again(
    record: &RunRecord,
    variables: &[EnvEntry],
    config: &Config,
    build: &Build,
    elsewhere: Option<&Url>,
) -> Result<RunPlan, CommandError> {
    let recipe = record.recipe.as_ref().ok_or_else(|| {
        CommandError::usage("run.json does not say how to run this test again")
            .with_hint("start it with `loadforge-ci run`")
    })?;
    let seconds = |value| std::time::Duration::try_from_secs_f64(value).unwrap_or(std::time::Duration::MAX);
    let entries = entries(variables, config)?;
    let value = |name: &String| {
        let entry = entries.iter().find(|entry| entry.name == *name).cloned();
        valued(entry.unwrap_or_else(|| EnvEntry { name: name.clone(), value: None }))
    };
    let test = match &recipe.test {
        TestSource::Id(id) => TestSource::Id(*id),
        TestSource::Name(name) => TestSource::Name(name.clone()),
        TestSource::Script(path) => {
            project::script(&project::separated(path), "run.json", &recipe.project, record.identity.engine)?
        }
    };
    let own = || recipe.target_host.as_deref().and_then(|host| host.parse().ok());
    let target_host: Option<Url> = elsewhere.cloned().or_else(own);
    // The target host is known, whether or not the variable was set by us.
    let known = |name: &&String| *name != TARGET_HOST || target_host.is_none();
    let env = recipe.env.iter().filter(known).map(value).collect::<Result<Vec<_>, CommandError>>()?;
    let env = with_target_host(env, &test, target_host.as_ref());
    register_values(&env);
    Ok(RunPlan {
        test,
        users: recipe.users,
        spawn_rate: recipe.spawn_rate,
        stages: recipe.stages.clone(),
        duration: seconds(recipe.duration_s),
        regions: recipe.regions.clone(),
        target_host,
        env,
        timeout: seconds(recipe.timeout_s),
        start_api: recipe.start_api,
        detach: false,
        engine: record.identity.engine,
        local: recipe.local,
        build: build.clone(),
    })
}

/// The stages of the run, unless flags give users or length in their place.
fn stages(shape: &ShapeArgs, config: &Config) -> Vec<Stage> {
    let entries = &config.test.stages;
    if !entries.is_empty() && (shape.users.is_some() || shape.duration.is_some()) {
        tracing::info!("the flags for users and length replace test.stages");
        return Vec::new();
    }
    entries.iter().map(|entry| Stage { users: entry.users, seconds: entry.length.as_secs() }).collect()
}

/// The variable by which a script learns the target host.
const TARGET_HOST: &str = "TARGET_HOST";

/// The script's variables with the target host among them, unless the user gave that one.
fn with_target_host(
    mut env: Vec<(String, SecretString)>,
    test: &TestSource<ScriptFile>,
    target_host: Option<&Url>,
) -> Vec<(String, SecretString)> {
    if let (TestSource::Script(_), Some(url)) = (test, target_host)
        && env.iter().all(|(name, _)| name != TARGET_HOST)
    {
        env.push((TARGET_HOST.to_owned(), url.as_str().trim_end_matches('/').into()));
    }
    env
}

/// The one thing to run. A flag replaces whatever source the file names.
///
/// # Errors
/// When nothing is named, or the script or its project cannot be used.
pub(crate) fn source(
    test: &TestArgs,
    project: &ProjectArgs,
    config: &Config,
) -> Result<TestSource<ScriptFile>, CommandError> {
    let options = &project::options(project, config)?;
    if let Some(id) = test.test_id {
        return Ok(TestSource::Id(id));
    }
    if let Some(name) = &test.test {
        return Ok(TestSource::Name(name.clone()));
    }
    if let Some(path) = &test.locustfile {
        let paths = project::separated(&path.to_string_lossy());
        return project::script(&paths, "--locustfile", options, test.engine);
    }
    if let Some(id) = config.test.id {
        return Ok(TestSource::Id(id));
    }
    if let Some(name) = &config.test.name {
        return Ok(TestSource::Name(name.clone()));
    }
    if let Some(path) = &config.test.locustfile {
        return project::script(&project::separated(path), "test.locustfile", options, test.engine);
    }
    if !config.test.locustfiles.is_empty() {
        return project::script(&config.test.locustfiles, "test.locustfiles", options, test.engine);
    }
    let hint = match test.engine {
        Engine::Local => "name a Locust script with --locustfile, or test.locustfile in loadforge.yml",
        Engine::Loadforge | Engine::Csv => {
            "name a test with --test-id, --test or --locustfile, or under `test:` in loadforge.yml"
        }
    };
    Err(CommandError::usage("no test specified").with_hint(hint))
}

/// The target host, where one is named.
fn target_host(shape: &ShapeArgs, config: &Config, conf: &LocustFiles) -> Result<Option<Url>, CommandError> {
    if let Some(url) = &shape.target_host {
        return Ok(Some(url.clone()));
    }
    let Some(text) = config.test.target_host.as_deref().filter(|text| !text.is_empty()) else { return conf.host() };
    text.parse().inspect(register_address).map(Some).map_err(|cause| {
        let shown = shown_address(text);
        CommandError::usage(format!("test.target_host `{shown}` is not a URL: {cause}"))
            .with_hint("write scheme and host, such as https://staging.example.com")
    })
}

fn regions(shape: &ShapeArgs, config: &Config) -> BTreeMap<String, u32> {
    if shape.region.is_empty() {
        return config.test.regions.clone();
    }
    shape.region.iter().map(|region| (region.code.clone(), region.servers)).collect()
}

/// The script's variables with their values.
fn env(flags: &[EnvEntry], config: &Config) -> Result<Vec<(String, SecretString)>, CommandError> {
    let variables = entries(flags, config)?.into_iter().map(valued).collect::<Result<Vec<_>, _>>()?;
    register_values(&variables);
    Ok(variables)
}

/// A variable with the value it was given, else with that of the environment.
fn valued(EnvEntry { name, value }: EnvEntry) -> Result<(String, SecretString), CommandError> {
    match value {
        Some(value) => Ok((name, value.into())),
        None => from_environment(&name).map(|value| (name, value)),
    }
}

/// The variables that are named, each once; the command line's come after the file's and win.
fn entries(flags: &[EnvEntry], config: &Config) -> Result<Vec<EnvEntry>, CommandError> {
    let of_file = config
        .test
        .env
        .iter()
        .map(|text| text.parse::<EnvEntry>().map_err(|fault| CommandError::usage(format!("test.env: {fault}"))));
    let mut found: Vec<EnvEntry> = Vec::new();
    for entry in of_file.chain(flags.iter().cloned().map(Ok)) {
        let entry = entry?;
        found.retain(|known| known.name != entry.name);
        found.push(entry);
    }
    Ok(found)
}

fn from_environment(name: &str) -> Result<SecretString, CommandError> {
    std::env::var(name).map(SecretString::from).map_err(|_| {
        CommandError::usage(format!("the variable {name} for the script is not set"))
            .with_hint(format!("set {name} in the job, the project or a context, or leave --env {name} out"))
    })
}
