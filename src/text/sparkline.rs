//! Small charts in a line of text.

/// The values drawn, as many as fit a table's column.
const LENGTH: usize = 12;

/// The last dozen of the finite values as a line of eight heights, from the lowest to the highest: `▁▂▁▂▁▂█`.
#[must_use]
pub fn sparkline(values: impl IntoIterator<Item = f64>) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    let values = &values[values.len().saturating_sub(LENGTH)..];
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let height = |value: f64| if high > low { ((value - low) / (high - low) * 7.0).round() as usize } else { 0 };
    values.iter().map(|value| HEIGHTS[height(*value).min(7)]).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn the_last_values_are_drawn_between_the_lowest_and_the_highest() {
        assert_eq!(sparkline([1.0, 2.0, f64::NAN, 3.0]), "▁▅█");
        assert_eq!(sparkline([2.0, 2.0]), "▁▁");
        assert_eq!(sparkline((0..100).map(f64::from)).chars().count(), 12);
        assert_eq!(sparkline([]), "");
    }
}
