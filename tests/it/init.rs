//! `init` as a new user follows it: what it prints works as printed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;

use loadforge_ci::config;

use crate::tool::Tool;

/// The commands that `init` printed, without what only puts them into the background.
fn printed_commands(printed: &str) -> Vec<String> {
    let lines =
        printed.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.contains("loadforge-ci "));
    lines.map(|line| line.trim_end_matches('&').trim().to_owned()).collect()
}

/// A background command that is ended with the test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The words of a printed command: variables first, then the arguments of the program.
fn split(command: &str) -> (Vec<(String, String)>, Vec<String>) {
    let (before, after) = command.split_once("loadforge-ci ").unwrap();
    let variables = before.split_whitespace().map(|word| word.split_once('=').unwrap());
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (variables, after.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn what_init_prints_in_an_empty_folder_works_from_the_first_command_to_the_report() {
    let tool = Tool::new();
    let printed = tool.run(&["init"]).expect(0).stdout;
    let [serve, run, gate] = &printed_commands(&printed)[..] else { panic!("{printed}") };
    let (_, serve) = split(serve);
    assert_eq!(serve[..2], ["demo", "--serve"]);
    // Another port than the printed one, which may be in use on this machine.
    let mut shop = Background(tool.start(&["demo", "--serve", "127.0.0.1:0"]));
    let mut url = String::new();
    BufReader::new(shop.0.stdout.take().unwrap()).read_line(&mut url).unwrap();

    let (variables, run) = split(run);
    assert_eq!(variables, [("TARGET_HOST".to_owned(), format!("http://{}", serve[2]))]);
    let tool = tool.env("TARGET_HOST", url.trim());
    tool.run(&run).expect(0);
    tool.run(&split(gate).1).expect(0);
    assert!(tool.path("loadforge-results/report.html").exists());
}

#[test]
fn the_published_schema_is_the_one_of_this_version() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/loadforge.schema.json");
    let wanted = format!("{}\n", serde_json::to_string_pretty(&config::schema()).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, wanted).unwrap();
        return;
    }
    let now = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        now == wanted,
        "docs/loadforge.schema.json is older than the configuration: UPDATE=1 cargo test --test it init::"
    );
}
