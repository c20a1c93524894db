//! The pages of `docs/` match the program: every key, every measure, every command, every error text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use loadforge_ci::cli::Cli;
use loadforge_ci::config::{self, Variables};
use loadforge_ci::gate::Gate;
use loadforge_ci::results::ConfigChoice;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The pages of `docs/`, and the README, by name.
fn pages() -> Vec<(String, String)> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|ext| ext == "md"));
    let mut names: Vec<String> =
        docs.map(|path| format!("docs/{}", path.file_name().unwrap().to_string_lossy())).collect();
    names.push("README.md".to_owned());
    names.sort();
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

/// The code blocks of a page in this language, indented ones too, without their indentation.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().strip_prefix("```") != Some(language) {
            continue;
        }
        let body = lines.by_ref().take_while(|line| line.trim_start() != "```");
        blocks.push(body.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect());
    }
    blocks
}

#[test]
fn the_annotated_file_has_every_key_and_loads() {
    let page = read("docs/configuration.md");
    let file = blocks(&page, "yaml").into_iter().max_by_key(String::len).unwrap();
    let schema = Value::from(config::schema());
    let mut keys = BTreeSet::new();
    property_names(&schema, &mut keys);
    assert!(keys.len() > 20, "{keys:?}");
    let words: BTreeSet<&str> = file.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let missing: Vec<&String> = keys.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/configuration.md does not show {missing:?}");

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("loadforge.yml");
    fs::write(&path, &file).unwrap();
    for (name, profile) in
        [(None, None), (Some("search"), None), (None, Some("quick")), (Some("search"), Some("stress"))]
    {
        let environment = [("STAGING_URL".to_owned(), "https://shop.staging.example.com".to_owned())];
        let selected = ConfigChoice { name, profile };
        config::load(Some(&path), selected, environment, Variables::All).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// The names of all properties in a JSON schema.
fn property_names(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                names.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| property_names(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| property_names(value, names)),
        _ => {}
    }
}

#[test]
fn the_gates_of_the_pages_parse_and_show_every_measure() {
    let page = read("docs/gates.md");
    let mut gates: Vec<String> = Vec::new();
    for (_, text) in pages() {
        gates.extend(blocks(&text, "gate").iter().flat_map(|block| block.lines()).map(str::to_owned));
    }
    // The examples of the table of measures are its last column.
    let (_, table) = page.split_once("## Each measure by example").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let cells = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    gates.extend(cells.filter_map(|line| line.split('`').rev().nth(1)).map(str::to_owned));
    assert!(gates.len() > 15, "{gates:?}");
    for gate in &gates {
        gate.parse::<Gate>().unwrap_or_else(|error| panic!("{error}"));
    }
    let readme = read("README.md");
    let (_, grammar) = readme.split_once("measure    = ").unwrap();
    let (grammar, _) = grammar.split_once("class ").unwrap();
    for measure in grammar.split('"').skip(1).step_by(2) {
        let name = measure.trim_end_matches('(');
        let shown = gates.iter().any(|gate| gate.trim_start_matches("warn: ").starts_with(name));
        assert!(shown || measure == ")", "docs/gates.md has no example of {measure}");
    }
}

#[test]
fn the_commands_of_the_pages_are_accepted() {
    let mut count = 0;
    for (name, text) in pages() {
        for line in blocks(&text, "sh").iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()) {
            let Some(command) = line.trim().strip_prefix("loadforge-ci ") else { continue };
            let words = words(command);
            let words = words
                .into_iter()
                .take_while(|word| !word.starts_with('#') && !["|", ">", "&&"].contains(&word.as_str()));
            let parsed = Cli::command().try_get_matches_from(std::iter::once("loadforge-ci".to_owned()).chain(words));
            parsed.unwrap_or_else(|error| panic!("{name}: {line}\n{error}"));
            count += 1;
        }
    }
    assert!(count > 8, "{count} commands");
}

/// The words of a shell command whose quotes hold no quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn the_links_between_pages_lead_somewhere() {
    for (name, text) in pages() {
        let folder = root().join(&name);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.contains(' ') || target.is_empty() {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { folder.clone() } else { folder.parent().unwrap().join(file) };
            assert!(path.exists(), "{name}: {target} does not exist");
            if !anchor.is_empty() {
                let page = fs::read_to_string(&path).unwrap();
                let found = page.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor);
                assert!(found, "{name}: {target} has no such heading");
            }
        }
    }
}

/// GitHub's anchor of a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_error_text_has_its_place_in_troubleshooting() {
    let page = read("docs/troubleshooting.md");
    let mut missing = Vec::new();
    let mut count = 0;
    for file in rust_files(&root().join("src")) {
        let source = fs::read_to_string(&file).unwrap();
        for text in source.split("#[error(").skip(1).filter_map(|rest| literal(rest.trim_start())) {
            let fixed = fixed_parts(&text).max_by_key(String::len).unwrap_or_default();
            // What only passes another message on has no words of its own.
            if fixed.chars().filter(|c| c.is_alphabetic()).count() < 6 {
                continue;
            }
            count += 1;
            if !page.contains(&fixed) {
                missing.push(format!("{text} ({})", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "docs/troubleshooting.md lacks:\n{}", missing.join("\n"));
    assert!(count > 80, "{count} texts");
}

/// The string literal that a source text begins with.
fn literal(source: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = source.strip_prefix('"')?.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                '\n' => {
                    let rest = chars.as_str().trim_start();
                    chars = rest.chars();
                }
                other => text.push(other),
            },
            c => text.push(c),
        }
    }
    None
}

/// The parts of a format string between its placeholders.
fn fixed_parts(text: &str) -> impl Iterator<Item = String> {
    text.split('{')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) })
        .map(|part| part.trim_matches([' ', '`', ':', ';', ',', '(', ')', '\n']).to_owned())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => Vec::from_iter(path.extension().is_some_and(|ext| ext == "rs").then_some(path)),
        })
        .collect()
}
