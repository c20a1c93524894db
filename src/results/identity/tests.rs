use proptest::prelude::*;

use super::*;

fn build() -> Build {
    let text = |text: &str| Some(text.to_owned());
    Build {
        repository: text("github.com/acme/shop"),
        commit: text("0123456789abcdef0123456789abcdef01234567"),
        branch: text("main"),
        tag: None,
        job_name: text("load-test"),
        job_id: text("job-1"),
        profile: text("quick"),
        workflow: text("workflow-1"),
        workspace: text("workflow-1"),
        ..Build::default()
    }
}

fn recorded() -> RunIdentity {
    RunIdentity { build: build(), ..RunIdentity::new(Engine::Loadforge, "https://api") }
}

const SERVICE: (Engine, &str) = (Engine::Loadforge, "https://api");

/// The fields of a build, each with the relation that a change of it means.
const FIELDS: [(&str, Relation); 9] = [
    ("repository", Relation::OtherCommit),
    ("commit", Relation::OtherCommit),
    ("branch", Relation::OtherJob),
    ("tag", Relation::OtherJob),
    ("job_name", Relation::OtherJob),
    ("test_name", Relation::OtherJob),
    ("profile", Relation::OtherJob),
    ("job_id", Relation::OtherAttempt),
    ("workflow", Relation::OtherAttempt),
];

fn field<'a>(build: &'a mut Build, name: &str) -> &'a mut Option<String> {
    match name {
        "repository" => &mut build.repository,
        "commit" => &mut build.commit,
        "branch" => &mut build.branch,
        "tag" => &mut build.tag,
        "job_name" => &mut build.job_name,
        "test_name" => &mut build.test_name,
        "profile" => &mut build.profile,
        "job_id" => &mut build.job_id,
        _ => &mut build.workflow,
    }
}

fn values() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[a-f0-9]{7,12}")
}

fn builds() -> impl Strategy<Value = Build> {
    proptest::collection::vec(values(), FIELDS.len()).prop_map(|values| {
        let mut build = Build::default();
        for ((name, _), value) in FIELDS.iter().zip(values) {
            *field(&mut build, name) = value;
        }
        build
    })
}

proptest! {
    #[test]
    fn any_changed_fields_are_told_and_only_the_same_commit_and_job_is_continued(
        before in builds(),
        changes in proptest::collection::vec(proptest::option::weighted(0.3, values()), FIELDS.len()),
        elsewhere in any::<bool>(),
    ) {
        let mut asked = before.clone();
        for ((name, _), change) in FIELDS.iter().zip(&changes) {
            if let Some(value) = change {
                field(&mut asked, name).clone_from(value);
            }
        }
        let identity = RunIdentity { build: before.clone(), ..RunIdentity::new(Engine::Loadforge, "https://api") };
        let service = (Engine::Loadforge, if elsewhere { "https://other" } else { "https://api" });
        let answer = identity.compare(&asked, Some(service));
        // Said once more, field by field: what differs, in the order of what it means.
        let differs = |name: &str| {
            let (mut before, mut asked) = (before.clone(), asked.clone());
            match (field(&mut before, name).clone(), field(&mut asked, name).clone()) {
                (Some(one), Some(other)) if name == "commit" => !one.starts_with(&other) && !other.starts_with(&one),
                (one, other) if name == "repository" => one.is_some() && other.is_some() && one != other,
                (one, other) => one != other,
            }
        };
        let first = FIELDS.iter().find(|(name, _)| differs(name));
        let expected = match first {
            _ if elsewhere => (Relation::OtherService, Some("api_url")),
            Some((name, relation)) => (*relation, Some(*name)),
            None => (Relation::SameRun, None),
        };
        prop_assert_eq!((answer.relation, answer.difference.as_ref().map(|difference| difference.field)), expected);
        let same_job = !elsewhere && FIELDS[..7].iter().all(|(name, _)| !differs(name));
        prop_assert_eq!(answer.may_continue(), same_job);
        if answer.is_of_this_build() {
            prop_assert!(!elsewhere && !differs("commit") && !differs("repository"));
        }
    }
}

#[test]
fn each_field_alone_says_what_it_means() {
    for (name, relation) in FIELDS {
        let mut asked = build();
        *field(&mut asked, name) = Some("else7777".into());
        let answer = recorded().compare(&asked, Some(SERVICE));
        assert_eq!((answer.relation, answer.difference.unwrap().field), (relation, name));
    }
    let answer = recorded().compare(&build(), Some((Engine::Local, "http://127.0.0.1:1")));
    assert_eq!((answer.relation, answer.difference.unwrap().field), (Relation::OtherService, "engine"));
    let here = recorded().compare(&build(), Some((Engine::Loadforge, "https://api/")));
    assert_eq!(here.relation, Relation::SameRun);
    let local = RunIdentity { engine: Engine::Local, ..recorded() };
    assert_eq!(local.compare(&build(), Some((Engine::Local, "http://127.0.0.1:2"))).relation, Relation::SameRun);
}

#[test]
fn a_commit_may_be_abbreviated_and_a_missing_one_is_another() {
    let with = |commit: Option<&str>| Build { commit: commit.map(Into::into), ..build() };
    let relation = |asked: &Build| recorded().compare(asked, None).relation;
    assert_eq!(relation(&with(Some("0123456"))), Relation::SameRun);
    assert_eq!(relation(&with(Some("012345"))), Relation::OtherCommit, "too short to name one");
    assert_eq!(relation(&with(None)), Relation::OtherCommit);
}

#[test]
fn a_run_handed_over_by_a_job_of_the_workflow_is_of_this_build_and_a_kept_one_is_not() {
    let of = |job: &str, workflow: Option<&str>, workspace: Option<&str>| {
        let text = |text: &str| Some(text.to_owned());
        let asked = Build {
            job_name: text(job),
            job_id: text("job-2"),
            workflow: workflow.map(Into::into),
            workspace: workspace.map(Into::into),
            ..build()
        };
        recorded().compare(&asked, None).is_of_this_build()
    };
    assert!(of("gate", Some("workflow-1"), None), "the gate job of the same workflow");
    assert!(of("gate", Some("workflow-2"), Some("workflow-1")), "a rerun from failed uses the first one's workspace");
    assert!(!of("gate", Some("workflow-2"), Some("workflow-2")), "left in a kept folder by another workflow");
    assert!(!of("load-test", Some("workflow-2"), None), "left by an earlier attempt");
    assert!(of("gate", None, None), "outside CI there is no workflow");
}
