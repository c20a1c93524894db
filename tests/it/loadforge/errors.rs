//! What goes wrong with single calls: the message, the exit code, the retries, and that no token ever leaks.

use std::time::{Duration, Instant};

use loadforge_ci::error::CommandError;
use loadforge_ci::exit::Exit;
use loadforge_ci::loadforge::{ApiError, Client, PauseFactor};
use serde_json::json;
use tokio::net::TcpListener;

use super::service::{Reply, Service};
use super::support::{PACE, client};

const RESULTS: &str = "GET /api/v2/results";

/// Lists the runs of a service that always answers like this; returns the error and the number of attempts.
async fn always(reply: Reply) -> (CommandError, usize) {
    let service = Service::start().await;
    service.fail(RESULTS, u32::MAX, reply);
    let builder = Client::builder(service.url()).token(Some("s3cret-token".into())).pace(PauseFactor::scaled(0.001));
    let error = builder.timeout(Duration::from_millis(300)).build().unwrap().results().await.unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret-token"), "{error:?}");
    (CommandError::from(error), service.state().count(RESULTS))
}

#[tokio::test]
async fn every_trouble_is_said_in_words_and_tried_again_where_that_helps() {
    let cases = [
        Reply::Json(401, json!({"message": "Unauthenticated."})),
        Reply::Json(403, json!({"error": "This plan has no API"})),
        Reply::Json(404, json!({"message": "No query results"})),
        Reply::Json(422, json!({"message": "Invalid.", "errors": {"duration": ["is too short"]}})),
        Reply::Json(500, json!({"message": "Server Error"})),
        Reply::text(503, "down\r\nfor maintenance"),
        Reply::html(502),
        Reply::html(200),
        Reply::with_header(302, "Location: https://app.loadforge.com/login?token=s3cret-token"),
        Reply::text(200, "{\"id\": 12, "),
        Reply::Json(200, json!({"message": "odd"})),
        Reply::Close,
        Reply::Silence,
        Reply::Json(400, json!({"message": "bad token s3cret-token"})),
    ];
    let mut text = String::new();
    for reply in cases {
        let (failure, tries) = always(reply).await;
        assert!(!failure.to_string().contains("s3cret-token"), "{failure}");
        text += &format!("{} x{tries} {}\n", failure.exit.code(), failure.message);
    }
    insta::assert_snapshot!(text, @r"
    77 x1 failed to list the runs: the service answered 401 Unauthorized: Unauthenticated.
    77 x1 failed to list the runs: the service answered 403 Forbidden: This plan has no API
    2 x1 failed to list the runs: the service answered 404 Not Found: No query results
    2 x1 failed to list the runs: the service answered 422 Unprocessable Entity: Invalid. (duration: is too short)
    75 x6 failed to list the runs: the service answered 500 Internal Server Error: Server Error
    75 x6 failed to list the runs: the service answered 503 Service Unavailable: down for maintenance
    75 x6 failed to list the runs: the service answered 502 Bad Gateway
    77 x1 failed to list the runs: the service answered with a web page instead of JSON
    77 x1 failed to list the runs: the service answered with a redirect to app.loadforge.com instead of JSON
    75 x6 failed to list the runs: the answer cannot be understood: it is not JSON (EOF while parsing a value at line 1 column 11)
    75 x1 failed to list the runs: the answer cannot be understood: it is not a list
    75 x6 failed to list the runs: no answer from 127.0.0.1: connection closed before message completed
    75 x6 failed to list the runs: no answer from 127.0.0.1: it took too long
    2 x1 failed to list the runs: the service answered 400 Bad Request: bad token [token]
    ");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_tried_again_and_then_named() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{free}/api/v2").parse().unwrap();
    let failure = CommandError::from(
        Client::builder(url).pace(PauseFactor::scaled(0.001)).build().unwrap().results().await.unwrap_err(),
    );
    assert_eq!(failure.exit, Exit::Unavailable);
    assert!(failure.message.starts_with("failed to list the runs: no connection to 127.0.0.1: "), "{failure}");
}

#[tokio::test]
async fn trouble_that_passes_is_not_noticed() {
    let service = Service::start().await;
    service.fail(RESULTS, 1, Reply::Json(500, json!({}))).fail(RESULTS, 1, Reply::Close);
    service.fail(RESULTS, 1, Reply::text(200, "[{"));
    assert_eq!(client(&service).results().await.unwrap(), []);
    assert_eq!(service.state().count(RESULTS), 4);
}

