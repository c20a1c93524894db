//! `demo`: the whole story on this machine, with a shop of our own as the system under test.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::baseline;
use crate::circleci;
use crate::cli::{BaselineArgs, DemoArgs, OutputArgs};
use crate::config::Config;
use crate::demo::scripts::{DemoScript, ECOMMERCE};
use crate::demo::shop::{Fault, Shop, ShopConfig};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::gate::{self, Options, PlacedGate};
use crate::judging::demo_history::{self, SPAWN_RATE, USERS};
use crate::judging::{self, Judging, RunUnderTest};
use crate::loadforge::{RunOutcome, RunPlan, ScriptFile};
use crate::results::{Build, ConfigChoice, Engine, LocalLoad, ResultsFolder, StartApi, TestSource};
use crate::running::{self, Preflight, Service};
use crate::stdout::{answer, printed};
use crate::text::counted;
use crate::verdict::{Origin, TargetPolicy};

const SCRIPT: DemoScript = ECOMMERCE;

/// Factor by which logging in is slower in the broken shop.
const SLOW_LOGIN: f64 = 12.0;

/// Goals the healthy shop meets with room to spare on any machine.
const GATES: [&str; 5] = [
    "p95 < 1500ms",
    "error_rate < 1%",
    "p95 of \"POST /api/v1/auth/login\" < 400ms",
    "error_rate of \"/api/**\" < 5%",
    "requests > 100",
];

/// What shows that a release got slower than the builds before it. The good builds were recorded on another machine, so that
/// it warns only, and the healthy shop is not compared with them.
const AGAINST_GOOD_BUILDS: &str = "warn: p95 of \"**\" <= +25% vs baseline";

pub(super) async fn run(arguments: &DemoArgs, output: OutputArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let faults = if arguments.broken { vec![Fault::SlowLogin { factor: SLOW_LOGIN }] } else { Vec::new() };
    if let Some(listen) = arguments.serve {
        return serve(ShopConfig { listen, faults, ..ShopConfig::default() }, sink).await;
    }
    let shop = Shop::start(ShopConfig { faults, ..ShopConfig::default() }).await?;
    explain(arguments, &shop.url());
    let service = Service::local(LocalLoad::default()).await?;
    let plan = plan(arguments, &shop.url(), shop.env())?;
    // Each demo is a run of its own, also when an earlier one left its folder behind.
    let folder = ResultsFolder::new(&arguments.results);
    folder.remove(ResultsFolder::RUN)?;
    let ended = running::execute(&service, &plan, folder, &Config::default(), Preflight::Skip, None).await;
    service.close().await;
    let served: u64 = shop.served().iter().map(|endpoint| endpoint.requests()).sum();
    shop.shutdown().await;
    let ended = ended?;
    let exit = running::report_outcome(&ended);
    if ended.outcome != RunOutcome::Finished {
        return Ok(exit);
    }
    tracing::info!("the shop counted {} of its own", counted(served, "request"));
    let history = arguments.broken.then(|| history_folder(arguments));
    let exit = verdict(&arguments.results, history.as_deref(), output)?;
    answer(exit, printed(writeln!(sink, "\n{}", next(arguments, exit)).and_then(|()| sink.flush())))
}

/// Serves the shop alone, as a target to try a script on.
async fn serve(config: ShopConfig, mut sink: impl Write) -> Result<Exit, CommandError> {
    let mut stop = running::stop_signals()?;
    let shop = Shop::start(config).await?;
    // The address goes to stdout, so that a script can read it.
    printed(writeln!(sink, "{}", shop.url()).and_then(|()| sink.flush()))?;
    tracing::info!("serving the sample shop; stop it with Ctrl-C");
    let signal = stop.signal().await;
    shop.shutdown().await;
    Ok(signal.exit())
}

/// What of the broken demo is real.
const RECORDED: &str = "The run is real. The five good builds that it is compared with were recorded on another machine, and \
                        are dated as if they were of the last five days.";

