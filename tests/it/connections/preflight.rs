//! The look at the host before the load: what it says of servers that go wrong.

use loadforge_ci::emulator::{InjectedFaults, ReplayPace};

use super::servers;
use crate::support::service::Service;
use crate::tool::Tool;

/// A script that names no host and says nothing of certificates.
const SCRIPT: &str = "from locust import HttpUser, task\nclass Shopper(HttpUser):\n    @task\n    def look(self):\n        \
                      self.client.get('/')\n";

/// What is wrong with a host, its address, and the words of cause and next step.
type WrongHost = (&'static str, String, &'static str, &'static str);

fn wrong_hosts() -> Vec<WrongHost> {
    let tls = |certificate| format!("https://localhost:{}", servers::tls(certificate));
    let http = |port: u16| format!("http://localhost:{port}");
    vec![
        ("expired", tls("expired"), "its certificate has expired or is not valid yet", "renew the certificate"),
        ("another name", tls("other-name"), "its certificate is for another name", "use the name in the certificate"),
        ("self-signed", tls("self-signed"), "not signed by a known authority", "REQUESTS_CA_BUNDLE"),
        (
            "plain text on a TLS port",
            format!("https://localhost:{}", servers::plain()),
            "does not speak TLS on this port",
            "write http://",
        ),
        (
            "TLS on a plain port",
            http(servers::tls("valid")),
            "does not speak plain HTTP on this port",
            "write https://",
        ),
        ("reset", http(servers::resetting()), "the connection was closed before an answer came", "service's log"),
        (
            "reset in mid-answer",
            http(servers::breaking_off(b"HTTP/1.1 200 OK\r\ncontent-le")),
            "the connection was closed before an answer came",
            "service's log",
        ),
        (
            "closed within TLS",
            format!("https://localhost:{}", servers::breaking_off(b"")),
            "the connection was closed before an answer came",
            "service's log",
        ),
        ("refused", http(servers::refusing()), "the connection was refused", "start the service"),
    ]
}

/// The tool with the script, and with the authority of the fixtures as a known one.
fn with_authority(tool: Tool) -> Tool {
    tool.file("shop.py", SCRIPT).env("REQUESTS_CA_BUNDLE", servers::fixture("authority.pem").to_str().unwrap())
}

const RUN: [&str; 6] = ["--locustfile", "shop.py", "--users", "1", "--duration", "2m"];

#[test]
fn a_local_run_is_refused_by_the_cause_with_its_own_next_step() {
    let tool = with_authority(Tool::new());
    for (what, host, cause, step) in wrong_hosts() {
        let run = ["run", "--engine", "local", "--target-host", &host];
        let refused = tool.run(&[&run[..], &RUN].concat()).expect(4);
        let place = host.split_once("://").unwrap().1;
        assert!(refused.stderr.contains(&format!("{place} cannot be reached: ")), "{what}: {}", refused.stderr);
        assert!(refused.stderr.contains(cause) && refused.stderr.contains(step), "{what}: {}", refused.stderr);
        assert!(refused.stderr.contains("--no-preflight"), "{what}: {}", refused.stderr);
    }
}

#[test]
fn a_run_in_the_cloud_is_warned_by_the_cause_and_started() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let tool = with_authority(service.tool());
    let hosts = &wrong_hosts()[..2];
    for (what, host, cause, _) in hosts {
        let ended = tool.run(&[&["run", "--target-host", host][..], &RUN].concat()).expect(0);
        assert!(ended.stderr.contains(cause), "{what}: {}", ended.stderr);
        assert!(ended.stderr.contains("LoadForge may reach what this machine cannot"), "{what}: {}", ended.stderr);
    }
    assert_eq!(service.runs(), hosts.len());
}

#[test]
fn a_host_whose_certificate_is_in_order_is_reached() {
    let host = format!("https://localhost:{}", servers::tls("valid"));
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let run = [&["run", "--target-host", &host][..], &RUN].concat();
    let ended = with_authority(service.tool()).run(&run).expect(0);
    assert!(!ended.stderr.contains("cannot be reached"), "{}", ended.stderr);
    let tool = with_authority(service.tool());
    let doctor = tool.run(&[&["doctor"], &run[1..]].concat());
    assert!(doctor.stdout.contains("which answers"), "{}", doctor.stdout);
    for (what, host, cause, _) in wrong_hosts() {
        let doctor = tool.run(&[&["doctor", "--target-host", &host][..], &RUN].concat());
        assert!(doctor.stdout.contains(&format!("(from this machine: {}", &host[host.find("localhost").unwrap()..])));
        assert!(doctor.stdout.contains(cause), "{what}: {}", doctor.stdout);
    }
    // Without its authority the same certificate is one that nobody signed.
    let unknown = service.tool().file("shop.py", SCRIPT).run(&run).expect(0);
    assert!(unknown.stderr.contains("not signed by a known authority"), "{}", unknown.stderr);
}
