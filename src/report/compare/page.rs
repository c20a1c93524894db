//! The comparison as a page, with a picture of each move.

use std::fmt::Write as _;

use super::{COLUMNS, differences_text, headline, side_text, value_text};
use crate::report::escape::html as escape;
use crate::report::html;
use crate::text::counted;
use crate::verdict::{Direction, EndpointMove, RunComparison, ValueMove};

/// Rows of the page; more are counted.
const MOST_ROWS: usize = 1000;
/// Size of the picture of a move.
const WIDTH: f64 = 150.0;

/// The page: self-contained, without a script.
#[must_use]
pub fn page(comparison: &RunComparison) -> String {
    let (moved, still): (Vec<_>, Vec<_>) = comparison.endpoints.iter().partition(|one| one.moved());
    let mut body = String::new();
    let _ = write!(
        body,
        "<header><p class=\"eyebrow\">Two runs of a load test</p><h1>{}</h1><dl class=\"answers\">",
        escape(&headline(comparison))
    );
    for (letter, side) in [('A', &comparison.a), ('B', &comparison.b)] {
        let text = side_text(letter, side);
        let _ = write!(body, "<div><dt>{letter}</dt><dd><bdi>{}</bdi></dd></div>", escape(text[2..].trim_start()));
    }
    for (name, text) in [("Settings", differences_text(comparison)), ("Noise", Some(comparison.noise.clone()))] {
        if let Some(text) = text {
            let _ = write!(body, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&text));
        }
    }
    body.push_str("</dl></header><main>");
    let with_total: Vec<&EndpointMove> = moved.into_iter().chain([&comparison.total]).collect();
    section(&mut body, "moved", "What moved, most first", &with_total);
    if !still.is_empty() {
        section(&mut body, "noise", &format!("Within noise: {}", counted(still.len(), "endpoint")), &still);
    }
    for (words, keys) in [("Only A calls", &comparison.only_a), ("Only B calls", &comparison.only_b)] {
        if !keys.is_empty() {
            let names: Vec<String> =
                keys.iter().take(100).map(|key| format!("<li><bdi>{}</bdi></li>", escape(&key.to_string()))).collect();
            let _ = write!(body, "<section><h2>{words}</h2><ul>{}</ul></section>", names.concat());
        }
    }
    body.push_str("</main>");
    html::bare_page("Two runs of a load test", &body)
}

fn section(body: &mut String, id: &str, title: &str, endpoints: &[&EndpointMove]) {
    let _ = write!(
        body,
        "<section aria-labelledby=\"{id}\"><h2 id=\"{id}\">{}</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{}\"><table class=\"plain moves\"><thead><tr><th scope=\"col\">Endpoint</th><th scope=\"col\">Moved</th>\
         <th scope=\"col\">p95, A to B</th>",
        escape(title),
        escape(title)
    );
    for (_, head) in COLUMNS {
        let _ = write!(body, "<th scope=\"col\" class=\"n\">{head}</th>");
    }
    body.push_str("</tr></thead><tbody>");
    let most = endpoints
        .iter()
        .filter_map(|one| picture_of(one))
        .map(|value| value.values.0.max(value.values.1))
        .fold(0.0, f64::max);
    for one in endpoints.iter().take(MOST_ROWS) {
        let class = match one.word() {
            "worse" => "fail",
            "better" => "pass",
            "mixed" => "warn",
            _ => "none",
        };
        let picture = picture_of(one).map_or_else(String::new, |value| picture(value, most));
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><bdi class=\"name\">{}</bdi></th><td class=\"{class}\">{}</td><td>{picture}</td>",
            escape(&one.label()),
            one.word()
        );
        for (measure, _) in COLUMNS {
            let value = one.value(measure);
            let class = match value.map(|value| value.direction) {
                Some(Direction::Worse) => "n fail",
                Some(Direction::Better) => "n pass",
                _ => "n",
            };
            let _ = write!(body, "<td class=\"{class}\">{}</td>", escape(&value_text(value)));
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table></div>");
    if endpoints.len() > MOST_ROWS {
        let _ = write!(body, "<p class=\"note\">{} more.</p>", counted(endpoints.len() - MOST_ROWS, "endpoint"));
    }
    body.push_str("</section>");
}

/// The response time that is drawn: p95, else the median.
fn picture_of(one: &EndpointMove) -> Option<&ValueMove> {
    one.value("p95").or_else(|| one.value("p50"))
}

/// A small dot for A with the band that noise explains, a line and a large dot for B.
fn picture(value: &ValueMove, most: f64) -> String {
    let x = |ms: f64| (ms / most.max(1e-9)).clamp(0.0, 1.0) * (WIDTH - 16.0) + 8.0;
    let (a, b) = value.values;
    let (low, high) = (x(value.noise.0), x(value.noise.1));
    let class = match value.direction {
        Direction::Worse => "fail",
        Direction::Better => "pass",
        Direction::WithinNoise => "none",
    };
    format!(
        "<svg class=\"move\" viewBox=\"0 0 {WIDTH} 20\" role=\"img\" aria-label=\"{}\"><path class=\"axis\" d=\"M0 10H{WIDTH}\"/>\
         <rect class=\"noise\" x=\"{low:.1}\" y=\"4\" width=\"{:.1}\" height=\"12\"/><path class=\"{class}\" d=\"M{:.1} 10H{:.1}\"/>\
         <circle class=\"a\" cx=\"{:.1}\" cy=\"10\" r=\"3.5\"/><circle class=\"{class}\" cx=\"{:.1}\" cy=\"10\" r=\"5\"/></svg>",
        escape(&format!("{} {}", value.measure, value_text(Some(value)))),
        (high - low).max(1.0),
        x(a),
        x(b),
        x(a),
        x(b),
    )
}
