//! The main job on its embedded default: shop, server, real Locust, gates and reports in one command.

use crate::tool::Tool;

const FILES: [&str; 9] = [
    "run.json",
    "stats.csv",
    "history.csv",
    "failures.csv",
    "results.json",
    "verdict.json",
    "summary.md",
    "report.html",
    "junit/loadforge.xml",
];

#[test]
fn the_demo_passes_and_leaves_everything_behind() {
    let tool = Tool::new();
    let ended = tool.run(&["demo"]).expect(0);
    assert!(ended.stdout.starts_with("Passed"), "{}", ended.stdout);
    for file in FILES {
        assert!(tool.path(&format!("loadforge-results/{file}")).exists(), "{file}");
    }
    let counted = tool.json("loadforge-results/results.json")["total"]["requests"].to_string();
    assert!(ended.stderr.contains(&format!("the shop counted {counted} requests")), "{}", ended.stderr);
}

#[test]
fn the_broken_demo_fails_on_login_and_says_so() {
    let tool = Tool::new();
    let ended = tool.run(&["demo", "--broken"]).expect(1);
    assert!(ended.stdout.starts_with("Failed: POST /api/v1/auth/login"), "{}", ended.stdout);
    let verdict = tool.json("loadforge-results/verdict.json");
    let failed: Vec<_> = verdict["rows"].as_array().unwrap().iter().filter(|row| row["outcome"] == "fail").collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
}
