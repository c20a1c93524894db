//! The gates that the documentation shows first can be judged, or say how much longer a run it would take.

use std::fs::{self, File};
use std::path::Path;

use loadforge_ci::config::{self, Variables};
use loadforge_ci::gate::{self, NoHistory, Options, PlacedGate};
use loadforge_ci::locust::read_stats;
use loadforge_ci::results::{ConfigChoice, Results};
use loadforge_ci::series::StatsHistory;
use loadforge_ci::verdict::{Outcome, Row, Subject};

use crate::tool::{Tool, fixture};

/// The gates of a configuration file.
fn gates(text: &str) -> Vec<PlacedGate> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loadforge.yml");
    fs::write(&file, text).unwrap();
    config::load(Some(&file), ConfigChoice::default(), [], Variables::OutsideTest).unwrap().gates
}

/// The first YAML block behind a text.
fn block<'a>(page: &'a str, behind: &str) -> &'a str {
    let (_, rest) = page.split_once(behind).unwrap();
    let (_, rest) = rest.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Whether a row ends in an answer, or in what it would take to have one.
fn leads_on(row: &Row) -> bool {
    let reason = row.reason.to_string();
    let says_how_long = reason.contains("takes a run of ") && reason.contains(" times the users");
    // A recording has the endpoints of one script only.
    let of_another_script = matches!(row.subject, Subject::NoMatch(_));
    row.outcome != Outcome::Inconclusive
        || row.is_waiting()
        || of_another_script
        || says_how_long
        || reason.contains("run 1m longer")
}

#[test]
fn the_first_gates_of_the_documentation_dead_end_at_no_rare_endpoint() {
    let starter = Tool::new();
    starter.run(&["init"]).expect(0);
    let texts = [
        starter.read("loadforge.yml"),
        block(&page("README.md"), "## The gate language").to_owned(),
        block(&page("docs/baseline.md"), "# Judging against history").to_owned(),
    ];
    let mut judged = 0;
    for text in &texts {
        let gates = gates(text);
        assert!(!gates.is_empty(), "{text}");
        for script in ["s1_basic", "s2_auth", "s3_checkout", "s4_reports"] {
            let recorded = |file: &str| fixture("locust/healthy").join(script).join(file);
            let stats = read_stats("run_stats.csv", File::open(recorded("run_stats.csv")).unwrap()).unwrap();
            let results = Results::new(stats.total, stats.endpoints);
            let history = recorded("run_stats_history.csv");
            let verdict =
                gate::judge(&gates, &results, Some(StatsHistory::file(&history)), &NoHistory, &Options::default());
            for row in &verdict.rows {
                assert!(leads_on(row), "{script}: {} of {}: {}", row.gate, row.subject, row.reason);
                judged += usize::from(!matches!(row.subject, Subject::NoMatch(_)));
            }
        }
    }
    assert!(judged > 40, "{judged}");
}
