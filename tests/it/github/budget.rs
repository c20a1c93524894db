//! The limit of 65,536 characters.

use jiff::Timestamp;
use loadforge_ci::github::{MAX_COMMENT, Mode, Only, Section, publish};
use loadforge_ci::verdict::Outcome;

use super::{connect, ours, pull_request, server, sha};

/// A renderer that keeps to its budget: the failing rows first, folded rows as far as there is room.
fn report(name: &'static str, failing: usize, folded: usize) -> impl Fn(usize) -> String + Sync {
    move |budget| {
        let mut text = format!("**{name}**\n\n| endpoint |\n|---|\n");
        (0..failing).for_each(|row| text.push_str(&format!("| {name} failing {row} |\n")));
        let mut details = "<details><summary>All</summary>\n\n".to_owned();
        for row in 0..folded {
            let line = format!("| {name} passing {row} ▁▂▃ |\n");
            if text.len() + details.len() + line.len() + 20 > budget {
                break;
            }
            details.push_str(&line);
        }
        text + &details + "\n</details>\n"
    }
}

async fn tell(
    github: &loadforge_ci::github::Github,
    key: &str,
    order: u64,
    outcome: Outcome,
    render: &(dyn Fn(usize) -> String + Sync),
) -> Vec<String> {
    let commit = sha(1);
    let section = Section {
        key,
        commit: Some(&commit),
        ran_at: Some(Timestamp::from_second(i64::try_from(order).unwrap()).unwrap()),
        at: Timestamp::UNIX_EPOCH,
        run: None,
        job: None,
        outcome,
        render,
    };
    publish(github, &pull_request(1, &commit), section, Mode::Update, Only::Always).await.unwrap().notes
}

#[tokio::test]
async fn many_big_sections_stay_below_it_and_no_failing_row_is_lost() {
    let server = server().await;
    let github = connect(&server).await;
    let names = ["cart", "checkout", "login", "search", "stock", "reports"];
    for (order, name) in (1..).zip(names) {
        let (outcome, failing) = if name == "login" { (Outcome::Fail, 400) } else { (Outcome::Pass, 0) };
        tell(&github, name, order, outcome, &report(name, failing, 10_000)).await;
        let text = ours(&server).concat();
        assert!(text.chars().count() <= MAX_COMMENT, "{}", text.chars().count());
    }
    let text = ours(&server).concat();
    for name in names {
        assert!(text.contains(&format!("**{name}**")), "{name} is still there");
    }
    assert!(text.contains("| login failing 0 |") && text.contains("| login failing 399 |"));
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
}

#[tokio::test]
async fn where_github_finds_it_too_long_all_the_same_it_is_shortened() {
    let server = server().await;
    server.limit_body(40_000);
    let notes = tell(&connect(&server).await, "login", 1, Outcome::Fail, &report("login", 50, 10_000)).await;
    assert_eq!(notes, ["GitHub found the comment too long, so it was shortened."]);
    let text = ours(&server).concat();
    assert!(text.chars().count() <= 40_000 && text.contains("| login failing 49 |"));
}
