//! What makes a run's numbers doubtful or void, in words and with the evidence.
//!
//! Locust's exit code is no judge: it is 0 when nothing was sent, when users died and after a SIGTERM.

mod evidence;
mod notes;
mod users;

use std::os::unix::process::ExitStatusExt;

use evidence::{last_traceback, problem, seconds};
pub use notes::notes;

use super::invocation::LocustInvocation;
use super::run::{Finished, StopRequest};
use crate::locust::record::Record;
use crate::results::{Problem, ProblemKind};
use crate::text::{counted, duration};

/// Share of a core from which a process of the load generator counts as busy all the time.
const SATURATED: f64 = 0.9;

/// For how many seconds on end it may be so.
const SATURATED_S: usize = 5;

/// How much earlier than planned a run may stop, s.
const EARLY_S: f64 = 1.0;

/// All problems of a run, the gravest first.
#[must_use]
pub fn problems(plan: &LocustInvocation, finished: &Finished) -> Vec<Problem> {
    let record = &finished.record;
    if !record.loaded() {
        return vec![not_loaded(finished)];
    }
    let cancelled = finished.stop == Some(StopRequest::Asked);
    let mut problems = Vec::new();
    problems.extend(ended_early(plan, finished));
    if !cancelled {
        problems.extend(nothing_sent(plan, finished));
        problems.extend(users::lost(plan, finished));
        problems.extend(Some(record).filter(|record| record.total().requests() > 0).and_then(users::hung));
        problems.extend(unrecorded(record));
    }
    problems.extend(record_incomplete(record));
    problems.extend(script_exceptions(record));
    problems.extend(listener_raised(finished));
    problems.extend(saturated(record));
    problems
}

fn not_loaded(finished: &Finished) -> Problem {
    let log = finished.log.trim();
    if finished.stop.is_some() {
        return problem(ProblemKind::EndedEarly, "the run was stopped before the script was loaded", Some(log.into()));
    }
    if log.contains("No User class found") {
        let message = "the script holds no user class: at least one class must extend HttpUser, FastHttpUser or User";
        return problem(ProblemKind::ScriptDidNotLoad, message, Some(log.into()));
    }
    let trace = last_traceback(log);
    let cause = trace.and_then(exception);
    if let Some(usage) =
        log.lines().rev().find_map(|line| line.split_once("locust: error: ")).filter(|_| cause.is_none())
    {
        let message = format!("Locust refused an option of the command line or of a configuration file: {}", usage.1);
        return problem(ProblemKind::ScriptDidNotLoad, message, Some(log.into()));
    }
    let how = how_it_ended(finished);
    let message = match cause {
        Some(cause) => match missing_module(cause) {
            Some(module) => format!(
                "the script could not be loaded: {cause}. `{module}` is neither in the folder that Locust runs in nor \
                 installed: name a requirements file with test.requirements (--requirements), or a folder above with \
                 test.folder (--folder)"
            ),
            None => format!("the script could not be loaded: {cause}"),
        },
        None => format!("the script could not be loaded: Locust {how} before it began"),
    };
    problem(ProblemKind::ScriptDidNotLoad, message, Some(trace.unwrap_or(log).into()))
}

/// The exception of a traceback: the first line after its head that is not indented.
fn exception(trace: &str) -> Option<&str> {
    trace.lines().skip(1).find(|line| !line.is_empty() && !line.starts_with(' '))
}

/// The module that an exception says is missing.
fn missing_module(exception: &str) -> Option<&str> {
    let name = exception.strip_prefix("ModuleNotFoundError: No module named '")?.split('\'').next()?;
    Some(name.split('.').next().unwrap_or(name))
}

fn how_it_ended(finished: &Finished) -> String {
    let Some(status) = finished.status else { return "ended".into() };
    match (status.code(), status.signal()) {
        (_, Some(signal)) => format!("was killed by signal {signal}"),
        (Some(code), _) => format!("ended with exit code {code}"),
        _ => "ended".into(),
    }
}

