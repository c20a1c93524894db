//! Every call: what is sent, and what is made of the answer.

use loadforge_ci::loadforge::wire::{HostSpec, TestSpec};
use serde_json::json;

use super::service::{Reply, Service};
use super::support::client;

fn spec() -> TestSpec {
    TestSpec {
        name: "checkout".into(),
        users: 10,
        rate: 2.0,
        servers: 1,
        host_id: Some(1),
        region: "nyc3".into(),
        locustfile: "import locust".into(),
        p95_target: Some(600.0),
        ..TestSpec::default()
    }
}

#[tokio::test]
async fn every_call_goes_where_it_is_documented() {
    let service = Service::start().await;
    let client = client(&service);
    let host = HostSpec { name: "shop.example.com".into(), port: 8443, protocol: "https".into() };
    assert_eq!(client.tests().await.unwrap()[0].name, "checkout");
    assert_eq!(client.create_test(&spec()).await.unwrap().id, 4218);
    assert!(client.delete_test(4218).await.unwrap());
    assert!(!client.delete_test(4218).await.unwrap(), "it is gone already, which is as good");
    assert_eq!(client.hosts().await.unwrap()[0].spec.to_string(), "https://staging.example.com:443");
    assert_eq!(client.create_host(&host).await.unwrap(), 2);
    assert_eq!(client.start_run(4217, 5.0).await.unwrap(), 100);
    assert_eq!(client.start_run(4217, 0.1).await.unwrap(), 101);
    assert_eq!(client.start_run(4217, 1.0).await.unwrap(), 102);
    assert_eq!(client.start_run_v1(4217, 5.0, &[("A".into(), "b".into())]).await.unwrap(), 103);
    client.cancel_run(101).await.unwrap();
    assert_eq!(client.results().await.unwrap().len(), 4);
    assert_eq!(client.result(100).await.unwrap().status, Some(0));

    let state = service.state();
    let mut log = String::new();
    for request in &state.requests {
        let auth = request.headers["authorization"].split(' ').next().unwrap();
        let body = if request.body.is_null() { String::new() } else { format!(" {}", request.body) };
        log += &format!("{auth} {}{body}\n", request.line());
        assert_eq!(request.headers["accept"], "application/json");
        assert!(request.headers["user-agent"].starts_with("loadforge-ci/"));
    }
    insta::assert_snapshot!(log, @r#"
    Bearer GET /api/v2/tests
    Bearer POST /api/v2/tests {"host_id":1,"locustfile":"import locust","name":"checkout","p95_target":600,"rate":2,"region":"nyc3","servers":1,"users":10}
    Bearer DELETE /api/v2/tests/4218
    Bearer DELETE /api/v2/tests/4218
    Bearer GET /api/v2/hosts
    Bearer POST /api/v2/hosts {"port":8443,"protocol":"https","url":"shop.example.com"}
    Bearer POST /api/v2/run {"duration":5,"test_id":4217}
    Bearer POST /api/v2/run {"duration":0.1,"test_id":4217}
    Bearer POST /api/v2/run {"duration":1.0,"test_id":4217}
    Token POST /api/v1/tests/4217/start {"duration":5,"env":{"A":"b"}}
    Bearer POST /api/v2/run/cancel/101
    Bearer GET /api/v2/results
    Bearer GET /api/v2/result/100
    "#);
}

#[tokio::test]
async fn the_older_paths_are_tried_when_the_newer_do_not_exist() {
    let service = Service::start().await;
    service.state().old_paths_only = true;
    let host = HostSpec { name: "shop.example.com".into(), port: 80, protocol: "http".into() };
    assert_eq!(client(&service).create_test(&spec()).await.unwrap().id, 4218);
    assert_eq!(client(&service).create_host(&host).await.unwrap(), 2);
    let lines: Vec<_> = service.state().requests.iter().map(|request| request.line()).collect();
    let expected = ["/tests", "/tests/create", "/hosts", "/hosts/create"].map(|path| format!("POST /api/v2{path}"));
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_service_without_the_extended_fields_gets_the_base_ones_with_name_and_host() {
    let service = Service::start().await;
    let refusal = Reply::Json(400, json!({"error": 400, "message": "Unexpected field p95_target"}));
    service.fail("POST /api/v2/tests", 1, refusal);
    assert!(client(&service).create_test(&spec()).await.unwrap().base_fields_only);
    let state = service.state();
    for pair in state.requests.chunks(2) {
        assert_eq!(pair[0].body["p95_target"], 600);
        assert_eq!(pair[1].body.get("p95_target"), None);
        assert_eq!((&pair[1].body["name"], &pair[1].body["host_id"]), (&json!("checkout"), &json!(1)));
    }
}

#[tokio::test]
async fn a_create_is_never_sent_twice() {
    let service = Service::start().await;
    service.lose("POST /api/v2/tests", Reply::Close);
    assert!(client(&service).create_test(&spec()).await.is_err());
    assert_eq!(service.state().count("POST /api/v2/tests"), 1);
}
