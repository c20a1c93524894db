//! `sync`: keep the tests of this repository on LoadForge.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;

use similar::TextDiff;

use crate::circleci;
use crate::clean;
use crate::cli::SyncArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::{
    Client, ComparedTest, KeptTest, LeftOver, SavedTargets, SyncComparison, compare, delete, keep, without_mark,
};
use crate::redact;
use crate::results::Build;
use crate::running::{self, Service};
use crate::stdout::printed;
use crate::text::counted;

/// The lines of a script shown around each difference.
const CONTEXT: usize = 2;

/// What stands for a repository that neither CircleCI nor git names.
const UNKNOWN: &str = "an unknown repository";

pub(super) async fn run(arguments: &SyncArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let build = circleci::build(&circleci::environment(), arguments.config.selected());
    let repository = build.repository.as_deref().unwrap_or(UNKNOWN);
    if arguments.prune && repository == UNKNOWN {
        return Err(CommandError::usage("--prune needs to know the repository, whose tests it deletes")
            .with_hint("run it in a checkout with a git remote, or in CircleCI"));
    }
    let kept = kept_tests(arguments, &build, repository)?;
    let client = Service::remote(&arguments.service)?.client;
    let mut compared = compare(&client, &kept, repository).await?;
    // Of one test alone it is not known what the others keep.
    if arguments.config.name.is_some() || repository == UNKNOWN {
        compared.left.clear();
    }
    let mut show = |text: &str| printed(sink.write_all(text.as_bytes()));
    if arguments.adopt {
        return adopt(&compared, show);
    }
    compared.tests.iter().try_for_each(|test| show(&differences(test)))?;
    if arguments.check {
        show(&left_over(&compared.left, "sync --prune deletes it"))?;
        let is_same = compared.tests.iter().all(ComparedTest::is_same) && compared.left.is_empty();
        return Ok(if is_same { Exit::Passed } else { Exit::GateFailed });
    }
    for test in compared.tests.iter().filter(|test| !test.is_same()) {
        let id = keep(&client, test, &mut running::log_event).await?;
        show(&format!("{}: {} test {id}\n", test.kept.name, if test.row.is_some() { "updated" } else { "created" }))?;
    }
    if arguments.prune {
        show(&left_over(&compared.left, "it is deleted now"))?;
        prune(&client, &compared.left).await?;
    } else {
        show(&left_over(&compared.left, "sync --prune deletes it"))?;
    }
    Ok(Exit::Passed)
}

/// The tests that the flags mean, as LoadForge is to have them.
fn kept_tests(arguments: &SyncArgs, build: &Build, repository: &str) -> Result<Vec<KeptTest>, CommandError> {
    let mut kept: Vec<KeptTest> = Vec::new();
    for (name, config) in arguments.config.load_each()? {
        if config.test.id.is_some() || config.test.name.is_some() {
            // A test of LoadForge's own; there is nothing here to keep there.
            continue;
        }
        let Some(saved_as) = config.test.saved_as.clone().or(name) else {
            return Err(CommandError::usage("the test under `test:` has no name on LoadForge")
                .with_hint("add `saved_as: NAME` to it, or move it under `tests:`, by name"));
        };
        let test = kept_test(&config, build, &saved_as, repository)?;
        if let Some(other) = kept.iter().find(|other| other.name == saved_as) {
            let (one, other) = (&test.path, &other.path);
            return Err(CommandError::usage(format!("two tests are kept as `{saved_as}`: {other} and {one}"))
                .with_hint("give one of them another `saved_as`"));
        }
        kept.push(test);
    }
    if kept.is_empty() {
        return Err(CommandError::usage("no test with a script to keep on LoadForge")
            .with_hint("name a script with `locustfile` under `tests:` in loadforge.yml"));
    }
    Ok(kept)
}

