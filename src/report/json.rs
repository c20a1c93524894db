//! `verdict.json`: the verdict as data.

use super::Format;
use crate::results::ResultsFolder;

/// The format, for the list of formats.
pub(super) const FORMAT: Format = Format {
    file: ResultsFolder::VERDICT,
    about: "the verdict, row by row",
    render: |story, _| {
        // The verdict is data without maps of other keys than text, which is all that JSON has no way to write.
        let mut text = serde_json::to_string(story.verdict).unwrap_or_default();
        text.push('\n');
        Ok(text)
    },
};
