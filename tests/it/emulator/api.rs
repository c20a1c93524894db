//! Every call, its answers and its refusals.

use std::cell::RefCell;
use std::time::Duration;

use loadforge_ci::emulator::{InjectedFaults, ReplayPace, ServerConfig, TokenPolicy};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Api, on_one_thread, replaying, serve};

#[test]
fn tests_are_listed_created_changed_and_deleted_by_both_paths() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let api = Api::of(&server);
        let host = json!({ "url": "shop.example", "port": "443", "protocol": "https" });
        let (_, body) = api.post("/hosts/create", host).await;
        let host = body["host_id"].as_u64().unwrap();
        let first = api.save(json!({ "host_id": host, "p95_target": 600, "region_servers": { "nyc3": 2 } })).await;
        let same = json!({ "name": "other", "users": 1, "rate": 0.5, "region": "lon1", "locustfile": "x" });
        let (status, body) = api.post("/tests/create", same).await;
        assert_eq!((status, &body["test_id"]), (StatusCode::OK, &json!(first + 1)));

        let change = json!({ "name": "shop", "users": 9 });
        let (status, body) = api.call(Method::PATCH, &format!("/tests/{first}"), Some(change)).await;
        assert_eq!((status, body), (StatusCode::OK, json!({ "test_id": first })));
        let tests = api.get("/tests").await;
        insta::assert_json_snapshot!(tests[0], { ".created_at" => "…", ".updated_at" => "…" }, @r#"
        {
          "apdex_target": null,
          "created_at": "…",
          "error_perc_target": null,
          "host_id": 1,
          "id": 101,
          "locustfile": "import locust",
          "name": "shop",
          "p95_target": 600.0,
          "rate": 4.0,
          "region": "nyc3",
          "region_servers": {
            "nyc3": 2
          },
          "servers": 1,
          "test_type": "load",
          "updated_at": "…",
          "users": 9
        }
        "#);

        let (status, body) = api.call(Method::DELETE, &format!("/hosts/{host}"), None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let (_, body) = api.call(Method::DELETE, &format!("/tests/{first}"), None).await;
        assert_eq!(body, json!({ "test_id": first, "status": "Deleted" }));
        let (_, body) = api.call(Method::DELETE, &format!("/hosts/{host}"), None).await;
        assert_eq!(body, json!({ "host_id": host, "status": "Deleted" }));
        assert_eq!(api.get("/tests").await.as_array().unwrap().len(), 1);
        assert_eq!(api.get("/hosts").await, json!([]));
        server.shutdown().await;
    });
}

#[test]
fn files_are_unique_by_name() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let api = Api::of(&server);
        let users = json!({ "name": "users.csv", "content": "a,b" });
        let (_, body) = api.post("/files", users.clone()).await;
        let file = body["file_id"].as_u64().unwrap();
        let (status, body) = api.post("/files", users.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(body["errors"]["name"][0], "The name has already been taken.");
        let (status, _) = api.post("/files", json!({ "name": "../users.csv", "content": "a" })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let (status, body) = api.call(Method::PATCH, &format!("/files/{file}"), Some(users)).await;
        assert_eq!((status, body), (StatusCode::OK, json!({ "file_id": file })));
        assert_eq!(api.get("/files").await[0]["name"], "users.csv");
        server.shutdown().await;
    });
}

