//! Whether the rooms of `src/` import each other only as the README's architecture section says. What only tests use does
//! not count.

mod source;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tree::Tree;

/// The longest a file may be, lines.
const LONGEST_FILE: usize = 440;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tree() -> Tree {
    Tree::read(&root().join("src"))
}

/// The rooms from the top of the house to its ground, as the README lists them; those of one floor together.
fn floors() -> Vec<Vec<String>> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, after) = readme.split_once("Imports point downwards only:").expect("the README says how rooms import");
    let (order, _) = after.split_once('.').unwrap();
    let rooms = |floor: &str| floor.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    order.split('→').map(rooms).collect()
}

#[test]
fn rooms_import_only_rooms_below_them() {
    let floors = floors();
    let floor = |room: &str| floors.iter().position(|floor| floor.iter().any(|one| one == room));
    let tree = tree();
    let unlisted: BTreeSet<&str> = tree.rooms().filter(|room| floor(room).is_none()).collect();
    assert!(unlisted.is_empty(), "the README's order of rooms does not name {unlisted:?}");
    let listed: BTreeSet<&str> = floors.iter().flatten().map(String::as_str).collect();
    assert_eq!(listed, tree.rooms().collect(), "the README's order names a room that does not exist");
    let upwards: Vec<String> = tree
        .imports()
        .filter(|(from, to)| from.room() != to.room() && floor(from.room()) >= floor(to.room()))
        .map(|(from, to)| format!("{} imports {}", from.path, to.path))
        .collect();
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn no_two_files_import_each_other() {
    let tree = tree();
    let circles = tree.circles();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_file_is_too_long_to_read_at_once() {
    let tree = tree();
    let long: Vec<_> =
        tree.files().filter(|file| file.lines > LONGEST_FILE).map(|file| (&file.path, file.lines)).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_type_name_means_one_thing() {
    let tree = tree();
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, file) in tree.types() {
        places.entry(name).or_default().push(file);
    }
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

/// `cargo test --test it architecture::the_house -- --nocapture` prints its measures.
#[test]
fn the_house_has_rooms_and_arrows() {
    let tree = tree();
    let arrows: BTreeSet<(&str, &str)> =
        tree.imports().map(|(from, to)| (from.room(), to.room())).filter(|(from, to)| from != to).collect();
    let largest = tree.files().max_by_key(|file| file.lines).unwrap();
    println!("rooms: {}", tree.rooms().collect::<BTreeSet<_>>().len());
    println!("files: {}", tree.files().count());
    println!("arrows between rooms: {}", arrows.len());
    println!("types: {}", tree.types().count());
    println!("circles: {}", tree.circles().len());
    println!("largest file: {} ({} lines)", largest.path, largest.lines);
    assert!(arrows.contains(&("command", "judging")), "{arrows:?}");
    assert!(arrows.contains(&("verdict", "results")), "{arrows:?}");
}
