use std::fs;

use super::*;
use crate::error::CommandError;

fn read(text: &str, profile: Option<&str>) -> Result<Config, String> {
    let environment = [("STAGING_URL".to_owned(), "https://a: b # c".to_owned())].into();
    parse("loadforge.yml", text, ConfigChoice { name: None, profile }, &environment)
        .map_err(|error| CommandError::from(error).to_string())
}

#[test]
fn the_whole_file_is_read() {
    let config = read(include_str!("../../../tests/fixtures/loadforge.yml"), Some("quick")).unwrap();
    assert_eq!(config.test.id, Some(4217));
    assert_eq!(config.test.users, Some(50));
    assert_eq!(config.test.duration.unwrap().as_secs(), 120.0);
    assert_eq!(config.test.target_host.as_deref(), Some("https://a: b # c"));
    let gates: Vec<_> = config.gates.iter().map(|placed| (&placed.origin, placed.gate.to_string())).collect();
    let origin = Origin::File { path: "loadforge.yml".into(), line: 13 };
    assert_eq!(gates[0], (&origin, "p95 < 500ms".to_owned()));
    assert_eq!(gates[4].1, "warn: rps >= -15% vs baseline");
    assert_eq!(config.baseline.max_age.unwrap().as_secs(), 90.0 * 86_400.0);
}

#[test]
fn an_error_after_a_variable_keeps_its_words_and_no_value() {
    let says = |rest: &str| read(&format!("test:\n  target_host: ${{STAGING_URL}}\n{rest}"), None).unwrap_err();
    assert!(says("  duration: 5\n").contains("`5` is not a duration"), "{}", says("  duration: 5\n"));
    assert!(says("  duratoin: 5m\n").contains("unknown key `duratoin`"), "{}", says("  duratoin: 5m\n"));
    assert!(says("on_inconclusive: stop\n").contains("`stop` is not one of"), "{}", says("on_inconclusive: stop\n"));
    assert!(says("gates: [ p95 < 5 ]\n").contains("p95 < 5"), "{}", says("gates: [ p95 < 5 ]\n"));
    let value = says("  timeout: ${STAGING_URL}\n");
    assert!(value.contains("loadforge.yml:3:12") && !value.contains("a: b # c"), "{value}");
}

#[test]
fn quoted_texts_expand_too() {
    let config = read("test: { target_host: \"x${STAGING_URL}y\" }", None).unwrap();
    assert_eq!(config.test.target_host.as_deref(), Some("xhttps://a: b # cy"));
}

#[test]
fn a_value_that_comes_from_a_variable_is_never_expanded_again() {
    let environment: HashMap<_, _> =
        [("A", "${B}"), ("B", "secret")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let config = |text: &str| parse("loadforge.yml", text, ConfigChoice::default(), &environment).unwrap();
    for text in ["test:\n  env:\n    - X=${A}\n", "test: { env: [ \"X=${A}\" ] }"] {
        assert_eq!(config(text).test.env, ["X=${B}"], "{text}");
    }
    let gate = config("gates:\n  - p95 of \"${A}\" < 1s\n").gates.remove(0).gate.to_string();
    assert_eq!(gate, "p95 of \"${B}\" < 1s");
}

#[test]
fn what_starts_nothing_needs_no_variable_of_the_test() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("loadforge.yml");
    let load = |text: &str, variables| {
        fs::write(&file, text).unwrap();
        load(Some(&file), ConfigChoice { name: None, profile: Some("quick") }, [], variables)
            .map_err(|fault| fault.to_string())
    };
    let text = "test:\n  users: ${USERS}\n  target_host: \"${HOST}\"\ngates: [ p95 < 1s ]\n\
                profiles:\n  quick:\n    test:\n      id: ${ID}\n";
    assert_eq!(load(text, Variables::OutsideTest).unwrap().gates.len(), 1);
    assert!(load(text, Variables::All).unwrap_err().contains("variable USERS is not set"));
    for needed in
        ["baseline:\n  branch: ${MAIN}\n", "baseline: { branch: \"${MAIN}\" }\n", "on_inconclusive: ${MAIN}\n"]
    {
        let fault = load(&format!("{needed}{text}"), Variables::OutsideTest).unwrap_err();
        assert!(fault.contains("is not set"), "{needed}: {fault}");
    }
}

#[test]
fn an_empty_file_is_an_empty_configuration() {
    for text in ["", "# nothing here\n", "{}"] {
        assert!(read(text, None).unwrap().gates.is_empty(), "{text:?}");
    }
}

#[test]
fn faults_name_the_place_show_the_line_and_suggest() {
    let faults = [
        "test:\n  userz: 5\n",
        "test:\n  users: 5\n  users: 6\n",
        "test:\n  duration: 5\n",
        "test:\n  users: many\n",
        "on_inconclusive: fial\n",
        "test:\n  target_host: ${NOT_SET}\n",
        "test:\n  target_host: \"${NOT_SET}\"\n",
        "test: { id: 1, name: x }\n",
        "gates: p95 < 500ms\n",
        "gates: |\n  error_rate < 1%\n  p95 < 1s\n",
        "gates:\n  p95: < 500ms\n",
    ];
    let texts: Vec<_> = faults.iter().map(|text| read(text, None).unwrap_err()).collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_gate_that_cannot_be_read_names_its_place_in_a_profile_that_is_not_asked_for_too() {
    let bad = "gates:\n  - p95 < 500ms\n  - warn: p59x < 1s\n";
    let in_profile = format!("profiles:\n  quick:\n    {}", bad.replace('\n', "\n    "));
    let faults = [read(bad, None).unwrap_err(), read(&in_profile, None).unwrap_err()];
    insta::assert_snapshot!(faults.join("\n\n"), @r"
    loadforge.yml:3:11: `p59x` is not a percentile
      warn: p59x < 1s
            ^^^^
    hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9

    loadforge.yml:5:15: `p59x` is not a percentile
      warn: p59x < 1s
            ^^^^
    hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9
    ");
}

#[test]
fn a_waiver_knows_its_place_and_a_bad_one_is_refused() {
    let waiver = |gate: &str, accept: &str| {
        let text = format!(
            "waivers:\n  - gate: {gate}\n    owner: ann\n    reason: index\n    expires: 2026-12-01\n    accept: {accept}\n"
        );
        read(&text, None)
    };
    let placed = waiver("p95 < 500ms", "1s").unwrap();
    assert_eq!(placed.waivers[0].origin, Origin::File { path: "loadforge.yml".into(), line: 2 });
    let faults = [("p59x < 1s", "1s"), ("p95 < 500ms", "1 banana"), ("p95 < 500ms", "5%")]
        .map(|(gate, accept)| waiver(gate, accept).unwrap_err());
    insta::assert_snapshot!(faults.join("\n\n"), @r"
    loadforge.yml:2:11: `p59x` is not a percentile
      p59x < 1s
      ^^^^
    hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9

    loadforge.yml:6:13: unknown unit `banana`
      1 banana
      ^^^^^^^^
    hint: write a value such as 1200ms, 5%, 40/s or 12, or a change such as +60%

    loadforge.yml:2:5: `accept: 5%` does not fit the gate `p95 < 500ms`: write a response time such as 1200ms
    2 |   - gate: p95 < 500ms
      |     ^
    ");
}

#[test]
fn an_unknown_profile_lists_the_known_ones() {
    let error = read("profiles: { quick: {}, stress: {} }", Some("quik")).unwrap_err();
    insta::assert_snapshot!(error, @r"
    loadforge.yml has no profile `quik`
    hint: did you mean `quick`? There are: quick, stress
    ");
}
