//! What to say when a percentile was not delivered.

use crate::results::Percentile;

/// Says that a percentile was not delivered, and which ones around it were. `place` ends in its verb: "the results hold".
pub(super) fn not_delivered(place: &str, wanted: Percentile, known: impl Iterator<Item = Percentile>) -> String {
    let (below, above): (Vec<_>, Vec<_>) = known.partition(|percentile| *percentile < wanted);
    match (below.iter().max(), above.iter().min()) {
        (Some(below), Some(above)) => format!("{place} no {wanted}; the nearest are {below} and {above}"),
        (Some(nearest), None) | (None, Some(nearest)) => format!("{place} no {wanted}; the nearest is {nearest}"),
        (None, None) => format!("{place} no percentiles"),
    }
}
