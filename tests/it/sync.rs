//! `sync`: the tests of a repository on LoadForge, which our own server plays.

use loadforge_ci::emulator::{EngineChoice, ReplayPace, Server, ServerConfig};
use loadforge_ci::loadforge::Client;
use loadforge_ci::loadforge::wire::{TestRow, TestSpec};

use crate::background::Background;
use crate::tool::{Ended, Tool, fixture};

const CONFIG: &str = "test:\n  target_host: https://staging.example.com\n  users: 20\ntests:\n  checkout:\n    \
                      locustfile: perf/checkout.py\n    spawn_rate: 4\n    targets: { apdex: 300ms, p95: 600ms, error_percent: 1 }\n  \
                      search:\n    locustfile: perf/search.py\n    users: 50\n    regions: { lon1: 1 }\n";

/// A repository with two tests, and the server.
struct World {
    tool: Tool,
    url: String,
    _server: Background,
}

impl World {
    fn new() -> Self {
        let (server, url) = Background::start(async |opened, stopped| {
            let folder = fixture("locust").join("healthy/s3_checkout");
            let config = ServerConfig {
                engine: EngineChoice::Replay { folder, pace: ReplayPace::default() },
                ..ServerConfig::default()
            };
            let server = Server::start(config).await.unwrap();
            opened.send(server.api_url()).unwrap();
            let _ = stopped.await;
            server.shutdown().await;
        });
        let tool = Tool::new()
            .file("loadforge.yml", CONFIG)
            .file("perf/checkout.py", "from locust import HttpUser\nfrom common import BASE\n")
            .file("perf/common.py", "BASE = '/cart'\n")
            .file("perf/search.py", "from locust import HttpUser\nUSERS = open('data/users.csv')\n")
            .file("perf/data/users.csv", "name\nann\n")
            .env("LOADFORGE_API_TOKEN", "any")
            .env("CIRCLE_REPOSITORY_URL", "git@github.com:acme/shop.git");
        Self { tool, url, _server: server }
    }

    fn sync(&self, more: &[&str], exit: i32) -> Ended {
        self.tool.run(&[&["sync", "--api-url", &self.url], more].concat()).expect(exit)
    }

    fn ask<T>(&self, question: impl AsyncFnOnce(Client) -> T) -> T {
        let client = Client::builder(self.url.parse().unwrap()).token(Some("any".to_owned().into())).build().unwrap();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(question(client))
    }

    fn tests(&self) -> Vec<TestRow> {
        self.ask(async |client| client.tests().await.unwrap())
    }

    fn files(&self) -> Vec<String> {
        self.ask(async |client| client.files().await.unwrap().into_iter().map(|file| file.name).collect())
    }

    /// Changes a saved test as somebody would in the web interface.
    fn change(&self, name: &str, change: impl FnOnce(&mut TestSpec)) {
        let row = self.tests().into_iter().find(|row| row.name == name).unwrap();
        let mut spec = TestSpec {
            name: row.name,
            users: row.users.unwrap(),
            rate: row.rate.unwrap(),
            servers: row.servers.unwrap(),
            host_id: row.host_id,
            region: row.region.unwrap(),
            locustfile: row.locustfile.unwrap(),
            ..TestSpec::default()
        };
        change(&mut spec);
        self.ask(async |client| client.update_test(row.id, &spec).await.unwrap());
    }
}

#[test]
fn tests_are_created_once_and_the_second_sync_changes_nothing() {
    let world = World::new();
    let missing = world.sync(&["--check"], 1);
    assert_eq!(missing.stdout, "checkout: not on LoadForge\nsearch: not on LoadForge\n");
    assert!(world.tests().is_empty(), "a check changes nothing");
    world.sync(&[], 0);
    let tests = world.tests();
    let settings: Vec<_> =
        tests.iter().map(|row| (row.name.as_str(), row.users, row.rate, row.region.as_deref())).collect();
    assert_eq!(
        settings,
        [("checkout", Some(20), Some(4.0), Some("nyc3")), ("search", Some(50), Some(2.0), Some("lon1"))]
    );
    let targets = (tests[0].apdex_target, tests[0].p95_target, tests[0].error_perc_target);
    assert_eq!(targets, (Some(300.0), Some(600.0), Some(1.0)));
    assert!(tests[0].locustfile.as_ref().unwrap().contains("BASE = '/cart'"), "its module is in it");
    let files = world.files();
    assert!(files.len() == 1 && files[0].starts_with("search-file-") && files[0].ends_with("-users.csv"), "{files:?}");
    let ids: Vec<u64> = tests.iter().map(|row| row.id).collect();
    let same = world.sync(&["--check"], 0);
    assert_eq!(same.stdout, format!("checkout: as LoadForge test {}\nsearch: as LoadForge test {}\n", ids[0], ids[1]));
    world.sync(&[], 0);
    assert_eq!(world.tests(), tests);
    assert_eq!(world.files(), files);
}

