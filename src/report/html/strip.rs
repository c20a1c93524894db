//! Small pictures inside table rows: how far a value is from its limit, and where it is among the good runs.

use std::fmt::Write as _;

use plotters::prelude::*;

use super::chart::{Frame, color, drawn};
use crate::verdict::{Outcome, Row};

/// The color of an outcome.
const fn tint(outcome: Outcome) -> RGBColor {
    match outcome {
        Outcome::Pass => color::PASS,
        Outcome::Warn => color::WARN,
        Outcome::Inconclusive => color::UNSURE,
        Outcome::Fail => color::FAIL,
    }
}

/// The value as a bar against its limit: the mark at 80 of 100 is the limit. Empty without both.
pub(super) fn headroom(row: &Row) -> String {
    const LIMIT_AT: f64 = 80.0;
    let (Some(observed), Some(limit)) = (row.observed, row.limit) else {
        return String::new();
    };
    let share = if limit > 0.0 { observed / limit } else { f64::from(u8::from(observed > limit)) * 2.0 };
    let width = (share * LIMIT_AT).clamp(1.0, 100.0);
    let class = row.outcome.to_string();
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg class=\"bar {class}\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"100\" height=\"8\"/><rect class=\"fill\" width=\"{width:.1}\" height=\"8\"/>\
         <rect class=\"limit\" x=\"{LIMIT_AT}\" width=\"1\" height=\"8\"/></svg>"
    );
    svg
}

/// The good runs as a band with a dot each, their median as a line, the limit as a mark, and this run as a large dot.
/// Empty without a baseline.
pub(super) fn among_good_runs(row: &Row) -> String {
    let Some((observed, baseline)) =
        row.observed.zip(row.baseline.as_ref().filter(|baseline| !baseline.recent.is_empty()))
    else {
        return String::new();
    };
    let good = baseline.recent.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (good.clone().fold(f64::INFINITY, f64::min), good.clone().fold(f64::NEG_INFINITY, f64::max));
    let all = [Some(observed), row.limit, baseline.median, Some(low), Some(high)];
    let all = all.into_iter().flatten().filter(|value| value.is_finite());
    let (from, to) = (all.clone().fold(f64::INFINITY, f64::min), all.fold(f64::NEG_INFINITY, f64::max));
    if !(from.is_finite() && to.is_finite()) {
        return String::new();
    }
    let margin = ((to - from) * 0.06).max(to.abs() * 0.01).max(1e-9);
    let frame = Frame::WIDE.sized(640, 56);
    let inside = drawn(frame, |area| {
        let chart = ChartBuilder::on(area).build_cartesian_2d(from - margin..to + margin, 0.0..1.0)?;
        let plot = chart.plotting_area();
        plot.draw(&Rectangle::new([(from - margin, 0.48), (to + margin, 0.52)], color::GRID.filled()))?;
        plot.draw(&Rectangle::new([(low, 0.2), (high, 0.8)], color::LIGHT.mix(0.35).filled()))?;
        for value in good {
            plot.draw(&Circle::new((value, 0.5), 5, color::STRONG.mix(0.55).filled()))?;
        }
        if let Some(median) = baseline.median {
            plot.draw(&PathElement::new(vec![(median, 0.1), (median, 0.9)], color::STRONG.stroke_width(4)))?;
        }
        if let Some(limit) = row.limit {
            plot.draw(&PathElement::new(vec![(limit, 0.0), (limit, 1.0)], color::INK.stroke_width(3)))?;
        }
        plot.draw(&Circle::new((observed, 0.5), 12, tint(row.outcome).filled()))
    });
    inside.map_or_else(
        |_| String::new(),
        |inside| {
            format!(
                "<svg class=\"strip\" viewBox=\"0 0 {} {}\" aria-hidden=\"true\">{inside}</svg>",
                frame.width, frame.height
            )
        },
    )
}