fn explain(arguments: &DemoArgs, url: &str) {
    let shop = if arguments.broken { "a shop whose login became slow" } else { "a healthy shop" };
    tracing::info!(
        "This demo serves {shop} at {url}, starts a LoadForge-compatible server, and sends it the Locust script\n\
         {} ({}). Real Locust runs it with {USERS} users for {}, followed as a run in the cloud would be.\n\
         Then the gates judge what was measured. The first time Locust itself is installed, which takes a little longer.\n\
         {}\n",
        SCRIPT.file,
        SCRIPT.about,
        arguments.duration,
        if arguments.broken { RECORDED } else { "Everything you see is measured now." }
    );
}

fn plan(arguments: &DemoArgs, url: &str, env: Vec<(&'static str, String)>) -> Result<RunPlan, CommandError> {
    let wanted = |name: &str| SCRIPT.variables.contains(&name);
    let env = env.into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.to_owned(), value.into()));
    Ok(RunPlan {
        test: TestSource::Script(ScriptFile::new(SCRIPT.file, SCRIPT.source)),
        users: Some(USERS),
        spawn_rate: Some(SPAWN_RATE),
        stages: Vec::new(),
        duration: arguments.duration.to_std(),
        regions: BTreeMap::new(),
        target_host: Some(
            url.parse().map_err(|cause| CommandError::usage(format!("the shop's address {url}: {cause}")))?,
        ),
        env: env.collect(),
        timeout: arguments.duration.to_std() + Duration::from_secs(15 * 60),
        start_api: StartApi::V2,
        detach: false,
        engine: Engine::Local,
        local: LocalLoad::default(),
        build: circleci::build(&circleci::environment(), ConfigChoice::default()),
    })
}

/// Where the recorded builds go: into the demo's own folder, never among a history of the user's own.
fn history_folder(arguments: &DemoArgs) -> PathBuf {
    arguments.results.join("demo-history")
}

fn verdict(results: &Path, history: Option<&Path>, output: OutputArgs) -> Result<Exit, CommandError> {
    let gates = GATES
        .iter()
        .chain(history.is_some().then_some(&AGAINST_GOOD_BUILDS))
        .map(|text| Ok(PlacedGate { gate: text.parse()?, origin: Origin::Default }))
        .collect::<Result<Vec<_>, CommandError>>()?;
    let options = Options { targets: TargetPolicy::Ignore, ..Options::default() };
    let mut under_test = RunUnderTest::of_folder(ResultsFolder::new(results))?;
    let config = Config::default();
    if let (Some(run), Some(history)) = (&under_test.run, history) {
        // A shop that an earlier demo served is another host, so its builds are not compared with this one.
        remove_history(history)?;
        demo_history::seed(history, &run.fingerprint, jiff::Timestamp::now())?;
    }
    let index = history.map(judging::open_index).transpose()?;
    let rules = judging::rules(&BaselineArgs::default(), &config);
    let compared = index.as_ref().map(|index| (index, &rules));
    let mut verdict = Judging::new(gates, &config, compared, options).judge(&mut under_test)?;
    verdict.evidence = baseline::evidence(&verdict);
    let judged = under_test.judged(verdict, &circleci::environment(), &Build::default());
    judging::write_reports(&judged, None, output)?;
    Ok(gate::exit(&judged.verdict))
}

fn remove_history(folder: &Path) -> Result<(), CommandError> {
    match std::fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(CommandError::usage(format!(
            "failed to remove the history of an earlier demo in {}: {cause}",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

/// What the reader can do from here.
fn next(arguments: &DemoArgs, exit: Exit) -> String {
    let folder = arguments.results.display();
    let history = history_folder(arguments);
    let history = history.display();
    match exit {
        Exit::Passed => format!(
            "Open {folder}/report.html for the page, {folder}/summary.md for the pull request comment.\n\
             `loadforge-ci baseline show --history {history}` lists the five recorded builds.\n\
             `loadforge-ci demo --broken` shows a release that got slower being stopped."
        ),
        Exit::GateFailed => format!(
            "This is what a stopped release looks like: exit code {}, and every report is written all the same.\n\
             Open {folder}/report.html for the page, with the five recorded builds and this real one.\n\
             `loadforge-ci baseline show --history {history}` lists the recorded ones.",
            exit.code()
        ),
        _ => format!("Inconclusive: a longer run (--duration) sends more requests. See {folder}/report.html."),
    }
}
