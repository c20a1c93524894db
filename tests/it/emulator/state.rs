//! What outlives the server.

use std::fs;

use loadforge_ci::emulator::{EmulatorError, ReplayPace, Server, ServerConfig};
use serde_json::json;

use super::{Api, on_one_thread, recorded, replaying, serve};

#[test]
fn everything_is_there_after_a_restart_and_ids_go_on() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("deep/state.json");
        let config = || ServerConfig { state: Some(file.clone()), ..replaying(ReplayPace::AtOnce) };
        let server = serve(config()).await;
        let api = Api::of(&server);
        let test = api.save(json!({ "name": "kept" })).await;
        let missing = api.save(json!({})).await;
        api.call(reqwest::Method::DELETE, &format!("/tests/{missing}"), None).await;
        let run = api.start(test, json!(5)).await;
        let before = api.finish(run).await;
        server.shutdown().await;

        let server = serve(config()).await;
        let api = Api::of(&server);
        assert_eq!(api.get(&format!("/result/{run}")).await, before);
        assert_eq!(before["results_csv_stats"], recorded("run_stats.csv"));
        assert_eq!(api.get("/tests").await[0]["name"], "kept");
        assert_eq!(api.save(json!({})).await, missing + 1, "a deleted test's id is not given again");
        server.shutdown().await;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "scripts may hold passwords");
        }
    });
}

#[test]
fn a_run_under_way_counts_as_cancelled_after_a_stop_and_after_a_crash() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let config = || ServerConfig { state: Some(dir.path().join("state.json")), ..replaying(ReplayPace::AsPlanned) };
        let server = serve(config()).await;
        let api = Api::of(&server);
        let test = api.save(json!({})).await;
        let stopped = api.start(test, json!(5)).await;
        api.wait(stopped, |result| result["run_status"] == 2).await;
        server.shutdown().await;

        let server = serve(config()).await;
        let api = Api::of(&server);
        assert_eq!(api.get(&format!("/result/{stopped}")).await["run_status"], 5);
        let crashed = api.start(test, json!(5)).await;
        api.wait(crashed, |result| result["run_status"] == 2).await;
        drop(server);

        let server = serve(config()).await;
        let end = Api::of(&server).get(&format!("/result/{crashed}")).await;
        assert_eq!((&end["run_status"], &end["cancelled"]), (&json!(5), &json!(true)));
        server.shutdown().await;
    });
}

#[test]
fn a_state_file_that_is_none_is_refused_and_left_alone() {
    on_one_thread(async {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.json");
        fs::write(&file, "not ours").unwrap();
        let config = ServerConfig { state: Some(file.clone()), ..replaying(ReplayPace::AtOnce) };
        let error = Server::start(config).await.err().unwrap();
        assert!(matches!(error, EmulatorError::State { .. }), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "not ours");
    });
}
