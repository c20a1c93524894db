//! The demo shop judged against its own history. A binary of its own, so that nothing else runs on the machine while
//! runs are compared with each other; `cargo bench --bench demo_shop` tries the same many times over.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up should panic, in its helpers too")]

#[path = "../it/background.rs"]
mod background;
#[path = "../it/open_shop.rs"]
mod open_shop;
mod pipeline;
#[path = "../it/tool.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod tool;

use loadforge_ci::baseline::RunHistory;
use loadforge_ci::demo::shop::Fault;
use loadforge_ci::verdict::Outcome;

use pipeline::Pipeline;

/// One story rather than several tests: each step needs the history the steps before have made.
#[test]
fn a_shop_without_any_written_gate_learns_when_it_got_slower() {
    let mut shop = Pipeline::new();
    for number in 1..=5 {
        let build = shop.good_build(&[]);
        assert_eq!(build.verdict.rows_with(Outcome::Fail).count(), 0, "build {number}: {}", build.gate.stdout);
    }
    assert_eq!(RunHistory::open(shop.path("loadforge-history")).unwrap().runs().len(), 5);

    // The same shop once more.
    shop.build(&["--confirm"]).gate.expect(0);

    // Its login becomes slower: that, and nothing else, is what the build says, after a second run.
    shop.shop_gets(vec![Fault::SlowLogin { factor: 1.6 }]);
    let slower = shop.build(&["--confirm"]);
    let gate = slower.gate.expect(1);
    let failed: Vec<String> =
        slower.verdict.rows_with(Outcome::Fail).map(|row| format!("{} {}", row.measure, row.subject)).collect();
    assert_eq!(failed, ["p95 POST /api/v1/auth/login"], "{}", gate.stdout);
    assert!(slower.verdict.sentence.starts_with("POST /api/v1/auth/login is "), "{}", slower.verdict.sentence);
    assert!(slower.verdict.confirmation.is_some());
    assert_eq!(slower.verdict.findings, [], "one slow endpoint is not the environment");
    // A failed run is no baseline.
    let refused = shop.command(&["baseline", "add"]).expect(1);
    assert!(refused.stderr.contains("failed its gates and is no baseline"), "{}", refused.stderr);

    // Another number of users is another test.
    shop.load(&["--users", "20", "--spawn-rate", "50", "--duration", "5s"]).expect(0);
    shop.command(&["gate"]).expect(0);
    let compared = "not compared: the 5 baseline runs used different settings (users: 20 here, 100 there; duration_s: 5 here, 15 there)";
    assert!(shop.verdict().rows.iter().all(|row| row.reason.to_string() == compared), "{:#?}", shop.verdict());
}
