use loadforge_ci::report::html::page;
use loadforge_ci::verdict::Outcome;

use super::sample::Sample;

/// Writes the pages that `tests/browser` opens and people look at.
#[test]
fn the_pages_for_the_browser_are_written() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, sample) in [
        ("failed", Sample::shop(Outcome::Fail).with_what_now().with_background()),
        ("passed", Sample::shop(Outcome::Pass).with_background()),
        ("warned", Sample::shop(Outcome::Warn).with_background()),
        ("inconclusive", Sample::shop(Outcome::Inconclusive)),
        ("empty", Sample::empty()),
        ("large", Sample::large(10_000, 400, 43_200).with_background()),
        (
            "hostile",
            Sample::hostile("<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>").with_background(),
        ),
    ] {
        let html = page(&sample.story());
        assert!(html.contains("<h1>"), "{name}: {html}");
        assert!(html.contains("id=\"run\""), "{name}");
        std::fs::write(folder.join(format!("{name}.html")), &html).unwrap();
        assert!(html.len() <= 1_500_000, "{name}: {} bytes", html.len());
    }
}

#[test]
fn what_all_endpoints_share_is_above_the_table() {
    let html = page(&Sample::shop(Outcome::Fail).slower_alike().story());
    let (head, _) = html.split_once("</header>").unwrap();
    assert!(
        head.contains("<strong>All 5 endpoints are slower than the baseline by about the same factor, +60 %.</strong>")
    );
    assert!(!page(&Sample::shop(Outcome::Fail).story()).contains("All 5 endpoints are slower"));
}

#[test]
fn a_failed_row_says_whose_it_is_and_what_to_do() {
    let html = page(&Sample::shop(Outcome::Fail).with_what_now().story());
    let (head, gates) = html.split_once("</header>").unwrap();
    assert!(head.contains("<dt>Owner</dt><dd><bdi>@acme/identity</bdi></dd>"), "{head}");
    for part in [
        "<summary>What now</summary>",
        "<pre>loadforge-ci run --test-id 4217 --users 20 --duration 5m &amp;&amp; loadforge-ci gate</pre>",
        "<pre>waivers:\n  - gate: ",
        "docs/baseline.md\" rel=\"noreferrer\">How it is judged</a>",
    ] {
        assert!(gates.contains(part), "{part}");
    }
    let passed = page(&Sample::shop(Outcome::Pass).with_what_now().story());
    assert!(!passed.contains("What now") && !passed.contains("<dt>Owner</dt>"));
}
