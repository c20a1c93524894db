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
use loadforge_ci::verdict::{FindingKind, Outcome, Subject};

use pipeline::Pipeline;

/// One story rather than several tests: each step needs the history the steps before have made.
///
/// It holds the gate to what it promises on any machine, a busy one too: no build of an unchanged shop is red, a slower
/// login is found, and nothing else is blamed. A build that the machine disturbed may be left open (exit code 3), which
/// is what the gate is for; it joins no history and the next build tries again.
#[test]
fn a_shop_without_any_written_gate_learns_when_it_got_slower() {
    let mut shop = Pipeline::new();
    for number in 1..=10 {
        if runs_in_history(&shop) == 5 {
            break;
        }
        let build = shop.good_build(&[]);
        assert_eq!(build.verdict.rows_with(Outcome::Fail).count(), 0, "build {number}: {}", build.gate.stdout);
    }
    assert_eq!(runs_in_history(&shop), 5, "ten builds of a shop that never changed");

    // The same shop once more.
    shop.build(&["--confirm"]).gate.expect_one_of(&[0, 3]);

    // Its login becomes slower: that, and nothing else, is what the build says, after a second run.
    shop.shop_gets(vec![Fault::SlowLogin { factor: 1.6 }]);
    let slower = (1..=4).map(|_| shop.build(&["--confirm"])).find(|build| {
        for row in build.verdict.rows_with(Outcome::Fail) {
            assert_eq!(row.subject.to_string(), "POST /api/v1/auth/login", "{}", build.gate.stdout);
        }
        build.gate.code == 1
    });
    let slower = slower.expect("a login that takes 60 % longer is found in one of four builds");
    assert!(slower.verdict.sentence.starts_with("POST /api/v1/auth/login is "), "{}", slower.verdict.sentence);
    assert!(slower.verdict.confirmation.is_some());
    let environment = slower.verdict.findings.iter().find(|finding| finding.kind == FindingKind::CommonMode);
    assert_eq!(environment, None, "one slow endpoint is not the environment");
    // A failed run is no baseline.
    let refused = shop.command(&["baseline", "add"]).expect(1);
    assert!(refused.stderr.contains("failed its gates and cannot become a baseline"), "{}", refused.stderr);

    // Another number of users is another test.
    shop.load(&["--users", "20", "--spawn-rate", "50", "--duration", "5s"]).expect(0);
    shop.command(&["gate"]).expect_one_of(&[0, 3]);
    let compared = "not compared: the 5 baseline runs used different settings (users: 20 here, 100 there; duration_s: 5 here, 15 there)";
    let verdict = shop.verdict();
    let mut rows = verdict.rows.iter().filter(|row| row.subject != Subject::Run).peekable();
    assert!(rows.peek().is_some());
    assert!(rows.all(|row| row.reason.to_string() == compared), "{verdict:#?}");
}

fn runs_in_history(shop: &Pipeline) -> usize {
    RunHistory::open(shop.path("loadforge-history")).unwrap().runs().len()
}
