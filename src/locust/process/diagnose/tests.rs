use std::fs;
use std::process::ExitStatus;
use std::time::Duration;

use super::*;
use crate::locust::record::Tail;
use crate::results::LocustOptions;

fn judged(lines: &str, change: impl FnOnce(&mut LocustInvocation, &mut Finished)) -> Vec<Problem> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("local-1.ndjson"), lines).unwrap();
    let mut record = Record::default();
    Tail::new(dir.path()).read_into(&mut record).unwrap();
    let mut plan = LocustInvocation {
        scripts: vec!["/r/locustfile.py".into()],
        work_folder: "/r".into(),
        folder: "/r".into(),
        users: 4,
        spawn_rate: 4.0,
        run_time: Duration::from_secs(10),
        stop_timeout: Duration::from_secs(5),
        host: None,
        processes: Some(1),
        env: [].into(),
        options: LocustOptions::default(),
        config_files: Vec::new(),
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
    insta::assert_snapshot!(shown(&judged(&whole_run(|s| if s < 105 { 4 } else { 1 }, 0.1), |_, _| {})), @"UsersLost: 3 of 4 users stopped before the end: they crashed or stopped themselves");
    // Counted 20 ms after the stop request.
    assert_eq!(shown(&judged(&whole_run(|s| if s < 109 { 4 } else { 1 }, 0.1), |_, _| {})), "");
    // Counted last before all were started.
    let busy = whole_run(|_| 1, 0.1).replace(r#""spawning_complete","t":100.5"#, r#""spawning_complete","t":109.5"#);
    assert_eq!(shown(&judged(&busy, |_, _| {})), "");
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
fn what_the_script_and_its_users_did_wrong_is_told_apart() {
    let with = |last: &str| whole_run(|_| 4, 0.1).replace("\"exit_code\":0,", &format!("\"exit_code\":0,{last},"));
    let hung = with(r#""never_ended":[["POST","/pay",3,8.2],["GET","/",1,5.0]]"#);
    insta::assert_snapshot!(shown(&judged(&hung, |_, _| {})), @"UsersHung: 4 of 4 users hung: 4 requests had not ended when the run was stopped, the oldest after 8s: POST /pay (3), GET / (1)");
    let unchecked = with(r#""never_checked":[["POST","/pay",3]]"#);
    insta::assert_snapshot!(shown(&judged(&unchecked, |_, _| {})), @"RequestsUnrecorded: 3 requests took the response with catch_response and never checked it, so that it is in no number, most often POST /pay. Use it in a `with` block, and let nothing in the block raise");
    let raised = with(r#""listener_raised":true"#);
    let log = "Traceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'p95'\n";
    insta::assert_snapshot!(shown(&judged(&raised, |_, finished| finished.log = log.into())), @"ListenerRaised: a listener or a greenlet of the script raised an exception: KeyError: 'p95'; what it checks is not known");
    let lost = whole_run(|_| 4, 0.1).replace("\"event\":\"final\"", "\"event\":\"final\",\"n\":15,\"dropped\":2");
    insta::assert_snapshot!(shown(&judged(&lost, |_, _| {})), @"RecordIncomplete: 2 events of the load generator's record are missing; a line holds a second of measurements. The disk may be full, or the script reported something that cannot be counted");
    // One hung user of many turns single rows only.
    let one = whole_run(|_| 40, 0.1).replace("\"exit_code\":0,", r#""exit_code":0,"never_ended":[["GET","/",1,5.0]],"#);
    assert_eq!(shown(&judged(&one, |plan, _| plan.users = 40)), "");
}

#[test]
fn a_run_without_requests_says_what_was_waited_for_or_missing() {
    let seconds: String = (100..110).map(|s| second(s, 4, 0.1, 0)).collect();
    let end = END
        .replace("REQUESTS", "0")
        .replace("\"exit_code\":0,", r#""exit_code":0,"never_ended":[["GET","/",4,14.0]],"#);
    let hanging = format!("{START}{seconds}{end}");
    insta::assert_snapshot!(shown(&judged(&hanging, |_, _| {})), @"NothingSent: no request ended within the 10s of the run: 4 requests had not ended when the run was stopped, the oldest after 14s: GET / (4)");
    let lines = format!("{START}{seconds}{}", END.replace("REQUESTS", "0"));
    let log = "LocustError: You must specify the base host. Either in the host attribute";
    insta::assert_snapshot!(shown(&judged(&lines, |_, finished| finished.log = log.into())), @"NothingSent: no request was sent: the script names no host. Set --target-host (variable LOADFORGE_CI_TARGET_HOST, key test.target_host), or `host` in its user classes");
}

#[test]
fn users_that_a_load_shape_asked_for_and_that_never_came_are_missed() {
    let lines = whole_run(|_| 4, 0.1).replace("\"shape\":null", "\"shape\":\"Steps\"");
    let asked = lines.replace("\"cpu\"", "\"wanted\":9,\"cpu\"");
    insta::assert_snapshot!(shown(&judged(&asked, |_, _| {})), @"UsersLost: only 4 of the 9 users that the load shape Steps asks for were ever running");
    let fixed = whole_run(|_| 4, 0.1).replace("\"shape\":null", "\"shape\":null,\"fixed\":[3,1]");
    assert_eq!(shown(&judged(&fixed, |plan, _| plan.users = 9)), "");
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
    insta::assert_snapshot!(shown(&judged(&quit, |_, _| {})), @"EndedItself: Locust ended by itself after 3s of 10s: the script stopped the run");
    let torn = whole_run(|_| 4, 0.1).replace("\"requests\":30", "\"requests\":31");
    insta::assert_snapshot!(shown(&judged(&torn, |_, _| {})), @"EndedEarly: 1 of Locust's processes did not end in order; requests of their last second may be missing");
}
