//! Recorded files come through to the last digit.

use std::fs;

use loadforge_ci::emulator::{EngineChoice, ReplayError, ReplayPace, Server, ServerConfig};
use serde_json::json;

use super::{Api, on_one_thread, recorded, recording, replaying, serve};

#[test]
fn the_numbers_are_those_of_the_recording() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let api = Api::of(&server);
        let test = api.save(json!({})).await;
        let run = api.start(test, json!(5)).await;
        let end = api.finish(run).await;
        assert_eq!(end["results_csv_stats"], recorded("run_stats.csv"));
        assert_eq!(end["results_csv_history"], recorded("run_stats_history.csv"));
        assert_eq!(end["results_csv_failures"], recorded("run_failures.csv"));
        insta::assert_json_snapshot!(end, {
            ".created_at" => insta::dynamic_redaction(|value, _| {
                let text = value.as_str().unwrap();
                assert!(text.ends_with(".000000Z") && text.parse::<jiff::Timestamp>().is_ok(), "{text}");
                "a time"
            }),
            ".updated_at" => "a time",
            ".results_csv_stats" => "…",
            ".results_csv_history" => "…",
            ".results_csv_failures" => "…",
        }, @r#"
        {
          "cancelled": false,
          "created_at": "a time",
          "duration": 5,
          "fails_per_second": "0.22",
          "failures": "3(2.21%)",
          "id": 1001,
          "reqs_per_second": "9.85",
          "requests": "136",
          "response_avg": "97",
          "response_max": "501",
          "response_median": "9",
          "response_min": "3",
          "results_csv_failures": "…",
          "results_csv_history": "…",
          "results_csv_stats": "…",
          "run_passed": true,
          "run_status": 3,
          "test_id": 101,
          "updated_at": "a time"
        }
        "#);
        server.shutdown().await;
    });
}

#[test]
fn the_tests_targets_decide_whether_it_passed() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let api = Api::of(&server);
        for (targets, passed) in [
            (json!({}), true),
            (json!({ "p95_target": 10_000, "error_perc_target": 50 }), true),
            (json!({ "p95_target": 1 }), false),
            (json!({ "error_perc_target": 0 }), false),
        ] {
            let test = api.save(targets.clone()).await;
            let run = api.start(test, json!(5)).await;
            assert_eq!(api.finish(run).await["run_passed"], passed, "{targets}");
        }
        server.shutdown().await;
    });
}

#[test]
fn single_fields_can_be_replaced() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        for name in ["run_stats.csv", "run_stats_history.csv", "run_failures.csv"] {
            fs::copy(recording().join(name), dir.path().join(name)).unwrap();
        }
        let fields = json!({ "run_passed": false, "results_csv_history": null });
        fs::write(dir.path().join("result.json"), fields.to_string()).unwrap();
        let engine = EngineChoice::Replay { folder: dir.path().into(), pace: ReplayPace::AtOnce };
        let server = serve(ServerConfig { engine, ..replaying(ReplayPace::AtOnce) }).await;
        let api = Api::of(&server);
        let test = api.save(json!({})).await;
        let run = api.start(test, json!(5)).await;
        let end = api.finish(run).await;
        assert_eq!((&end["run_passed"], &end["results_csv_history"]), (&json!(false), &json!(null)));
        server.shutdown().await;
    });
}

#[test]
fn a_folder_without_a_recording_is_refused() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let engine = EngineChoice::Replay { folder: dir.path().into(), pace: ReplayPace::AtOnce };
        let error = Server::start(ServerConfig { engine, ..ServerConfig::default() }).await.err().unwrap();
        assert!(
            matches!(&error, loadforge_ci::emulator::EmulatorError::Replay(ReplayError::Read { path, .. }) if path.ends_with("run_stats.csv")),
            "{error}"
        );
    });
}
