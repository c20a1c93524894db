//! `compare`: two runs side by side.

use std::io::Write;
use std::path::Path;

use crate::baseline::{self, ComparedRun, EndpointRecord, GoodRun, RunHistory};
use crate::cli::CompareArgs;
use crate::error::{CommandError, Explain};
use crate::exit::Exit;
use crate::judging;
use crate::redact;
use crate::report::compare;
use crate::report::console::ConsoleOptions;
use crate::results::{Engine, Results, ResultsFolder, RunRecord};
use crate::stdout::printed;
use crate::text::short_commit;
use crate::verdict::{SideOfComparison, Verdict};

/// Good runs named in a hint.
const NAMED_RUNS: usize = 5;

pub(super) fn run(arguments: &CompareArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let history = judging::open_history(&arguments.history)?;
    let a = side('A', &arguments.a, &history)?;
    let b = side('B', &arguments.b, &history)?;
    let same = |run: &&GoodRun| Some(&run.fingerprint) == b.fingerprint.as_ref();
    let others = |run: &&GoodRun| ![&a, &b].into_iter().any(|side| side.is.at == Some(run.at));
    let good: Vec<&GoodRun> = history.runs().iter().filter(same).filter(others).collect();
    let comparison = baseline::compare(&a, &b, &good).map_err(|fault| {
        CommandError::usage(fault.to_string())
            .with_hint("compare two runs of one test; each folder's run.json names its test")
    })?;
    let mut text = Vec::new();
    printed(compare::write(&mut text, &comparison, ConsoleOptions::default().width))?;
    printed(sink.write_all(&redact::hide_data(&text)).and_then(|()| sink.flush()))?;
    if let Some(file) = &arguments.markdown {
        write("--markdown", file, &compare::markdown(&comparison))?;
    }
    if let Some(file) = &arguments.page {
        write("--page", file, &compare::page(&comparison))?;
    }
    Ok(Exit::Passed)
}

fn write(flag: &str, file: &Path, text: &str) -> Result<(), CommandError> {
    std::fs::write(file, redact::hide(text).as_bytes())
        .map_err(|cause| CommandError::usage(format!("{flag}: failed to write {}: {cause}", file.display())))?;
    tracing::info!("wrote {}", file.display());
    Ok(())
}

/// One side: a results folder, or a good run of the history by its number or commit.
fn side(letter: char, named: &str, history: &RunHistory) -> Result<ComparedRun, CommandError> {
    let path = Path::new(named);
    if path.is_dir() {
        return of_folder(letter, named);
    }
    if path.is_file() {
        return Err(CommandError::usage(format!("{letter}: {named} is a file")).with_hint(
            "name the results folder that holds it; `gate --from stats.csv --results FOLDER` makes one of CSV files",
        ));
    }
    let is_commit = named.len() >= 4 && named.bytes().all(|byte| byte.is_ascii_hexdigit());
    let matches = |run: &&GoodRun| {
        run.run.id.to_string() == named
            || is_commit && run.commit.as_deref().is_some_and(|commit| commit.starts_with(&named.to_ascii_lowercase()))
    };
    let found: Vec<&GoodRun> = history.runs().iter().filter(matches).collect();
    let commits: std::collections::BTreeSet<&str> = found.iter().filter_map(|run| run.commit.as_deref()).collect();
    match found.last() {
        Some(_) if commits.len() > 1 => {
            let names: Vec<String> = found.iter().rev().take(NAMED_RUNS).map(|run| name_of(run)).collect();
            Err(CommandError::usage(format!("{letter}: `{named}` is more than one good run: {}", names.join("; ")))
                .with_hint("name one by more letters of its commit"))
        }
        Some(newest) => Ok(ComparedRun::recorded(newest, "good run of the history".to_owned())),
        None => {
            let known: Vec<String> = history.runs().iter().rev().take(NAMED_RUNS).map(name_of).collect();
            let folder = history.folder().display();
            let hint = if known.is_empty() {
                format!("{folder} holds no good run; --history names another one")
            } else {
                format!("the last good runs of {folder}: {}", known.join("; "))
            };
            let message = format!("{letter}: `{named}` is neither a results folder nor a good run of the history");
            Err(CommandError::usage(message).with_hint(hint))
        }
    }
}

/// `run 98213, commit 4be1d2a, 2026-11-22`; runs of the local engine share their numbers, so they have none here.
fn name_of(run: &GoodRun) -> String {
    let commit = run.commit.as_deref().map_or_else(String::new, |commit| format!(", commit {}", short_commit(commit)));
    let name = match run.fingerprint.engine {
        Engine::Loadforge => format!("run {}", run.run.id),
        Engine::Local => "local run".to_owned(),
        Engine::Csv => "CSV files".to_owned(),
    };
    format!("{name}{commit}, {}", run.at.strftime("%Y-%m-%d"))
}

fn of_folder(letter: char, named: &str) -> Result<ComparedRun, CommandError> {
    let folder = ResultsFolder::new(named);
    let refused = |fault: crate::results::FolderError| {
        let error = CommandError::new(Exit::Usage, format!("{letter}: {}", crate::error::chain(&fault)));
        match fault.hint() {
            Some(_) => error.with_hint("a results folder is what `run`, `wait` or `gate` wrote; it holds results.json"),
            None => error,
        }
    };
    let results: Results = folder.read_json(ResultsFolder::RESULTS).map_err(refused)?;
    let run: Option<RunRecord> = folder.read_json_if_there(ResultsFolder::RUN).map_err(refused)?;
    let verdict: Option<Verdict> = folder.read_json_if_there(ResultsFolder::VERDICT).map_err(refused)?;
    if results.total.requests == 0 {
        return Err(CommandError::usage(format!("{letter}: nothing was measured in {named}")));
    }
    Ok(ComparedRun {
        is: SideOfComparison {
            name: named.to_owned(),
            at: run.as_ref().and_then(baseline::started),
            commit: run.as_ref().and_then(|run| run.identity.build.commit.clone()),
            verdict: verdict.map(|verdict| verdict.outcome),
        },
        fingerprint: run.map(|run| run.fingerprint),
        exact: baseline::is_exact(&results),
        total: EndpointRecord::of(&results.total),
        endpoints: results.endpoints.iter().map(EndpointRecord::of).collect(),
    })
}