fn ended_early(plan: &LocustInvocation, finished: &Finished) -> Option<Problem> {
    let record = &finished.record;
    let planned = plan.run_seconds() as f64;
    let end = record.stopping().or(record.last_request());
    let ran = match (record.started(), end) {
        (Some(start), Some(end)) => (end - start).max(0.0),
        _ => 0.0,
    };
    let after = format!("after {} of {}", seconds(ran), seconds(planned));
    let log = || Some(finished.log.trim().to_owned());
    let early = |message: String, detail| Some(problem(ProblemKind::EndedEarly, message, detail));
    if finished.stop == Some(StopRequest::Asked) {
        return early(format!("the run was cancelled {after}"), None);
    }
    if finished.stop == Some(StopRequest::Deadline) {
        let limit = duration(plan.deadline());
        return early(format!("Locust had not ended {limit} after its start and was stopped"), log());
    }
    if !record.leader_ended() && finished.stop.is_none() {
        // Before the test began, what raised is what ended it; later, tasks may have raised and gone on.
        let raised = last_traceback(&finished.log).and_then(exception).filter(|_| record.started().is_none());
        let why = match raised {
            _ if !record.exited() => String::new(),
            Some(cause) => format!(": {cause}"),
            None => ": the script called sys.exit, or an error ended Locust".to_owned(),
        };
        return early(format!("Locust {} {after}{why}", how_it_ended(finished)), log());
    }
    if finished.stop.is_none() && record.shape().is_none() && ran + EARLY_S < planned {
        let message = format!("Locust ended by itself {after}: the script stopped the run");
        return Some(problem(ProblemKind::EndedItself, message, log()));
    }
    let incomplete = record.incomplete_processes();
    (incomplete > 0).then(|| {
        let message = format!(
            "{incomplete} of Locust's processes did not end in order; requests of their last second may be missing"
        );
        problem(ProblemKind::EndedEarly, message, log())
    })
}

fn nothing_sent(plan: &LocustInvocation, finished: &Finished) -> Option<Problem> {
    if finished.record.total().requests() > 0 {
        return None;
    }
    let length = seconds(plan.run_seconds() as f64);
    let message = match users::never_ended(&finished.record) {
        _ if finished.log.contains("must specify the base host") => {
            "no request was sent: the script names no host. Set --target-host (variable LOADFORGE_CI_TARGET_HOST, key \
             test.target_host), or `host` in its user classes"
                .to_owned()
        }
        Some(open) => format!("no request ended within the {length} of the run: {open}"),
        None => format!(
            "no request ended within the {length} of the run: the script sends none, its users wait too long, or the \
             target never answers"
        ),
    };
    Some(problem(ProblemKind::NothingSent, message, Some(finished.log.trim().to_owned())))
}

fn script_exceptions(record: &Record) -> Option<Problem> {
    let count: u64 = record.exceptions(false).map(|(_, seen)| seen.count).sum();
    let (text, seen) = record.exceptions(false).max_by_key(|(_, seen)| seen.count)?;
    let message = format!(
        "{} ended in an exception of the script, most often {text} ({}); a request it happened in may \
         be missing from all numbers",
        counted(count, "task"),
        counted(seen.count, "time")
    );
    Some(problem(ProblemKind::ScriptExceptions, message, Some(seen.traceback.clone())))
}

/// A listener that raised an exception; Locust logs it and continues.
fn listener_raised(finished: &Finished) -> Option<Problem> {
    finished.record.listener_raised().then(|| {
        let trace = last_traceback(&finished.log);
        let cause = trace.and_then(exception).map_or_else(String::new, |cause| format!(": {cause}"));
        let message =
            format!("a listener or a greenlet of the script raised an exception{cause}; what it checks is not known");
        problem(ProblemKind::ListenerRaised, message, trace.map(str::to_owned))
    })
}

/// Requests that ended and are in no number.
fn unrecorded(record: &Record) -> Option<Problem> {
    let unchecked = record.never_checked();
    let total: u64 = unchecked.values().sum();
    let (most, _) = unchecked.iter().max_by_key(|(_, count)| **count)?;
    let message = format!(
        "{} took the response with catch_response and never checked it, so that it is in no number, most often {most}. Use \
         it in a `with` block, and let nothing in the block raise",
        counted(total, "request")
    );
    Some(problem(ProblemKind::RequestsUnrecorded, message, None))
}

/// What of the record is missing.
fn record_incomplete(record: &Record) -> Option<Problem> {
    let (lines, events) = record.lost();
    let parts: Vec<String> = [(lines, "line"), (events, "event")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count, noun))
        .collect();
    (!parts.is_empty()).then(|| {
        let message = format!(
            "{} of the load generator's record are missing; a line holds a second of measurements. The disk may be full, or \
             the script reported something that cannot be counted",
            parts.join(" and ")
        );
        problem(ProblemKind::RecordIncomplete, message, None)
    })
}

fn saturated(record: &Record) -> Option<Problem> {
    let longest = record.cpu().into_values().map(|shares| longest_busy(&shares)).max().unwrap_or(0);
    (longest >= SATURATED_S).then(|| {
        let message = format!(
            "the load generator was at its CPU limit for {} on end: response times include its own queueing. \
             Use fewer users, more processes, or FastHttpUser",
            seconds(longest as f64)
        );
        problem(ProblemKind::GeneratorSaturated, message, None)
    })
}

/// The most seconds on end a process was busy. Its first share covers its own start and does not count.
fn longest_busy(shares: &[f64]) -> usize {
    let mut longest = 0;
    let mut current = 0;
    for share in shares.iter().skip(1) {
        current = if *share >= SATURATED { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}

#[cfg(test)]
mod tests;