#[tokio::test]
async fn the_service_may_say_how_long_to_wait() {
    let service = Service::start().await;
    service.fail(RESULTS, 1, Reply::with_header(429, "Retry-After: 1"));
    let began = Instant::now();
    client(&service).results().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    service.fail(RESULTS, 1, Reply::with_header(429, "Retry-After: 86400"));
    let failure = CommandError::from(client(&service).results().await.unwrap_err());
    assert_eq!(failure.exit, Exit::Unavailable, "a day is too long to wait");
}

#[tokio::test]
async fn odd_tokens_are_no_panic_and_never_shown() {
    let service = Service::start().await;
    let build = |token: &str| Client::builder(service.url()).token(Some(token.into())).build();
    for token in ["geheim\n2", "geheim\0", "geheim\r\nX-Evil: 1"] {
        let error = build(token).unwrap_err();
        assert!(matches!(error, ApiError::Token));
        let failure = CommandError::from(error);
        assert_eq!(failure.exit, Exit::NotAllowed);
        assert!(!format!("{failure:?}").contains("geheim"));
    }
    for token in ["", "  \n "] {
        build(token).unwrap().results().await.unwrap();
        let headers = &service.state().requests.last().unwrap().headers.clone();
        assert!(!headers.contains_key("authorization"), "an empty token is none");
    }
    build(" padded\n").unwrap().results().await.unwrap();
    assert_eq!(service.state().requests.last().unwrap().headers["authorization"], "Bearer padded");
    assert!(!format!("{:?}", build("s3cret-token").unwrap()).contains("s3cret"));
}

#[tokio::test]
async fn a_missing_token_and_a_wrong_one_are_told_apart() {
    let service = Service::start().await;
    service.state().token = Some("right".into());
    let missing = Client::builder(service.url()).build().unwrap().results().await.unwrap_err();
    let wrong = client(&service).results().await.unwrap_err();
    let hint = |error: ApiError| CommandError::from(error).hint.unwrap();
    assert!(hint(missing).starts_with("set LOADFORGE_API_TOKEN"));
    assert!(hint(wrong).starts_with("check LOADFORGE_API_TOKEN"));
}

#[tokio::test]
async fn a_token_is_never_sent_readable_to_another_machine() {
    let url = || "http://loadforge.example.com/api/v2".parse().unwrap();
    let failure = CommandError::from(Client::builder(url()).token(Some("s3cret-token".into())).build().unwrap_err());
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.to_string().contains("https://"), "{failure}");
    assert!(Client::builder(url()).build().is_ok(), "without a token there is nothing to lose");
}

#[tokio::test]
async fn an_address_in_a_csv_field_gets_no_token_unless_it_is_the_services_own() {
    let (service, other) = (Service::start().await, Service::start().await);
    for service in [&service, &other] {
        service.state().downloads.insert("stats.csv?sig=1".into(), "Type,Name\n".into());
    }
    let client = client(&service);
    for host in [&service, &other] {
        let url = format!("http://{}/files/stats.csv?sig=1", host.address);
        assert_eq!(client.csv("stats.csv", url).await.unwrap(), b"Type,Name\n");
    }
    assert_eq!(service.state().requests[0].headers["authorization"], "Bearer s3cret-token");
    assert!(!other.state().requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn an_address_in_a_csv_field_is_fetched_safely() {
    let (service, other) = (Service::start().await, Service::start().await);
    let small = Client::builder(service.url()).pace(PauseFactor::scaled(PACE)).most_bytes(1000).build().unwrap();
    let at = |service: &Service, name: &str| format!("http://{}/files/{name}", service.address);
    service.state().downloads.insert("big.csv".into(), "x".repeat(2000));
    let too_big = small.csv("stats.csv", at(&service, "big.csv")).await.unwrap_err();
    assert!(matches!(too_big, ApiError::TooLarge { .. }));
    let readable = small.csv("stats.csv", "http://files.example.com/a.csv".into()).await.unwrap_err();
    assert!(readable.to_string().contains("not an https"), "{readable}");
    let missing = small.csv("stats.csv", at(&service, "none.csv?sig=geheim")).await.unwrap_err();
    assert!(missing.to_string().starts_with("failed to fetch stats.csv: the service answered 404"), "{missing}");
    assert!(!missing.to_string().contains("geheim"));
    let moved = format!("Location: {}", at(&other, "moved.csv"));
    service.fail("GET /files/old.csv", 1, Reply::with_header(302, &moved));
    other.state().downloads.insert("moved.csv".into(), "here".into());
    let followed = client(&service).csv("stats.csv", at(&service, "old.csv")).await.unwrap();
    assert_eq!(followed, b"here");
    assert!(!other.state().requests[0].headers.contains_key("authorization"), "a redirect carries no token along");
}