fn kept_test(config: &Config, build: &Build, name: &str, repository: &str) -> Result<KeptTest, CommandError> {
    if !config.test.env.is_empty() {
        tracing::warn!("{name}: a saved test carries no environment variables; its script has to do without test.env");
    }
    let plan = running::plan_of_file(config, build)?;
    if let Some(target) = &plan.target_host {
        config.guard.check(target)?;
    }
    let targets = &config.test.targets;
    let ms = |duration: Option<crate::config::Duration>| duration.map(|duration| (duration.as_secs() * 1000.0).round());
    let targets =
        SavedTargets { apdex_ms: ms(targets.apdex), p95_ms: ms(targets.p95), error_percent: targets.error_percent };
    Ok(KeptTest::of(&plan, name, repository, targets)?)
}

/// How LoadForge differs in one test, in words and as a diff.
fn differences(test: &ComparedTest<'_>) -> String {
    let name = &test.kept.name;
    let Some(row) = &test.row else { return format!("{name}: not on LoadForge\n") };
    if test.is_same() {
        return format!("{name}: as LoadForge test {}\n", row.id);
    }
    let mut text = format!("{name}: differs from LoadForge test {}\n", row.id);
    for difference in &test.settings {
        let there = clean::line(&difference.there);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {}: {} here, {there} on LoadForge", difference.setting, difference.here);
    }
    if test.script_differs {
        let there = without_mark(row.locustfile.as_deref().unwrap_or_default()).replace("\r\n", "\n");
        let diff = TextDiff::from_lines(there.as_str(), without_mark(&test.kept.script));
        let unified = diff.unified_diff().context_radius(CONTEXT).header("LoadForge", &test.kept.path).to_string();
        for line in redact::hide(&unified).lines() {
            let _ = writeln!(text, "  {}", clean::line(line));
        }
    }
    text
}

fn left_over(left: &[LeftOver], what: &str) -> String {
    let line = |left: &LeftOver| {
        let (kind, id, name) = match left {
            LeftOver::Test { id, name } => ("test", id, name),
            LeftOver::File { id, name } => ("data file", id, name),
        };
        format!("left over: {kind} {id} `{}`; {what}\n", clean::line(name))
    };
    left.iter().map(line).collect()
}

/// Deletes what was listed: tests before the data files that they need.
async fn prune(client: &Client, left: &[LeftOver]) -> Result<(), CommandError> {
    for item in left {
        delete(client, item).await?;
    }
    if !left.is_empty() {
        tracing::info!("deleted {}", counted(left.len(), "leftover"));
    }
    Ok(())
}

/// Writes LoadForge's scripts into the repository, and prints what else differs.
fn adopt(
    compared: &SyncComparison<'_>,
    mut show: impl FnMut(&str) -> Result<(), CommandError>,
) -> Result<Exit, CommandError> {
    let mut open = 0;
    for test in &compared.tests {
        let (kept, Some(row)) = (test.kept, &test.row) else {
            show(&format!("{}: not on LoadForge, nothing to take over\n", test.kept.name))?;
            continue;
        };
        if test.is_same() {
            show(&differences(test))?;
            continue;
        }
        if test.script_differs {
            match row.locustfile.as_deref().filter(|_| kept.is_plain) {
                Some(there) => {
                    let text = without_mark(there).replace("\r\n", "\n");
                    fs::write(&kept.path, text).map_err(|cause| {
                        CommandError::usage(format!("failed to write the script {}: {cause}", kept.path))
                    })?;
                    show(&format!("{}: wrote the script of test {} to {}\n", kept.name, row.id, kept.path))?;
                }
                None => {
                    open += 1;
                    show(&format!(
                        "{}: LoadForge has the script of {} with its modules, stages or data files in it; take the change over \
                         by hand:\n",
                        kept.name, kept.path
                    ))?;
                    let mut script_alone = test.clone();
                    script_alone.settings.clear();
                    show(&differences(&script_alone))?;
                }
            }
        }
        if !test.settings.is_empty() {
            open += 1;
            show(&format!("{}: write these settings into loadforge.yml:\n", kept.name))?;
            for difference in &test.settings {
                let there = clean::line(&difference.there);
                show(&format!("  {}: {there}   # here {}\n", difference.setting, difference.here))?;
            }
        }
    }
    Ok(if open == 0 { Exit::Passed } else { Exit::GateFailed })
}
