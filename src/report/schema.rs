//! The JSON schemas of the files other programs read.

use schemars::{JsonSchema, schema_for};

use super::answer::Answer;
use crate::results::Results;
use crate::verdict::Verdict;

/// The schema of `results.json`.
#[must_use]
pub fn results() -> String {
    text::<Results>()
}

/// The schema of `verdict.json`.
#[must_use]
pub fn verdict() -> String {
    text::<Verdict>()
}

/// The schema of `answer.json`.
#[must_use]
pub fn answer() -> String {
    text::<Answer>()
}

fn text<T: JsonSchema>() -> String {
    // A schema is plain JSON; there is nothing in it that could fail to be written.
    let mut text = serde_json::to_string_pretty(&schema_for!(T)).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn the_schemas_name_the_fields_of_the_files() {
        for (text, title, field) in [
            (super::results(), "Results", "endpoints"),
            (super::verdict(), "Verdict", "sentence"),
            (super::answer(), "Answer", "next"),
        ] {
            let schema: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(schema["title"], title);
            assert!(schema["properties"][field]["description"].is_string(), "{field}");
        }
    }
}
