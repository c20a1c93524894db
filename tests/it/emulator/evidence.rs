//! What scripts do that Locust alone would count wrongly, or not at all.

use loadforge_ci::locust::read_stats;
use loadforge_ci::results::{FailureKind, ProblemKind};
use serde_json::Value;

use super::locust::{extension, kinds, real, start};
use super::target::Target;
use super::{Api, on_one_thread};

/// Runs a script for so many seconds with 4 users and one process.
async fn run(target: &Target, script: &str, seconds: u32) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let server = real(1, dir.path()).await;
    let api = Api::of(&server);
    let run = start(&api, target, script, seconds).await;
    let end = api.finish(run).await;
    server.shutdown().await;
    end
}

/// Requests of an endpoint.
fn requests(end: &Value, name: &str) -> u64 {
    let stats = read_stats("stats.csv", end["results_csv_stats"].as_str().unwrap().as_bytes()).unwrap();
    stats.endpoints.iter().find(|row| row.name == name).map_or(0, |row| row.requests)
}

/// The number a script printed after a word.
fn printed(end: &Value, word: &str) -> u64 {
    let log = extension(end).log.unwrap();
    let line = log.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("no {word} in {:.500}", log)).trim().parse().unwrap()
}

const ANY_NUMBER: &str = r#"
from decimal import Decimal
from fractions import Fraction
from locust import User, constant, events, task

class Scalar:
    """As numpy's scalars are: no number type of Python, but convertible."""
    def __float__(self):
        return 6.5

TIMES = [1, 2.5, Decimal("3.5"), Fraction(9, 2), True, Scalar(), None]
ODD = [-0.4, float("nan"), float("inf"), Decimal("NaN"), "7", 10 ** 400]

class DbUser(User):
    wait_time = constant(0.01)
    fired = 0
    odd = 0

    @task
    def query(self):
        fire = self.environment.events.request.fire
        for time in TIMES:
            DbUser.fired += 1
            fire(request_type="SQL", name="select \ud800", response_time=time, response_length=Decimal("2.5"),
                 exception=None, context={})
        for time in ODD:
            DbUser.odd += 1
            fire(request_type="gRPC unary", name="odd", response_time=time, response_length=float("nan"),
                 exception=None, context={})

@events.quitting.add_listener
def tell(**_):
    print("fired", DbUser.fired)
    print("odd", DbUser.odd)
"#;

#[test]
fn every_type_of_number_is_recorded_and_odd_times_are_counted() {
    on_one_thread(async {
        let target = Target::start().await;
        let end = run(&target, ANY_NUMBER, 2).await;
        assert_eq!(kinds(&end), [], "{:?}", extension(&end).problems);
        assert_eq!(requests(&end, "select ?"), printed(&end, "fired "));
        let odd = printed(&end, "odd ");
        assert!(odd > 0);
        assert_eq!(requests(&end, "odd"), odd);
        let notes = extension(&end).notes;
        let counted = loadforge_ci::text::counted(odd, "response time");
        let note =
            format!("{counted} were negative, NaN, infinite or no number: the requests count, their times do not");
        assert_eq!(notes, [note]);
        let exact = extension(&end).endpoints.into_iter().find(|exact| exact.name == "odd").unwrap();
        assert!(exact.passed.is_empty(), "{exact:?}");
    });
}

const CLASSES: &str = r#"
from locust import HttpUser, constant, events, task