#[test]
fn what_is_wrong_is_refused_field_by_field() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let api = Api::of(&server);
        let (status, body) = api.post("/tests", json!({ "users": 0, "rate": "fast", "host_id": 7 })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        insta::assert_json_snapshot!(body, @r#"
        {
          "errors": {
            "host_id": [
              "The selected host id is invalid."
            ],
            "locustfile": [
              "The locustfile field is required."
            ],
            "name": [
              "The name field is required."
            ],
            "rate": [
              "The rate field must be a number of at least 0."
            ],
            "region": [
              "The region field is required."
            ],
            "users": [
              "The users field must be between 1 and 1000000."
            ]
          },
          "message": "The selected host id is invalid. (and 5 more errors)"
        }
        "#);
        let test = api.save(json!({})).await;
        let strict = serve(ServerConfig { whole_minutes: true, ..replaying(ReplayPace::AtOnce) }).await;
        let strict = (Api::of(&strict), strict);
        let same = strict.0.save(json!({})).await;
        for (duration, right, strictly) in [
            (json!(2), true, true),
            (json!("720"), true, true),
            (json!(0.25), true, false),
            (json!(1), true, false),
            (json!(721), false, false),
            (json!(0), false, false),
            (json!(-2), false, false),
            (json!("soon"), false, false),
            (json!(null), false, false),
        ] {
            for (api, test, right) in [(&api, test, right), (&strict.0, same, strictly)] {
                let (status, body) = api.post("/run", json!({ "test_id": test, "duration": duration })).await;
                assert_eq!(status.is_success(), right, "{duration}: {body}");
                assert!(right || body["errors"]["duration"][0].is_string(), "{duration}: {body}");
            }
        }
        strict.1.shutdown().await;
        for (method, path) in [
            (Method::GET, "/result/9"),
            (Method::GET, "/result/x"),
            (Method::POST, "/run/cancel/9"),
            (Method::DELETE, "/tests/9"),
            (Method::PATCH, "/tests/9"),
            (Method::GET, "/nothing"),
        ] {
            let (status, body) = api.call(method, path, Some(json!({ "name": "n" }))).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(body["message"].is_string(), "{path}: {body}");
        }
        let (status, _) = api.post("/run", json!({ "test_id": 999, "duration": 2 })).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, body) = api.post("/run", json!([1])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body["error"].is_string() && body["message"].is_string(), "{body}");
        let (status, _) = api.call(Method::PUT, "/tests", None).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        server.shutdown().await;
    });
}

#[test]
fn only_the_right_token_in_the_right_scheme_is_let_in() {
    on_one_thread(async {
        let server =
            serve(ServerConfig { tokens: TokenPolicy::Fixed("right".into()), ..replaying(ReplayPace::AtOnce) }).await;
        let client = Api::of(&server).client;
        let v1 = server.api_url().replace("/api/v2", "/api/v1/tests/101/start");
        let test = Api::at(server.api_url(), Some("right")).save(json!({})).await;
        assert_eq!(test, 101);
        for (path, method, header, status) in [
            (format!("{}/tests", server.api_url()), Method::GET, Some("Bearer right"), 200),
            (format!("{}/tests", server.api_url()), Method::GET, Some("bearer right"), 200),
            (format!("{}/tests", server.api_url()), Method::GET, Some("Bearer wrong"), 401),
            (format!("{}/tests", server.api_url()), Method::GET, Some("Token right"), 401),
            (format!("{}/tests", server.api_url()), Method::GET, None, 401),
            (v1.clone(), Method::POST, Some("Token right"), 200),
            (v1.clone(), Method::POST, Some("Bearer right"), 401),
            (v1, Method::POST, Some("Token wrong"), 401),
        ] {
            let mut request = client.request(method, &path);
            if let Some(header) = header {
                request = request.header("Authorization", header);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), status, "{path} {header:?}");
            if status == 401 {
                assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "message": "Unauthenticated." }));
            }
        }
        server.shutdown().await;
    });
}

