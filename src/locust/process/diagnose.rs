//! What makes a run's numbers doubtful or void, in words and with the evidence.
//!
//! Locust's exit code is no judge: it is 0 when nothing was sent, when users died and after a SIGTERM.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

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
        problems.extend(users_lost(plan, finished));
    }
    problems.extend(script_exceptions(record));
    problems.extend(saturated(record));
    problems
}

fn problem(kind: ProblemKind, message: impl Into<String>, detail: Option<String>) -> Problem {
    Problem::new(kind, message).with_detail(detail.filter(|detail| !detail.trim().is_empty()))
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
    // The exception is the first line of the traceback after its head that is not indented.
    let cause = trace.and_then(|trace| trace.lines().skip(1).find(|line| !line.is_empty() && !line.starts_with(' ')));
    let how = how_it_ended(finished);
    let message = match cause {
        Some(cause) => format!("the script could not be loaded: {cause}"),
        None => format!("the script could not be loaded: Locust {how} before it began"),
    };
    problem(ProblemKind::ScriptDidNotLoad, message, Some(trace.unwrap_or(log).into()))
}

/// The log from its last traceback on.
fn last_traceback(log: &str) -> Option<&str> {
    log.rfind("Traceback (most recent call last)").map(|start| &log[start..])
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
        return early(format!("Locust {} {after}", how_it_ended(finished)), log());
    }
    if finished.stop.is_none() && !record.has_shape() && ran + EARLY_S < planned {
        return early(format!("Locust ended by itself {after}: the script stopped the run"), log());
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
    let message = format!(
        "no request ended within the {} of the run: the script sends none, its users wait too long, or the target \
         never answers",
        seconds(plan.run_seconds() as f64)
    );
    Some(problem(ProblemKind::NothingSent, message, Some(finished.log.trim().to_owned())))
}

