//! The comment as people read it: real reports, several tests in one.

use jiff::Timestamp;
use loadforge_ci::github::{MAX_COMMENT, Mode, Only, Section, publish};
use loadforge_ci::report::markdown::comment_section;
use loadforge_ci::verdict::Outcome;

use super::{connect, ours, pull_request, server, sha};
use crate::report::sample::Sample;
use crate::support::github::GitHub;

async fn tell(server: &GitHub, key: &str, order: u64, outcome: Outcome, sample: &Sample) {
    let commit = sha(1);
    let section = Section {
        key,
        commit: Some(&commit),
        ran_at: Some(Timestamp::from_second(i64::try_from(order).unwrap()).unwrap()),
        at: Timestamp::UNIX_EPOCH,
        run: Some(order),
        job: Some(key),
        outcome,
        render: &|budget| comment_section(&sample.story(), budget),
    };
    publish(&connect(server).await, &pull_request(1, &commit), section, Mode::Update, Only::Always).await.unwrap();
}

#[tokio::test]
async fn one_test_of_each_outcome_shares_a_comment_the_worst_first() {
    let server = server().await;
    for (order, outcome) in (1..).zip([Outcome::Pass, Outcome::Warn, Outcome::Fail, Outcome::Inconclusive]) {
        tell(&server, &format!("shop ({outcome})"), order, outcome, &Sample::shop(outcome)).await;
    }
    let text = ours(&server).concat();
    // The sections' inner text is the report's own affair.
    let frame = |line: &&str| line.starts_with("<!--") || line.starts_with("**4") || line.starts_with("<sub>");
    let frame: Vec<&str> = text.lines().filter(frame).map(|line| line.split(" time=").next().unwrap()).collect();
    insta::assert_snapshot!(frame.join("\n"), @r"
    <!-- loadforge-ci v=1 kind=sticky -->
    **4 load tests:** 1 failed, 1 could not be judged, 1 passed with warnings, 1 passed.
    <!-- loadforge-ci:section key=shop%20%28fail%29 outcome=fail
    <!-- loadforge-ci:end -->
    <!-- loadforge-ci:section key=shop%20%28inconclusive%29 outcome=inconclusive
    <!-- loadforge-ci:end -->
    <!-- loadforge-ci:section key=shop%20%28warn%29 outcome=warn
    <!-- loadforge-ci:end -->
    <!-- loadforge-ci:section key=shop%20%28pass%29 outcome=pass
    <!-- loadforge-ci:end -->
    <sub>Kept up to date by loadforge-ci; each load test updates its own part.</sub>
    ");
    assert_eq!(text.lines().filter(|line| line.starts_with("### ")).count(), 4, "a verdict sentence each");
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
}

#[tokio::test]
async fn ten_thousand_endpoints_of_which_four_hundred_fail_fit_beside_other_tests() {
    let server = server().await;
    tell(&server, "search", 1, Outcome::Pass, &Sample::large(10_000, 0, 3_600)).await;
    tell(&server, "reports", 2, Outcome::Fail, &Sample::large(10_000, 400, 3_600)).await;
    tell(&server, "shop", 3, Outcome::Warn, &Sample::shop(Outcome::Warn)).await;
    let text = ours(&server).concat();
    assert!(text.encode_utf16().count() <= MAX_COMMENT);
    let shown = (0..400).filter(|at| text.contains(&format!("tenants/{at}/"))).count();
    assert!(shown == 400 || text.contains(&format!("{} more", 400 - shown)), "{shown} failing rows shown:\n{text}");
}