#[test]
fn a_run_walks_through_its_states_and_lists_newest_first() {
    on_one_thread(async {
        let config = ServerConfig {
            provisioning: Duration::from_millis(400),
            seconds_per_minute: 1.0,
            parallel_runs: 1,
            ..replaying(ReplayPace::AsPlanned)
        };
        let server = serve(config).await;
        let api = Api::of(&server);
        let test = api.save(json!({})).await;
        let (_, body) = api.post("/run", json!({ "test_id": test, "duration": 2 })).await;
        assert_eq!(body["run_id"], body["result_id"]);
        let run = body["run_id"].as_u64().unwrap();
        let second = api.start(test, json!(2)).await;
        let codes = RefCell::new(Vec::new());
        let requests = RefCell::new(Vec::new());
        let end = api
            .wait(run, |result| {
                let code = result["run_status"].as_u64().unwrap();
                if codes.borrow().last() != Some(&code) {
                    codes.borrow_mut().push(code);
                }
                if let (2, Some(count)) = (code, result["requests"].as_str()) {
                    requests.borrow_mut().push(count.parse::<u64>().unwrap());
                }
                code >= 3
            })
            .await;
        assert_eq!(codes.into_inner(), [0, 1, 2, 3]);
        let requests = requests.into_inner();
        assert!(requests.is_sorted() && requests.first() < requests.last(), "{requests:?}");
        assert_eq!(end["duration"], 2);
        // One place only: the second run waited for the first.
        assert_eq!(api.get("/results").await[0]["id"], second);
        assert_eq!(api.get("/results").await[1]["id"], run);
        api.finish(second).await;
        server.shutdown().await;
    });
}

#[test]
fn a_cancelled_run_ends_as_cancelled() {
    on_one_thread(async {
        let server = serve(ServerConfig { parallel_runs: 1, ..replaying(ReplayPace::AsPlanned) }).await;
        let api = Api::of(&server);
        let test = api.save(json!({})).await;
        let run = api.start(test, json!(2)).await;
        let queued = api.start(test, json!(2)).await;
        api.wait(run, |result| result["run_status"] == 2).await;
        for id in [queued, run] {
            let (_, body) = api.post(&format!("/run/cancel/{id}"), json!({})).await;
            assert_eq!(body, json!({ "run_id": id, "status": "Cancelled" }));
            let end = api.finish(id).await;
            assert_eq!(
                (&end["run_status"], &end["cancelled"], &end["run_passed"]),
                (&json!(5), &json!(true), &json!(false))
            );
        }
        let (status, _) = api.post(&format!("/run/cancel/{run}"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "cancelling twice is no error");
        server.shutdown().await;

        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let api = Api::of(&server);
        let test = api.save(json!({})).await;
        let run = api.start(test, json!(2)).await;
        api.finish(run).await;
        let (status, body) = api.post(&format!("/run/cancel/{run}"), json!({})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(body["message"], "The run has already finished.");
        server.shutdown().await;
    });
}

#[test]
fn planned_trouble_comes_as_planned() {
    on_one_thread(async {
        let faults = InjectedFaults {
            lost_start_answers: 1,
            end_code: Some(6),
            without_csv: true,
            without_test_id: true,
            ..InjectedFaults::default()
        };
        let server = serve(ServerConfig { faults, ..replaying(ReplayPace::AtOnce) }).await;
        let api = Api::of(&server);
        let test = api.save(json!({})).await;
        let body = json!({ "test_id": test, "duration": 2 });
        let request = api.client.post(format!("{}/run", api.base)).bearer_auth("t").json(&body);
        let lost = match request.send().await {
            Ok(answer) => answer.bytes().await.is_err(),
            Err(_) => true,
        };
        assert!(lost, "the answer should have been lost");
        let runs = api.get("/results").await;
        assert_eq!(runs.as_array().unwrap().len(), 1, "the run was started all the same");
        assert_eq!(runs[0].get("test_id"), None);
        let end = api.finish(runs[0]["id"].as_u64().unwrap()).await;
        assert_eq!((&end["run_status"], end.get("results_csv_stats")), (&json!(6), None));
        server.shutdown().await;

        let faults = InjectedFaults { answer_next_with: vec![503, 429], ..InjectedFaults::default() };
        let server = serve(ServerConfig { faults, ..replaying(ReplayPace::AtOnce) }).await;
        let api = Api::of(&server);
        let mut codes = Vec::new();
        for _ in 0..3 {
            codes.push(api.call(Method::GET, "/tests", None).await.0.as_u16());
        }
        assert_eq!(codes, [503, 429, 200]);
        server.shutdown().await;
    });
}
