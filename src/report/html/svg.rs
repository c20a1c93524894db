//! One chart as SVG text: lines, areas, bands and marks, without fonts, files or inline style.
//!
//! The plotted part is a nested drawing of 1000 by 100 units that is stretched to whatever room there is, with lines
//! that keep their width; labels are text of the page's own size at percentages of the width. So one drawing fits a
//! desktop, a phone and paper. `templates/charts.js` draws the same way what a reader picks.

use std::fmt::Write as _;

use crate::report::escape;

/// Room above the plotted part, for the numbers of findings, px.
pub(super) const TOP: u32 = 16;
/// Room below it, for the labels of the axis, px.
pub(super) const BOTTOM: u32 = 20;
/// Units of the plotted part.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;

/// A point, and `None` where nothing was measured.
pub(super) type PlotPoint = (f64, Option<f64>);

/// A chart that is being drawn.
pub(super) struct Plot {
    height: u32,
    x_end: f64,
    y_end: f64,
    shapes: String,
    labels: String,
}

impl Plot {
    /// An empty chart whose plotted part is so high, px, from 0 to these ends.
    pub(super) fn new(height: u32, x_end: f64, y_end: f64) -> Self {
        let positive = |end: f64| if end.is_finite() && end > 0.0 { end } else { 1.0 };
        Self { height, x_end: positive(x_end), y_end: positive(y_end), shapes: String::new(), labels: String::new() }
    }

    /// Lines across with their values; the first is the base line.
    pub(super) fn y_marks(&mut self, marks: &[(f64, String)]) {
        for (index, (value, text)) in marks.iter().enumerate() {
            let y = self.y(*value);
            let class = if index == 0 { "base" } else { "grid" };
            let _ = write!(self.shapes, "<path class=\"{class}\" d=\"M0 {y}H1000\"/>");
            if index > 0 {
                let at = f64::from(TOP) + y / HEIGHT * f64::from(self.height) - 4.0;
                let _ = write!(self.labels, "<text class=\"y\" x=\"0\" y=\"{at:.1}\">{}</text>", escape::html(text));
            }
        }
    }

    /// Labels below; every second one is left out where there is little room.
    pub(super) fn x_marks(&mut self, marks: &[(f64, String)]) {
        let y = TOP + self.height + BOTTOM - 5;
        for (index, (value, text)) in marks.iter().enumerate() {
            let share = value / self.x_end * 100.0;
            let anchor = if share < 3.0 {
                " start"
            } else if share > 96.0 {
                " end"
            } else {
                ""
            };
            let minor = if index % 2 == 1 { " minor" } else { "" };
            let _ = write!(
                self.labels,
                "<text class=\"x{anchor}{minor}\" x=\"{share:.2}%\" y=\"{y}\">{}</text>",
                escape::html(text)
            );
        }
    }

    /// A line through the known values.
    pub(super) fn line(&mut self, class: &str, points: &[PlotPoint]) {
        let path = self.path(points, false);
        let _ = write!(self.shapes, "<path class=\"line {class}\" d=\"{path}\"/>");
    }

    /// A line with the area below it.
    pub(super) fn area(&mut self, class: &str, points: &[PlotPoint]) {
        let path = self.path(points, true);
        let _ = write!(self.shapes, "<path class=\"area {class}\" d=\"{path}\"/>");
        self.line(class, points);
    }

    /// The room between two courses: x, lower and upper value.
    pub(super) fn band(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        if points.is_empty() {
            return;
        }
        let mut path = String::new();
        let there = points.iter().map(|(x, _, high)| (x, high));
        let back = points.iter().rev().map(|(x, low, _)| (x, low));
        for (index, (x, y)) in there.chain(back).enumerate() {
            let _ = write!(path, "{}{} {}", if index == 0 { 'M' } else { 'L' }, self.x(*x), self.y(*y));
        }
        let _ = write!(self.shapes, "<path class=\"band {class}\" d=\"{path}Z\"/>");
    }

