use crate::gate::{Condition, Gate, GateLine};

fn gate(text: &str) -> Gate {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_gates_of_the_design_are_understood() {
    for text in [
        "p95 < 500ms",
        "error_rate < 1%",
        "p95 of \"POST /api/v1/auth/login\" < 800ms",
        "error_rate of \"/api/v1/carts/*/checkout\" < 1%",
        "warn: rps >= -15% vs baseline",
        "p99.9 <= 1.5s after ramp-up",
        "avg < 300ms in 99% of windows",
        "errors(5xx) < 0.1%",
        "errors(503) == 0",
        "errors(rate_limit) <= 25",
        "drift(p95) < 20%",
        "drift(rps) >= -10%",
        "rps > 50/s in 99.5% of windows after ramp-up",
        "requests >= 1000",
        "failures < 10",
        "p95 of \"**\" <= +20% vs baseline after ramp-up",
    ] {
        assert_eq!(gate(text).to_string(), text);
    }
}

#[test]
fn white_space_and_the_default_severity_do_not_matter() {
    for text in ["p95<500ms", "  fail :  p95\t<\n500 ms ", "p95 < 500.0ms", "p95.0<0500ms"] {
        assert_eq!(gate(text), gate("p95 < 500ms"), "{text}");
    }
    assert_eq!(gate("errors( 5xx )of\"GET /a\"<1 % "), gate("errors(5xx) of \"GET /a\" < 1%"));
    assert_eq!(gate("avg<1s in 9%of windows after ramp-up"), gate("avg < 1s in 9% of windows after ramp-up"));
    assert_eq!(gate("failures < 5 after ramp-up"), gate("failures<5 after   ramp-up"));
}

#[test]
fn numbers_keep_their_decimals() {
    let limit = |text: &str| match gate(text).condition {
        Condition::Fixed { limit, .. } => limit.value(),
        Condition::VsBaseline { change_percent, .. } => change_percent,
    };
    assert_eq!(limit("error_rate < 0.5%"), 0.5);
    assert_eq!(limit("p95 < 0.0007s"), 0.7);
    assert_eq!(limit("p95 < 1.0005s"), 1000.5);
    assert_eq!(limit("p95 < 123456789.012345ms"), 123_456_789.012_345);
    assert_eq!(limit("p95 <= +7.25% vs baseline"), 7.25);
}

#[test]
fn a_quoted_name_may_hold_quotes_and_backslashes() {
    let pattern = |text: &str| gate(text).selector.unwrap().pattern().to_owned();
    assert_eq!(pattern(r#"p95 of "say \"hi\"" < 5ms"#), r#"say "hi""#);
    assert_eq!(pattern(r#"p95 of "/\d+\\w" < 5ms"#), r"/\d+\w");
    assert_eq!(pattern("p95 of \"a < b of c\" < 5ms"), "a < b of c");
}

#[test]
fn the_place_is_a_column_in_characters() {
    let error = "p95 of \"größe 語\" < 5%".parse::<Gate>().unwrap_err();
    assert_eq!((error.column(), error.message()), (20, "`%` is not a unit of `p95`"));
    assert_eq!(error.carets().chars().filter(|c| *c == '^').count(), 2);
    // One of the name's characters is two columns wide.
    assert_eq!(error.carets().chars().count(), 22);
    let error = "p95 \u{1b}[2J\n < 5ms".parse::<Gate>().unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

#[test]
fn yaml_may_read_a_severity_as_a_key() {
    let parsed = |yaml: &str| {
        let lines: Vec<GateLine> = serde_saphyr::from_str(yaml).unwrap();
        lines.iter().map(|line| line.0.parse()).collect::<Result<Vec<Gate>, _>>()
    };
    let gates = parsed("- p95 < 500ms\n- warn: rps >= -15% vs baseline\n").unwrap();
    assert_eq!(gates, [gate("p95 < 500ms"), gate("warn: rps >= -15% vs baseline")]);
    let error = parsed("- p95 < 500\n").unwrap_err().to_string();
    assert!(error.contains("`p95` needs a unit"), "{error}");
}
