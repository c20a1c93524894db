//! `docs/template.md` and the context say the same.

use std::collections::BTreeSet;

use loadforge_ci::report::CONTEXT_VERSION;
use loadforge_ci::report::markdown::context;
use loadforge_ci::results::{Problem, ProblemKind};
use loadforge_ci::verdict::{BuildRef, Outcome, Since, WaiverNote, WhatNow};
use serde_json::Value;

use super::sample::Sample;

/// Every key with its path; a list's entries share the path `name[]`.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.insert(path.clone());
                keys(value, &path, found);
            }
        }
        Value::Array(list) => {
            found.remove(path);
            found.insert(format!("{path}[]"));
            list.iter().for_each(|entry| keys(entry, &format!("{path}[]"), found));
        }
        _ => {}
    }
}

fn since() -> Since {
    let build = BuildRef { run_id: 1, at: jiff::Timestamp::UNIX_EPOCH, commit: None };
    Since {
        first_bad: build.clone(),
        last_good: build,
        before: 1.0,
        after: 2.0,
        change_percent: 100.0,
        builds: 2,
        builds_before: 5,
        recent_index: None,
        t: 9.0,
    }
}

#[test]
fn every_documented_key_exists_and_every_key_is_documented() {
    let mut sample = Sample::shop(Outcome::Fail);
    sample.results.notes.push("a note".to_owned());
    sample.results.problems.push(Problem::new(ProblemKind::EndedEarly, "ended").with_detail(Some("log".to_owned())));
    for row in &mut sample.verdict.rows {
        row.what_now = Some(WhatNow { rerun: String::new(), waiver: None, docs: String::new() });
        row.waiver = Some(WaiverNote { owner: String::new(), reason: String::new(), expires: String::new() });
        row.since = Some(Box::new(since()));
    }
    let context = context(&sample.story());
    assert_eq!(context["context_version"], CONTEXT_VERSION);
    let mut exist = BTreeSet::new();
    keys(&context, "", &mut exist);
    // Documented once: the other lists of rows are as `rows.fail[]`, `total` is as an endpoint.
    for (list, like) in
        [("rows.inconclusive[]", "rows.fail[]"), ("rows.warn[]", "rows.fail[]"), ("rows.pass[]", "rows.fail[]")]
    {
        let same = |prefix: &str| -> BTreeSet<_> {
            exist.iter().filter_map(|key| key.strip_prefix(prefix)).map(str::to_owned).collect()
        };
        assert_eq!(same(list), same(like));
    }
    exist.retain(|key| {
        !["rows.inconclusive[]", "rows.warn[]", "rows.pass[]", "total."].iter().any(|list| key.starts_with(list))
    });
    // A heading of keys is documented through them, where the table has no line of its own for it.
    let text = include_str!("../../../docs/template.md");
    let table = text.split("## The context, version 1").nth(1).unwrap();
    let documented: BTreeSet<String> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect();
    let parents = ["tool", "verdict", "counts", "omitted", "rows", "run", "confirmation", "control", "links"];
    exist.retain(|key| !parents.contains(&key.as_str()));
    let missing: Vec<_> = documented.difference(&exist).collect();
    let undocumented: Vec<_> = exist.difference(&documented).collect();
    assert!(missing.is_empty() && undocumented.is_empty(), "missing: {missing:?}, undocumented: {undocumented:?}");
}