#[test]
fn drift_is_shown_as_a_diff_and_undone_by_sync() {
    let world = World::new();
    world.sync(&[], 0);
    world.change("search", |spec| {
        spec.users = 7;
        spec.region = "nyc3".to_owned();
        spec.locustfile = spec.locustfile.replace("USERS =", "PEOPLE =");
    });
    let drift = world.sync(&["--check"], 1);
    for line in [
        "checkout: as LoadForge test ",
        "search: differs from LoadForge test ",
        "  users: 50 here, 7 on LoadForge",
        "  -PEOPLE = open('data/users.csv')",
        "  +USERS = open('data/users.csv')",
    ] {
        assert!(drift.stdout.contains(line), "{line}\n{}", drift.stdout);
    }
    let before = world.tests();
    world.sync(&["--check", "--name", "checkout"], 0);
    assert_eq!(world.tests(), before, "a check changes nothing");
    let synced = world.sync(&[], 0);
    assert!(synced.stdout.contains("search: updated test "), "{}", synced.stdout);
    world.sync(&["--check"], 0);
}

#[test]
fn what_loadforge_has_is_adopted() {
    let world = World::new();
    let tool = &world.tool;
    let plain =
        "tests:\n  look:\n    locustfile: look.py\n    users: 5\n    target_host: https://staging.example.com\n";
    std::fs::write(tool.path("loadforge.yml"), plain).unwrap();
    std::fs::write(tool.path("look.py"), "import locust\n").unwrap();
    world.sync(&[], 0);
    world.change("look", |spec| {
        spec.users = 8;
        spec.locustfile = spec.locustfile.replace("import locust", "import locust  # tuned");
    });
    let adopted = world.sync(&["--adopt"], 1);
    assert_eq!(tool.read("look.py"), "import locust  # tuned\n");
    assert!(
        adopted.stdout.contains("look: write these settings into loadforge.yml:\n  users: 8   # here 5\n"),
        "{}",
        adopted.stdout
    );
    std::fs::write(tool.path("loadforge.yml"), plain.replace("users: 5", "users: 8")).unwrap();
    world.sync(&["--adopt"], 0);
    world.sync(&["--check"], 0);
}

#[test]
fn a_script_with_modules_in_it_is_not_written_over_the_one_here() {
    let world = World::new();
    world.sync(&[], 0);
    world.change("checkout", |spec| spec.locustfile.push_str("# more\n"));
    let before = world.tool.read("perf/checkout.py");
    let shown = world.sync(&["--adopt"], 1);
    assert!(shown.stdout.contains("take the change over by hand"), "{}", shown.stdout);
    assert_eq!(world.tool.read("perf/checkout.py"), before);
}

#[test]
fn only_what_sync_made_here_is_pruned_and_only_when_asked() {
    let world = World::new();
    world.sync(&[], 0);
    let by_hand = TestSpec {
        name: "by-hand".into(),
        users: 1,
        rate: 1.0,
        servers: 1,
        region: "nyc3".into(),
        locustfile: "import locust\n".into(),
        ..TestSpec::default()
    };
    let foreign = TestSpec {
        name: "theirs".into(),
        locustfile: "import locust\n# kept by loadforge-ci sync of github.com/acme/other\n".into(),
        ..by_hand.clone()
    };
    world.ask(async |client| {
        client.create_test(&by_hand).await.unwrap();
        client.create_test(&foreign).await.unwrap();
        client.create_file("team.csv", b"a\n").await.unwrap();
    });
    let (config, _) = CONFIG.split_once("  search:").unwrap();
    std::fs::write(world.tool.path("loadforge.yml"), config).unwrap();
    let listed = world.sync(&[], 0);
    assert!(
        listed.stdout.contains("left over: test ") && listed.stdout.contains("`search`; sync --prune deletes it"),
        "{}",
        listed.stdout
    );
    assert_eq!((world.tests().len(), world.files().len()), (4, 2));
    world.sync(&["--check"], 1);
    let pruned = world.sync(&["--prune"], 0);
    assert!(pruned.stdout.contains("`search`; it is deleted now"), "{}", pruned.stdout);
    let names: Vec<String> = world.tests().into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["checkout", "by-hand", "theirs"]);
    assert_eq!(world.files(), ["team.csv"]);
    world.sync(&["--check"], 0);
}

#[test]
fn what_cannot_be_kept_is_an_error_with_the_next_step() {
    let world = World::new();
    let says = |config: &str, words: &str| {
        std::fs::write(world.tool.path("loadforge.yml"), config).unwrap();
        let ended = world.sync(&[], 2);
        assert!(ended.stderr.contains(words), "{words}\n{}", ended.stderr);
    };
    let test = "locustfile: perf/search.py, users: 1, target_host: https://staging.example.com";
    says(&format!("test: {{ {test} }}\n"), "add `saved_as: NAME` to it");
    says("test: { id: 7 }\n", "no test with a script to keep on LoadForge");
    says(
        &format!("tests:\n  a: {{ {test} }}\n  b: {{ {test}, saved_as: a }}\n"),
        "two tests are kept as `a`: perf/search.py and perf/search.py",
    );
    assert!(world.tests().is_empty());
}
