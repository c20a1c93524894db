//! The stages of a run as a load shape, added to the end of the script.

use crate::python;
use crate::results::{STAGES_CLASS, Stage};

/// The script with a load shape of these stages, which gives way to one that the script has itself. It is added at the end,
/// so that the line numbers of tracebacks stay those of the script.
pub(super) fn with_stages(script: &str, stages: &[Stage], spawn_rate: f64) -> String {
    if stages.is_empty() {
        return script.to_owned();
    }
    let spans: Vec<String> =
        Stage::spans(stages).iter().map(|span| format!("({:?}, {})", span.to_s, span.users)).collect();
    let shape = include_str!("stages.py")
        .replace("Stages", STAGES_CLASS)
        .replace("[]", &format!("[{}]", spans.join(", ")))
        .replace("RATE", &format!("{spawn_rate:?}"));
    let line_end = if script.is_empty() || script.ends_with('\n') { "" } else { "\n" };
    let with = format!("{script}{line_end}{shape}");
    // A script whose last line goes on would swallow the first line of the shape; a script that does not parse fails by itself.
    if python::parses(script) && !python::parses(&with) { format!("{script}\n\n{shape}") } else { with }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_added_at_the_end_whatever_the_script_is() {
        let stages = [Stage { users: 50, seconds: 120.0 }, Stage { users: 200, seconds: 300.0 }];
        for script in ["import locust\n", "x = 1", "", "x = 1 \\\n", "class A:\n    pass"] {
            let with = with_stages(script, &stages, 2.5);
            assert!(with.starts_with(script.trim_end_matches('\n')), "{with}");
            assert!(
                with.contains("STAGES = [(120.0, 50), (420.0, 200)]") && with.contains("return users, 2.5"),
                "{with}"
            );
            assert!(python::parses(&with), "{with}");
        }
        assert_eq!(with_stages("x = 1", &[], 1.0), "x = 1");
    }
}
