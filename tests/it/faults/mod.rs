//! No fault of the service loses sight of a paid run.

mod instrument;

use instrument::{Cell, random_starts, sample};

fn check(cells: &[Cell]) {
    let mut broken = Vec::new();
    for cell in cells {
        let aftermath = cell.observe();
        let what = aftermath.broken();
        if !what.is_empty() {
            broken.push(format!("{cell}\n  ! {}\n{}", what.join("\n  ! "), aftermath.story()));
        }
    }
    assert!(broken.is_empty(), "{} of {} cells:\n{}", broken.len(), cells.len(), broken.join("\n"));
}

#[test]
fn a_sample_of_the_matrix_holds() {
    check(&sample(100));
}

#[test]
fn random_faults_of_the_start_leave_one_run() {
    check(&random_starts(7, 100));
}