fn users_lost(plan: &LocustInvocation, finished: &Finished) -> Option<Problem> {
    let record = &finished.record;
    let users = record.users();
    let peak = users.iter().map(|(_, users)| *users).max().unwrap_or(0);
    let (wanted, length) = (plan.users, plan.run_seconds() as f64);
    let raised: u64 = record.exceptions(true).map(|(_, seen)| seen.count).sum();
    if raised > 0 {
        let (text, seen) = record.exceptions(true).max_by_key(|(_, seen)| seen.count)?;
        let lost = if record.has_shape() { counted(raised, "user") } else { format!("{raised} of {wanted} users") };
        let message = format!("{lost} were lost before their first task: `on_start` raised {text}");
        return Some(problem(ProblemKind::UsersLost, message, Some(seen.traceback.clone())));
    }
    if record.has_shape() {
        return None;
    }
    if !record.all_spawned() && peak < wanted {
        let needed = f64::from(wanted) / plan.spawn_rate;
        let why = if needed >= length {
            let (needed, lasted) = (seconds(needed), seconds(length));
            format!(": {} users per second need {needed} and the run lasted {lasted}", plan.spawn_rate)
        } else {
            String::new()
        };
        let message = format!("only {peak} of {wanted} users were ever running{why}");
        return Some(problem(ProblemKind::UsersLost, message, None));
    }
    // Counts of users that had been told to stop say nothing.
    let at_end = record.users_before(record.stopping()?)?;
    (at_end < wanted).then(|| {
        let lost = wanted - at_end;
        let message = format!("{lost} of {wanted} users were gone before the end: they died or stopped themselves");
        // Locust before 2.47 tells of an exception in `on_start` in its log only.
        problem(ProblemKind::UsersLost, message, last_traceback(&finished.log).map(str::to_owned))
    })
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

fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
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
mod tests {
    use std::fs;
    use std::process::ExitStatus;
    use std::time::Duration;

    use super::*;
    use crate::locust::record::Tail;

    fn judged(lines: &str, change: impl FnOnce(&mut LocustInvocation, &mut Finished)) -> Vec<Problem> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("local-1.ndjson"), lines).unwrap();
        let mut record = Record::default();
        Tail::new(dir.path()).read_into(&mut record).unwrap();
        let mut plan = LocustInvocation {
            script: "/r/locustfile.py".into(),
            folder: "/r".into(),
            users: 4,
            spawn_rate: 4.0,
            run_time: Duration::from_secs(10),
            stop_timeout: Duration::from_secs(5),
            host: None,
            processes: Some(1),
            env: [].into(),
        };
        let status = Some(ExitStatus::from_raw(0));
        let mut finished = Finished { record, status, stop: None, log: String::new() };
        change(&mut plan, &mut finished);
        problems(&plan, &finished)
    }

    fn shown(problems: &[Problem]) -> String {
        problems.iter().map(|problem| format!("{:?}: {}\n", problem.kind, problem.message)).collect()
    }

    const START: &str = r#"{"event":"init","t":99,"role":"local","pid":1,"locust":"2.47.0","users":["U"],"shape":null}
{"event":"mark","name":"test_start","t":100.0}
{"event":"mark","name":"spawning_complete","t":100.5}
"#;
    const END: &str = r#"{"event":"mark","name":"test_stopping","t":110.0}
{"event":"final","t":110.2,"exit_code":0,"requests":REQUESTS,"failures":0}
"#;

    fn second(s: u32, users: u32, cpu: f64, requests: u32) -> String {
        let endpoints = if requests > 0 {
            format!(r#"["GET","/",{requests},0,0,2.0,2.0,2.0,1,[[2005,{requests}]],[]]"#)
        } else {
            String::new()
        };
        format!(
            "{{\"event\":\"second\",\"s\":{s},\"t\":{}.02,\"users\":{users},\"cpu\":{cpu},\"last\":{s}.5,\"endpoints\":[{endpoints}],\"errors\":[],\"exceptions\":[]}}\n",
            s + 1
        )
    }

    fn whole_run(users: impl Fn(u32) -> u32, cpu: f64) -> String {
        let seconds: String = (100..110).map(|s| second(s, users(s), cpu, 3)).collect();
        format!("{START}{seconds}{}", END.replace("REQUESTS", "30"))
    }

    #[test]
    fn a_good_run_has_no_problem() {
        assert_eq!(shown(&judged(&whole_run(|_| 4, 0.2), |_, _| {})), "");
    }

    #[test]
    fn a_script_that_did_not_load_shows_its_traceback() {
        let log = "starting\nTraceback (most recent call last):\n  File \"x.py\", line 1\n    def (:\n        ^\nSyntaxError: invalid syntax\n";
        let problems = judged("", |_, finished| finished.log = log.into());
        insta::assert_snapshot!(shown(&problems), @"ScriptDidNotLoad: the script could not be loaded: SyntaxError: invalid syntax");
        assert!(problems[0].detail.as_ref().unwrap().starts_with("Traceback"));
        let problems = judged("", |_, finished| finished.log = "[..] ERROR: No User class found!".into());
        assert!(problems[0].message.contains("no user class"), "{problems:?}");
        let problems = judged("", |_, finished| finished.status = Some(ExitStatus::from_raw(9)));
        assert!(problems[0].message.contains("killed by signal 9"), "{problems:?}");
    }

    #[test]
    fn a_run_without_requests_says_so() {
        let seconds: String = (100..110).map(|s| second(s, 4, 0.1, 0)).collect();
        let lines = format!("{START}{seconds}{}", END.replace("REQUESTS", "0"));
        insta::assert_snapshot!(shown(&judged(&lines, |_, _| {})), @"NothingSent: no request ended within the 10s of the run: the script sends none, its users wait too long, or the target never answers");
    }

    #[test]
    fn users_that_die_or_never_come_are_missed() {
        insta::assert_snapshot!(shown(&judged(&whole_run(|s| if s < 105 { 4 } else { 1 }, 0.1), |_, _| {})), @"UsersLost: 3 of 4 users were gone before the end: they died or stopped themselves");
        // Counted two hundredths of a second after they were told to stop.
        assert_eq!(shown(&judged(&whole_run(|s| if s < 109 { 4 } else { 1 }, 0.1), |_, _| {})), "");
        let lines = whole_run(|_| 4, 0.1).replace("spawning_complete", "spawning");
        let problems = judged(&lines, |plan, _| (plan.users, plan.spawn_rate) = (50, 2.0));
        insta::assert_snapshot!(shown(&problems), @"UsersLost: only 4 of 50 users were ever running: 2 users per second need 25s and the run lasted 10s");
        let lines = whole_run(|_| 1, 0.1).replacen(
            "\"exceptions\":[]",
            r#""exceptions":[["KeyError('access_token')",true,"Traceback …",3],["IndexError()",false,"t",2]]"#,
            1,
        );
        insta::assert_snapshot!(shown(&judged(&lines, |_, _| {})), @"
        UsersLost: 3 of 4 users were lost before their first task: `on_start` raised KeyError('access_token')
        ScriptExceptions: 2 tasks ended in an exception of the script, most often IndexError() (2 times); a request it happened in may be missing from all numbers
        ");
    }

    #[test]
    fn a_generator_at_its_limit_is_told() {
        insta::assert_snapshot!(shown(&judged(&whole_run(|_| 4, 0.97), |_, _| {})), @"GeneratorSaturated: the load generator was at its CPU limit for 9s on end: response times include its own queueing. Use fewer users, more processes, or FastHttpUser");
        assert_eq!(longest_busy(&[1.0, 0.2, 0.95, 0.95, 0.1]), 2);
    }

    #[test]
    fn an_early_end_is_told_by_its_cause() {
        let cut = whole_run(|_| 4, 0.1).split("{\"event\":\"second\",\"s\":104").next().unwrap().to_owned();
        let killed = judged(&cut, |_, finished| finished.status = Some(ExitStatus::from_raw(9)));
        insta::assert_snapshot!(shown(&killed), @"EndedEarly: Locust was killed by signal 9 after 3.5s of 10s");
        let cancelled = judged(&cut, |_, finished| finished.stop = Some(StopRequest::Asked));
        insta::assert_snapshot!(shown(&cancelled), @"EndedEarly: the run was cancelled after 3.5s of 10s");
        let quit = whole_run(|_| 4, 0.1).replace("\"t\":110.0", "\"t\":103.0");
        insta::assert_snapshot!(shown(&judged(&quit, |_, _| {})), @"EndedEarly: Locust ended by itself after 3 s of 10 s: the script stopped the run");
        let torn = whole_run(|_| 4, 0.1).replace("\"requests\":30", "\"requests\":31");
        insta::assert_snapshot!(shown(&judged(&torn, |_, _| {})), @"EndedEarly: 1 of Locust's processes did not end in order; requests of their last second may be missing");
    }
}
