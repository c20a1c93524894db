//! `compare`: two runs side by side.

use crate::tool::{Tool, fixture};

/// A stats file with two endpoints: how long their requests took, and how many of the second one's failed.
fn stats(login_ms: u32, checkout_ms: u32, failed: u32) -> String {
    let row = |kind: &str, name: &str, failures: u32, ms: u32| {
        format!("{kind},{name},4000,{failures},{ms},{ms},{},{}\n", ms * 2, ms * 3)
    };
    let head = "Type,Name,Request Count,Failure Count,Average Response Time,50%,95%,99%\n";
    let rows = [row("POST", "/login", 0, login_ms), row("POST", "/checkout", failed, checkout_ms)].concat();
    format!("{head}{rows}{}", row("", "Aggregated", failed, login_ms))
}

/// A tool with two judged folders, `before` and `after`.
fn two_folders() -> Tool {
    let tool = Tool::new().file("a.csv", stats(100, 300, 4)).file("b.csv", stats(180, 305, 5));
    for (file, folder) in [("a.csv", "before"), ("b.csv", "after")] {
        tool.run(&["gate", "--from", file, "--results", folder, "--gate", "p95 < 9s"]).expect(0);
    }
    tool
}

#[test]
fn what_moved_is_first_and_noise_is_called_noise() {
    let tool = two_folders();
    let out = tool.run(&["compare", "before", "after"]).expect(0).stdout;
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("1 of 2 endpoints moved; most of all POST /login: p50 100 → 180 ms (+80 %)"), "{out}");
    let at =
        |word: &str| lines.iter().position(|line| line.starts_with(word)).unwrap_or_else(|| panic!("{word}: {out}"));
    assert!(
        lines[at("worse")].contains("POST /login") && lines[at("within noise")].contains("POST /checkout"),
        "{out}"
    );
    assert!(at("worse") < at("within noise"), "{out}");
    let folded = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(folded.contains("sampling error") && folded.contains("Locust's rounding"), "{out}");
}

#[test]
fn the_same_is_written_as_markdown_and_as_a_page() {
    let tool = two_folders();
    tool.run(&["compare", "before", "after", "--markdown", "moved.md", "--page", "moved.html"]).expect(0);
    let (markdown, page) = (tool.read("moved.md"), tool.read("moved.html"));
    assert!(markdown.contains("| <code>POST /login</code>") || markdown.contains("| `POST /login`"), "{markdown}");
    assert!(markdown.contains("<details><summary>1 endpoint within noise</summary>"), "{markdown}");
    assert!(
        page.contains("<h1>1 of 2 endpoints moved") && page.contains("default-src &#39;none&#39;")
            || page.contains("default-src 'none'")
    );
    assert!(!page.contains("<script"), "the page needs no script");
}

#[test]
fn good_runs_of_the_history_are_named_by_number_or_commit_and_say_what_noise_is() {
    let tool = Tool::new();
    let history = fixture("history/demo-shop");
    let history = history.to_str().unwrap();
    let lines = std::fs::read_to_string(fixture("history/demo-shop/history.jsonl")).unwrap();
    let run = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let (first, last) = (run(lines.lines().next().unwrap()), run(lines.lines().last().unwrap()));
    let (a, b) = (first["commit"].as_str().unwrap(), last["commit"].as_str().unwrap());
    let out = tool.run(&["compare", &a[..12], &b[..12], "--history", history]).expect(0).stdout;
    assert!(out.contains(&a[..7]) && out.contains("good runs usually differ"), "{out}");
}

#[test]
fn what_cannot_be_compared_is_refused_in_words() {
    let tool = two_folders().file("other.csv", stats(1, 1, 0).replace("/login", "/x").replace("/checkout", "/y"));
    tool.run(&["gate", "--from", "other.csv", "--results", "other", "--gate", "p95 < 9s"]).expect(0);
    let refused = |arguments: [&str; 3]| tool.run(&arguments).expect(2).stderr;
    assert!(refused(["compare", "before", "other"]).contains("no endpoint in common"));
    let missing = refused(["compare", "before", "nowhere"]);
    assert!(missing.contains("B: `nowhere` is neither a results folder nor a good run"), "{missing}");
    let file = refused(["compare", "before", "a.csv"]);
    assert!(file.contains("a.csv is a file") && file.contains("gate --from"), "{file}");
    std::fs::create_dir(tool.path("empty")).unwrap();
    let empty = refused(["compare", "empty", "after"]);
    assert!(empty.contains("A: ") && empty.contains("results.json"), "{empty}");
}
