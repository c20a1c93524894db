//! What real Locust says of connections that go wrong, and the class and cause that are read from its words.

use std::collections::BTreeMap;

use loadforge_ci::results::{ConnectionCause, FailureKind, Results};

use super::servers;
use crate::tool::Tool;

/// Sends each kind of request once by each of Locust's clients. The name of the request is what is wrong with its host.
const SCRIPT: &str = r#"
import json, os, ssl
from locust import FastHttpUser, HttpUser, task
from locust.exception import StopUser

ADDRESSES = json.loads(os.environ["ADDRESSES"])
AUTHORITY = os.environ["AUTHORITY"]
left = ["requests", "gevent"]

def ask_all(user, client, timeout):
    for name, address in ADDRESSES.items():
        for _ in range(2):
            user.client.get(address, name=client + ": " + name, **(timeout if name == "silent" else {}))
    left.remove(client)
    if not left:
        user.environment.runner.quit()
    raise StopUser

class Requests(HttpUser):
    host = "http://localhost"
    fixed_count = 1

    @task
    def ask(self):
        self.client.verify = AUTHORITY
        ask_all(self, "requests", {"timeout": 0.3})

class Gevent(FastHttpUser):
    host = "http://localhost"
    fixed_count = 1
    insecure = False
    network_timeout = 5
    ssl_context_factory = staticmethod(lambda **_: ssl.create_default_context(cafile=AUTHORITY))

    @task
    def ask(self):
        ask_all(self, "gevent", {})
"#;

#[test]
fn both_of_locusts_clients_name_the_cause_of_every_broken_connection() {
    let tls = |certificate| format!("https://localhost:{}", servers::tls(certificate));
    let http = |port: u16| format!("http://localhost:{port}");
    let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly the beg";
    let connection = FailureKind::Connection;
    let wrong = [
        ("expired", tls("expired"), connection, ConnectionCause::CertificateExpired),
        ("another name", tls("other-name"), connection, ConnectionCause::CertificateName),
        ("self-signed", tls("self-signed"), connection, ConnectionCause::SelfSigned),
        ("plain text", format!("https://localhost:{}", servers::plain()), connection, ConnectionCause::PlainText),
        ("silent", http(servers::silent()), FailureKind::Timeout, ConnectionCause::Other),
        ("reset", http(servers::resetting()), connection, ConnectionCause::Reset),
        ("closed", http(servers::breaking_off(b"")), connection, ConnectionCause::Reset),
        ("reset in mid-answer", http(servers::breaking_off(whole)), connection, ConnectionCause::Reset),
        ("refused", http(servers::refusing()), connection, ConnectionCause::Refused),
        ("unknown host", "http://no.such.host.invalid".to_owned(), connection, ConnectionCause::UnknownHost),
    ];
    let addresses: BTreeMap<&str, &str> = wrong.iter().map(|(name, address, ..)| (*name, address.as_str())).collect();
    let authority = servers::fixture("authority.pem").to_str().unwrap().to_owned();
    let tool = Tool::new()
        .file("wrong.py", SCRIPT)
        .file("loadforge.yml", "test: { ends_itself: true }\n")
        .env("ADDRESSES", serde_json::to_string(&addresses).unwrap())
        .env("AUTHORITY", authority);
    let script = ["run", "--engine", "local", "--locustfile", "wrong.py", "--processes", "1", "--no-preflight"];
    let load = ["--users", "2", "--spawn-rate", "2", "--duration", "60s", "--env", "ADDRESSES", "--env", "AUTHORITY"];
    tool.run(&[&script[..], &load].concat()).expect(0);
    let results: Results = serde_json::from_str(&tool.read("loadforge-results/results.json")).unwrap();
    for (name, _, kind, cause) in wrong {
        for client in ["requests", "gevent"] {
            let named = format!("{client}: {name}");
            let found = results.failures.iter().find(|failure| failure.name == named);
            let failure = found.unwrap_or_else(|| panic!("{named} did not fail: {:?}", results.failures));
            assert_eq!(failure.kind(), kind, "{named}: {}", failure.error);
            if kind == connection {
                assert_eq!(ConnectionCause::of(&failure.error), cause, "{named}: {}", failure.error);
            }
        }
    }
}
