//! The report formats.

use super::format::Format;
use super::{answer, html, json, junit, markdown};

/// Every format, in the order in which the console names the files.
pub const FORMATS: &[Format] = &[markdown::FORMAT, html::FORMAT, junit::FORMAT, json::FORMAT, answer::FORMAT];

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
