//! CONTRIBUTING.md matches the code.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The diffs of the page, one per file: the file, whether the diff adds it, and the diff's lines.
fn diffs(page: &str) -> Vec<(String, bool, Vec<String>)> {
    let blocks = page.split("```diff\n").skip(1).filter_map(|block| block.split_once("\n```"));
    let files = blocks.flat_map(|(block, _)| block.split("diff --git ").skip(1));
    files
        .map(|file| {
            let mut lines = file.lines().skip(1);
            let is_new = lines.next() == Some("--- /dev/null");
            let path = lines.next().and_then(|line| line.strip_prefix("+++ b/")).unwrap_or_else(|| panic!("{file}"));
            (path.to_owned(), is_new, lines.map(str::to_owned).collect())
        })
        .collect()
}

#[test]
fn the_recipes_apply_to_the_code_as_it_is() {
    let diffs = diffs(&read("CONTRIBUTING.md"));
    assert_eq!(diffs.iter().filter(|(_, is_new, _)| *is_new).count(), 3, "three recipes, one new file each");
    for (path, is_new, lines) in &diffs {
        if *is_new {
            let added: String =
                lines.iter().filter_map(|line| line.strip_prefix('+')).map(|l| format!("{l}\n")).collect();
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            assert!(!file.exists() || fs::read_to_string(&file).unwrap() == added, "{path} is another one");
            continue;
        }
        let file = read(path);
        // What the diff leaves or takes away is in the file; a line that is there already may be shown as added.
        for line in lines.iter().filter(|line| !line.starts_with(['+', '@'])) {
            let expected = line.get(1..).unwrap_or_default();
            assert!(file.lines().any(|line| line == expected), "{path} has no line\n{expected}");
        }
    }
}

#[test]
fn the_glossary_names_types_that_exist() {
    let page = read("CONTRIBUTING.md");
    let (_, glossary) = page.split_once("## Glossary").unwrap();
    let (glossary, _) = glossary.split_once("## Style").unwrap();
    let types = glossary.split('`').skip(1).step_by(2).filter_map(|word| word.split_once("::"));
    let mut count = 0;
    for (room, name) in types {
        let source = format!("src/{room}/mod.rs");
        let is_word = |c: char| !c.is_alphanumeric() && c != '_';
        assert!(read(&source).split(is_word).any(|word| word == name), "{source} does not name {name}");
        count += 1;
    }
    assert!(count > 20, "{count} types");
}

#[test]
fn the_compiler_is_the_same_here_and_in_the_pipeline() {
    let toolchain = read("rust-toolchain.toml");
    let (_, version) = toolchain.split_once("channel = \"").unwrap();
    let (version, _) = version.split_once('"').unwrap();
    assert!(read(".circleci/test-deploy.yml").contains(&format!("rust:{version}-")), "{version}");
}
