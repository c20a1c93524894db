//! The promises of the search for change points, on seeded series: a false change in at most one of a hundred builds, and
//! a real one soon and at the right commit.

use super::series::{false_changes, found};
use super::worlds::{World, all};

const SEED: u64 = 2_026;

fn world(name: &str) -> World {
    all().into_iter().find(|world| world.name == name).unwrap_or_else(|| panic!("no world is called {name}"))
}

const USUAL: &str = "half of the scatter common, slow runs hit all";

#[test]
fn unchanged_code_shows_a_change_in_at_most_one_of_a_hundred_builds() {
    for name in [USUAL, "independent", "spreads differ by half, 8 good runs"] {
        let rates = false_changes(&world(name), SEED, 8, 5);
        assert!(rates.shown <= 0.01 + 1.0 / rates.builds as f64 && rates.new <= rates.shown, "{name}: {rates:?}");
    }
}

#[test]
fn a_slower_endpoint_is_found_soon_and_the_commit_is_named() {
    let twenty = found(&world(USUAL), SEED, 30, 1.2);
    assert!(twenty.within[0] >= 0.9 && twenty.delay <= 3, "{twenty:?}");
    assert!(twenty.exact >= 0.75 && twenty.off_by_one >= 0.9, "{twenty:?}");
    let ten = found(&world(USUAL), SEED, 20, 1.1);
    assert!(ten.within[3] >= 0.75 && ten.off_by_one >= 0.7, "{ten:?}");
}
