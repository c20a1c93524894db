//! Keeps the README's part about the orb true: it is generated from the orb, between two markers.
//!
//! `UPDATE=1 cargo test --test it orb::readme` rewrites it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::runner::{Config, Declared, Kind, Orb, orb_folder, yaml};

const BEGIN: &str = "<!-- orb:begin -->";
const END: &str = "<!-- orb:end -->";

/// The smallest configuration that works; one test compiles it.
const SMALLEST: &str = "\
version: 2.1
orbs:
  loadforge: loadforge-ci/loadforge@1
workflows:
  main:
    jobs:
      - loadforge/load-test:
          context: loadforge   # holds LOADFORGE_API_TOKEN
          test_id: \"4217\"
          gates: |
            p95 < 500ms
            error_rate < 1%
";

const GITHUB_APP: &str = "\
CircleCI's GitHub App gives a job display names in place of the repository's. The git remote of the checkout usually says
which repository it is; to be sure, or without a checkout, hand over what the pipeline knows
([docs/comment.md](docs/comment.md) has the whole order):

```yaml
- loadforge/load-test:
    comment: true
    repository: << pipeline.git.repo_owner >>/<< pipeline.git.repo_name >>
    pull_request: << pipeline.event.github.pull_request.number >>
```

";

const WITHOUT_THE_REGISTRY: &str = "\
Without the registry (where an organization allows no uncertified orbs): each release carries the packed `orb.yml`. Name
its address under `orbs:`, or paste it there as an inline orb; it pins the same checksums. The program alone works too:
`loadforge-ci run && loadforge-ci gate` in any step.

This repository builds, tests and publishes itself by [`.circleci/`](.circleci); [RELEASING.md](RELEASING.md) says how.

";

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

#[test]
fn the_readme_tells_the_orb_as_it_is() {
    let text = fs::read_to_string(readme()).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("README.md has the marker");
    let (now, after) = rest.split_once(END).expect("README.md has the end marker");
    let wanted = section(&Orb::of_repository());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(readme(), format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert!(now == wanted, "README.md is older than the orb: UPDATE=1 cargo test --test it orb::readme");
    }
}

#[test]
fn the_smallest_configuration_compiles() {
    let config = Config::new(yaml(SMALLEST), Orb::of_repository()).unwrap();
    let mut given = yaml(SMALLEST)["workflows"]["main"]["jobs"][0]["loadforge/load-test"].as_object().unwrap().clone();
    given.remove("context");
    let job = config.job("loadforge/load-test", &given, &[], &[]).unwrap();
    assert_eq!(job.image, "cimg/base:current");
}

fn section(orb: &Orb) -> String {
    let mut out = String::from("\n\n## The orb\n\nThe smallest configuration that works:\n\n");
    let _ = write!(out, "```yaml\n{SMALLEST}```\n\n");
    out.push_str(
        "A gate before production; the goals are in `loadforge.yml`, and `promote-production` waits for them:\n\n",
    );
    let _ = write!(out, "```yaml\n{}```\n\n", usage("gate_before_production"));
    out.push_str(GITHUB_APP);
    out.push_str("More of these are in [`orb/examples`](orb/examples):\n\n");
    for (name, example) in orb.section("examples") {
        let _ = writeln!(out, "- [`{name}`](orb/examples/{name}.yml): {}", sentence(example));
    }
    out.push_str("\n| command or job | what it does |\n|---|---|\n");
    for (section, kind) in [("commands", "command"), ("jobs", "job")] {
        for (name, definition) in orb.section(section) {
            let _ =
                writeln!(out, "| {kind} `loadforge/{name}` | {} |", cell(definition["description"].as_str().unwrap()));
        }
    }
    out.push_str(
        "\nEvery parameter, with the commands and jobs that have it. An empty one counts as not given; `${NAME}` in a value \
         becomes the value of that variable. CircleCI itself uses `results`, `history`, `baseline_key`, `baseline_branch` and \
         `working_directory` and expands nothing there: a variable in one of them is refused at the start of the job. Lines \
         of a list that are blank or start with `#` count for nothing.\n\n<details>\n<summary>All parameters</summary>\n\n| parameter | type | default | effect | in |\n|---|---|---|---|---|\n",
    );
    for (name, declared, places) in parameters(orb) {
        let _ = writeln!(
            out,
            "| `{name}` | {} | {} | {} | {} |",
            kind(&declared.kind),
            default(declared.default.as_ref()),
            cell(&declared.description),
            places.join(", ")
        );
    }
    out.push_str("\n</details>\n\n");
    out.push_str(WITHOUT_THE_REGISTRY);
    out
}

/// The text of an example's `usage`, as in a config.yml.
fn usage(name: &str) -> String {
    let text = fs::read_to_string(orb_folder().join(format!("examples/{name}.yml"))).unwrap();
    let (_, usage) = text.split_once("\nusage:\n").unwrap();
    usage.lines().map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line))).collect()
}

/// Each parameter once, with every place that declares it alike.
fn parameters(orb: &Orb) -> Vec<(String, Declared, Vec<String>)> {
    let mut all: Vec<(String, Declared, Vec<String>)> = Vec::new();
    for (section, kind) in [("jobs", " job"), ("commands", "")] {
        for (place, definition) in orb.section(section) {
            for (name, declared) in Declared::all(definition).unwrap() {
                let place = format!("`{place}`{kind}");
                match all.iter_mut().find(|(known, same, _)| *known == name && *same == declared) {
                    Some((_, _, places)) => places.push(place),
                    None => all.push((name, declared, vec![place])),
                }
            }
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Enum(words) => {
            words.iter().filter(|word| !word.is_empty()).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Kind::EnvVarName => "variable's name".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn default(value: Option<&Value>) -> String {
    match value {
        None => "required".to_owned(),
        Some(Value::String(text)) if text.is_empty() => String::new(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(other) => format!("`{other}`"),
    }
}

/// The first sentence of a description.
fn sentence(example: &Value) -> String {
    let text = cell(example["description"].as_str().unwrap());
    text.split_once(". ").map_or(text.clone(), |(first, _)| format!("{first}."))
}

/// Text for a cell of a table: one line, its bars escaped.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