    /// A value over the whole width, with a label at its right end.
    pub(super) fn rule(&mut self, class: &str, value: f64, text: &str) {
        let y = self.y(value);
        let _ = write!(self.shapes, "<path class=\"rule {class}\" d=\"M0 {y}H1000\"/>");
        if !text.is_empty() {
            let at = f64::from(TOP) + y / HEIGHT * f64::from(self.height) - 4.0;
            let _ = write!(
                self.labels,
                "<text class=\"rule-label {class}\" x=\"100%\" y=\"{at:.1}\">{}</text>",
                escape::html(text)
            );
        }
    }

    /// A part of the width, with a word above it where there is one.
    pub(super) fn shade(&mut self, class: &str, from: f64, to: f64, text: &str) {
        let (from, to) = (from.clamp(0.0, self.x_end), to.clamp(0.0, self.x_end));
        let (left, right) = (self.x(from), self.x(to));
        let width = (right - left).max(1.0);
        let _ = write!(self.shapes, "<rect class=\"shade {class}\" x=\"{left}\" width=\"{width:.1}\" height=\"100\"/>");
        if text.is_empty() {
            return;
        }
        let _ = write!(
            self.labels,
            "<text class=\"shade-label {class}\" x=\"{:.2}%\" y=\"{}\">{}</text>",
            from / self.x_end * 100.0,
            TOP - 5,
            escape::html(text)
        );
    }

    /// Dots of one size however the drawing is stretched.
    pub(super) fn dots(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "M{} {}h0", self.x(*x), self.y(*y));
        }
        let _ = write!(self.shapes, "<path class=\"dots {class}\" d=\"{path}\"/>");
    }

    /// The element with its text alternative.
    pub(super) fn finish(self, id: &str, title: &str, description: &str) -> String {
        let all = TOP + self.height + BOTTOM;
        let mut svg = String::with_capacity(self.shapes.len() + self.labels.len() + 400);
        let _ = write!(
            svg,
            "<svg class=\"plot\" height=\"{all}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}\
             </title><desc id=\"{id}-d\">{}</desc><svg y=\"{TOP}\" width=\"100%\" height=\"{}\" viewBox=\"0 0 1000 100\" \
             preserveAspectRatio=\"none\" aria-hidden=\"true\">{}</svg><g aria-hidden=\"true\">{}</g></svg>",
            escape::html(title),
            escape::html(description),
            self.height,
            self.shapes,
            self.labels,
        );
        svg
    }

    /// A path through the known values; closed down to the base line for an area.
    fn path(&self, points: &[PlotPoint], closed: bool) -> String {
        let mut path = String::new();
        for part in points.split(|point| point.1.is_none()).filter(|part| !part.is_empty()) {
            let known = part.iter().filter_map(|(x, y)| Some((*x, (*y)?)));
            for (index, (x, y)) in known.enumerate() {
                let _ = write!(path, "{}{} {}", if index == 0 { 'M' } else { 'L' }, self.x(x), self.y(y));
            }
            let (first, last) = (part[0].0, part[part.len() - 1].0);
            if closed {
                let _ = write!(path, "L{} 100L{} 100Z", self.x(last), self.x(first));
            } else if part.len() == 1 {
                path.push_str("h1");
            }
        }
        path
    }

    fn x(&self, value: f64) -> f64 {
        tenth((value / self.x_end).clamp(0.0, 1.0) * WIDTH)
    }

    fn y(&self, value: f64) -> f64 {
        tenth(HEIGHT - (value / self.y_end).clamp(0.0, 1.0) * HEIGHT)
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_stretched_over_the_plotted_part_and_gaps_stay_gaps() {
        let mut plot = Plot::new(120, 10.0, 50.0);
        plot.line("p95", &[(0.0, Some(0.0)), (5.0, Some(25.0)), (6.0, None), (10.0, Some(80.0))]);
        let svg = plot.finish("a", "A <title>", "words");
        assert!(svg.contains("d=\"M0 100L500 50M1000 0h1\""), "{svg}");
        assert!(svg.contains("A &lt;title&gt;"), "{svg}");
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let mut plot = Plot::new(120, 0.0, f64::NAN);
        plot.area("rps", &[(0.0, Some(0.0))]);
        plot.band("good", &[]);
        let svg = plot.finish("a", "t", "d");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
