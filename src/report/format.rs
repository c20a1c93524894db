//! What a report format is, and the formats.

use super::markdown::TemplateError;
use super::{Story, html, json, junit, markdown};

/// A format that `gate` writes into the results folder.
pub struct Format {
    /// The file's name in the results folder; CircleCI stores it as an artifact of that name.
    pub file: &'static str,
    /// What the file holds, as the documentation says it.
    pub about: &'static str,
    /// The file's content.
    pub render: fn(&Story<'_>, Option<Template<'_>>) -> Result<String, TemplateError>,
}

/// The template given with `--template`: its name for messages, and its text.
pub type Template<'a> = (&'a str, &'a str);

/// Every format, in the order in which the console names the files.
pub const FORMATS: &[Format] = &[markdown::FORMAT, html::FORMAT, junit::FORMAT, json::FORMAT];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::ResultsFolder;

    #[test]
    fn the_readme_describes_every_file_and_a_new_run_removes_it() {
        let readme = include_str!("../../README.md");
        for format in FORMATS {
            let row = format!("| `{}` | {} |", format.file, format.about);
            assert!(readme.contains(&row), "README.md lacks the row\n{row}");
            assert!(ResultsFolder::REPORTS.contains(&format.file), "a new run leaves an old {} behind", format.file);
        }
        assert_eq!(FORMATS.len(), ResultsFolder::REPORTS.len());
    }
}