class Shopper(HttpUser):
    wait_time = constant(0.05)
    orders = 0

    def on_start(self):
        for _ in range(300):
            Shopper.orders += 1
            self.environment.events.request.fire(
                request_type="GET", name="/order/[id]", response_time=30.0, response_length=0,
                exception=TimeoutError("order %d timed out" % Shopper.orders), context={})

    @task
    def check(self):
        with self.client.get("/pay/broken", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("status %d" % response.status_code)

@events.quit.add_listener
def tell(**_):
    print("orders", Shopper.orders)
"#;

#[test]
fn classes_of_failures_are_counted_without_a_limit_and_by_the_status_that_was_answered() {
    on_one_thread(async {
        let target = Target::start().await;
        let end = run(&target, CLASSES, 2).await;
        let failures = extension(&end).failures;
        let of_kind = |kind| {
            failures.iter().filter(|failure| failure.kind == Some(kind)).map(|failure| failure.occurrences).sum::<u64>()
        };
        assert_eq!((printed(&end, "orders "), of_kind(FailureKind::Timeout)), (1200, 1200));
        assert_eq!(of_kind(FailureKind::Http(503)), target.served()["GET /pay/broken"]);
        assert!(failures.len() <= 502, "{} texts", failures.len());
    });
}

const WARM_UP: &str = r#"
import gevent
from locust import HttpUser, constant, events, task

@events.test_start.add_listener
def warm_up(environment, **_):
    def reset():
        gevent.sleep(1.5)
        environment.runner.stats.reset_all()
    gevent.spawn(reset)

class Shopper(HttpUser):
    wait_time = constant(0.05)
    fixed_count = 3

    def on_start(self):
        self.client.get("/slow", name="/")

    @task
    def look(self):
        self.client.get("/look", name="/")
"#;

#[test]
fn what_came_before_a_reset_of_the_statistics_does_not_count() {
    on_one_thread(async {
        for reset in ["reset_all", "clear_all"] {
            let target = Target::start().await;
            let end = run(&target, &WARM_UP.replace("reset_all", reset), 4).await;
            assert_eq!(kinds(&end), [], "{:?}", extension(&end).problems);
            let served: u64 = target.served().values().sum();
            let counted = requests(&end, "/");
            assert!(counted > 0 && counted + 3 < served, "{counted} of {served}");
            let exact = &extension(&end).endpoints[0];
            assert!(exact.passed.buckets().all(|(micros, _)| micros < 500_000), "{exact:?}");
            assert_eq!(exact.passed.count(), counted);
            let notes = extension(&end).notes.join("\n");
            assert!(notes.contains("the script reset its statistics after"), "{notes}");
            assert!(notes.contains("every user class has a fixed_count, 3 users in all"), "{notes}");
        }
    });
}

#[test]
fn classes_with_hosts_of_their_own_keep_them_and_it_is_said() {
    on_one_thread(async {
        let (api, auth, given) = (Target::start().await, Target::start().await, Target::start().await);
        let class = |name: &str, host: &str| {
            format!(
                "class {name}(HttpUser):\n    {host}\n    wait_time = constant(0.05)\n    @task\n    def get(self):\n        \
                 self.client.get('/{name}')\n"
            )
        };
        let own = |target: &Target| format!("host = 'http://127.0.0.1:{}'", target.port);
        let script = format!(
            "from locust import HttpUser, constant, task\n{}{}{}",
            class("api", &own(&api)),
            class("auth", &own(&auth)),
            class("web", "pass")
        );
        let end = run(&given, &script, 2).await;
        let served = |target: &Target| target.served().into_keys().collect::<Vec<_>>();
        assert_eq!([served(&api), served(&auth), served(&given)], [["GET /api"], ["GET /auth"], ["GET /web"]]);
        let notes = extension(&end).notes.join("\n");
        assert!(notes.contains("the script's user classes name 2 hosts"), "{notes}");
    });
}

const STEPS: &str = r#"
from locust import HttpUser, LoadTestShape, constant, task

class Shopper(HttpUser):
    wait_time = constant(0.05)
    @task
    def look(self):
        self.client.get("/")

class Steps(LoadTestShape):
    def tick(self):
        return (6, 10) if self.get_run_time() < 60 else None
"#;

#[test]
fn a_load_shape_that_was_cut_off_is_said_with_its_own_users() {
    on_one_thread(async {
        let target = Target::start().await;
        let end = run(&target, STEPS, 3).await;
        assert_eq!(kinds(&end), [], "{:?}", extension(&end).problems);
        insta::assert_snapshot!(extension(&end).notes.join("\n"), @"the load shape Steps decides the users (at most 6 users), not --users; it was still running after 3s (--duration) and was stopped");
        assert_eq!(extension(&end).evidence.unwrap().load_shape.as_deref(), Some("Steps"));
    });
}

const HANG: &str = r#"
from locust import HttpUser, constant, task

class Shopper(HttpUser):
    wait_time = constant(0.05)
    asked = 0
    seen = False

    @task(20)
    def browse(self):
        self.client.get("/browse")

    @task
    def checkout(self):
        # Two of the four users.
        if Shopper.asked < 2:
            Shopper.asked += 1
            self.client.post("/hang", name="/checkout")

    @task
    def unchecked(self):
        if not Shopper.seen:
            Shopper.seen = True
            self.client.get("/unchecked", catch_response=True)
"#;

#[test]
fn requests_that_never_ended_and_responses_that_were_never_checked_are_counted() {
    on_one_thread(async {
        let target = Target::start().await;
        let end = run(&target, HANG, 8).await;
        let evidence = extension(&end).evidence.unwrap();
        let open = &evidence.never_ended[0];
        assert_eq!(
            (open.endpoint.to_string(), open.requests),
            ("POST /checkout".to_owned(), target.served()["POST /hang"])
        );
        assert_eq!(kinds(&end), [ProblemKind::UsersHung, ProblemKind::RequestsUnrecorded]);
        let problems = extension(&end).problems;
        assert!(problems[0].message.contains("POST /checkout"), "{problems:?}");
        assert!(problems[1].message.contains("GET /unchecked"), "{problems:?}");
    });
}
