//! Who may use the server, which runs scripts on this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};

use loadforge_ci::emulator::{EmulatorError, ReplayPace, RunningServer, Server, ServerConfig, TokenPolicy};
use serde_json::json;

use super::{Api, on_one_thread, replaying, serve};
use crate::tool::Tool;

/// The status that a request as written gets.
fn status_of(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

async fn status(server: &RunningServer, request: String) -> String {
    let address = server.addr();
    tokio::task::spawn_blocking(move || status_of(address, &request)).await.unwrap()
}

#[test]
fn a_request_must_name_this_machine() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let with =
            |host: &str| format!("GET /api/v2/tests HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer x\r\n\r\n");
        for host in ["127.0.0.1", "127.0.0.1:8800", "localhost:1", "LocalHost", "[::1]:5"] {
            assert_eq!(status(&server, with(host)).await, "200", "{host}");
        }
        for host in ["rebound.example.com", "localhost.example.com", "10.0.0.1", "[::2]", "127.0.0.1.nip.io", ""] {
            assert_eq!(status(&server, with(host)).await, "421", "{host}");
        }
        server.shutdown().await;
    });
}

#[test]
fn beyond_loopback_a_token_is_needed() {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    on_one_thread(async {
        let open = ServerConfig { listen: everywhere, ..replaying(ReplayPace::AtOnce) };
        assert!(matches!(Server::start(open).await.err().unwrap(), EmulatorError::Open(_)));
        let tokens = TokenPolicy::Fixed("right".into());
        let server = serve(ServerConfig { listen: everywhere, tokens, ..replaying(ReplayPace::AtOnce) }).await;
        let port = server.addr().port();
        let base = format!("http://127.0.0.1:{port}/api/v2");
        let (status, _) = Api::at(base, Some("right")).post("/tests", json!({})).await;
        assert_eq!(status, 422, "let in");
        server.shutdown().await;
    });
    let ended = Tool::new().run(&["emulate", "--listen", "0.0.0.0:0"]).expect(2);
    assert!(ended.stderr.contains("--token-env") && ended.stdout.is_empty(), "{}", ended.stderr);
}

#[test]
fn a_body_has_an_end() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let head = "POST /api/v2/tests HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nContent-Length: 99999999\r\n\r\n";
        assert_eq!(status(&server, head.into()).await, "413");
        server.shutdown().await;
    });
}

#[test]
fn idle_connections_starve_nobody() {
    on_one_thread(async {
        let server = serve(replaying(ReplayPace::AtOnce)).await;
        let address = server.addr();
        let idle = tokio::task::spawn_blocking(move || {
            (0..400).map(|_| TcpStream::connect(address).unwrap()).collect::<Vec<_>>()
        });
        let idle = idle.await.unwrap();
        let api = Api::of(&server);
        api.save(json!({})).await;
        // The first ones were closed to make room, the last ones are still there.
        let closed = tokio::task::spawn_blocking(move || {
            idle.into_iter().take(100).filter(|mut stream| matches!(stream.read(&mut [0]), Ok(0) | Err(_))).count()
        });
        assert_eq!(closed.await.unwrap(), 100);
        server.shutdown().await;
    });
}

#[test]
fn an_absurd_minute_is_refused() {
    for seconds in ["1e300", "3601", "0", "-1", "NaN", "inf"] {
        let minute = format!("--seconds-per-minute={seconds}");
        let ended = Tool::new().run(&["emulate", &minute]).expect(2);
        assert!(ended.stderr.contains("at most 3600"), "{}", ended.stderr);
    }
    let script = Tool::new().file("a.py", "import locust\n");
    let run =
        ["run", "--engine", "local", "--locustfile", "a.py", "--users", "1", "--target-host", "http://127.0.0.1:9"];
    let ended = script.run(&[&run[..], &["--seconds-per-minute", "1e300"]].concat()).expect(2);
    assert!(ended.stderr.contains("at most 3600"), "{}", ended.stderr);
    Tool::new().run(&["emulate", "--provisioning", "1e18"]).expect(2);
}

/// Ends the process it holds.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_token_of_the_local_engine_is_nothing_one_could_guess() {
    let script = "import os\nprint('NAMES', sorted(os.environ))\nimport locust\n";
    let tool =
        Tool::new().file("a.py", script).env("LOADFORGE_API_TOKEN", "lf-token-1").env("GITHUB_TOKEN", "gh-token-1");
    let run = ["run", "--engine", "local", "--locustfile", "a.py", "--users", "1", "--duration", "2s"];
    let mut child = Ending(
        tool.command(&[&run[..], &["--target-host", "http://127.0.0.1:9", "--no-preflight"]].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    child.0.wait().unwrap();
    let record = tool.json("loadforge-results/run.json");
    assert!(record["api_url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "nothing hidden: {record}");
    let log = tool.read("loadforge-results/locust.log");
    assert!(log.contains("NAMES") && log.contains("LOADFORGE_CI_RECORD"), "{log}");
    assert!(!log.contains("LOADFORGE_API_TOKEN") && !log.contains("GITHUB_TOKEN"), "{log}");
}
