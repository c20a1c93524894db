//! Runs that are ended before their time.

use std::time::Duration;

use loadforge_ci::exit::Exit;
use loadforge_ci::loadforge::{RunEnd, RunOutcome, RunWatch, Session, StopSignals};
use loadforge_ci::results::{EarlyStop, LiveFigures, ProblemKind, ResultsFolder, RunState};
use serde_json::{Value, json};

use super::service::Reply;
use super::support::{World, plan};

/// Ends the run when so much load was sent.
struct After(f64);

impl RunWatch for After {
    fn look(&mut self, live: &LiveFigures) -> Option<EarlyStop> {
        (live.after.as_secs_f64() >= self.0).then(|| EarlyStop {
            rule: Some("failures > 9 for 30s".into()),
            written_in: None,
            endpoint: None,
            observed: live.measured.total.failures as f64,
            after_s: live.after.as_secs_f64(),
            of_s: live.of.as_secs_f64(),
        })
    }

    fn longest_pause(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

fn running(load_s: u64) -> Value {
    let requests = load_s * 10;
    json!({"run_status": 2, "requests": requests.to_string(), "failures": format!("{load_s}(10%)"),
        "x_loadforge_ci": {"live": {"users": 5, "load_s": load_s}}})
}

async fn run(world: &mut World, after: f64) -> RunEnd {
    world
        .with(StopSignals::never(), async |session: &mut Session<'_>| {
            let target = session.resolve(&plan()).await.unwrap();
            session.watch = Box::new(After(after));
            session.run(&plan(), &target).await.unwrap()
        })
        .await
}

#[tokio::test]
async fn a_run_that_is_stopped_is_cancelled_and_what_it_measured_is_kept() {
    let mut world = World::new().await;
    world.service.state().stages = [0, 20, 40, 60, 80, 100].map(running).to_vec();
    let end = run(&mut world, 60.0).await;
    assert_eq!((end.outcome, end.exit(), end.cancelled), (RunOutcome::StoppedEarly, Exit::Passed, true));
    insta::assert_snapshot!(end.sentence(), @"run 100 was stopped early (its stop rule was hit: failures > 9 for 30s, after 1m of 5m, which saves 4m)");
    assert!(world.service.state().runs[&100].cancelled);
    assert_eq!(world.record().state(), Some(RunState::Cancelled));
    let results = end.results.unwrap();
    assert_eq!(results.early_stop.unwrap().after_s, 60.0);
    assert!(results.problems.iter().all(|problem| problem.kind != ProblemKind::EndedEarly));
    assert!(
        world.heard(
            "stopping run 100 after 1m of 5m because its stop rule was hit: failures > 9 for 30s; this saves 4m"
        )
    );
}

#[tokio::test]
async fn a_run_that_nothing_stops_goes_on_to_its_end() {
    let mut world = World::new().await;
    let end = run(&mut world, 60.0).await;
    assert_eq!(end.outcome, RunOutcome::Finished);
    assert_eq!(end.results.unwrap().early_stop, None);
}

#[tokio::test]
async fn what_was_seen_last_is_kept_where_the_service_shows_nothing_more() {
    let mut world = World::new().await;
    world.service.state().stages = [10, 70].map(running).to_vec();
    world.service.fail("POST /api/v2/run/cancel", u32::MAX, Reply::Json(500, json!({})));
    let end = run(&mut world, 60.0).await;
    assert_eq!((end.outcome, end.cancelled), (RunOutcome::StoppedEarly, false));
    assert!(world.heard("could not be cancelled and may go on"), "{:?}", world.said);
    assert_eq!(end.results.unwrap().total.requests, 700);
}

#[tokio::test]
async fn a_process_that_takes_over_from_a_killed_one_finishes_the_stop() {
    let mut world = World::new().await;
    world.service.state().stages = [10, 70, 90].map(running).to_vec();
    run(&mut world, 60.0).await;
    let mut record = world.record();
    // As a kill between recording the stop and cancelling the run leaves it.
    record.collected = false;
    record.states.retain(|change| change.state == RunState::Running);
    world.folder().write_json(ResultsFolder::RUN, &record).unwrap();
    let end = run(&mut world, f64::INFINITY).await;
    assert_eq!((end.outcome, end.run_id), (RunOutcome::StoppedEarly, Some(100)));
    assert!(end.results.unwrap().early_stop.is_some());
    assert_eq!((world.starts(), world.record().collected), (1, true));
}
