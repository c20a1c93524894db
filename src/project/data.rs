//! Data files that a script needs where only the script itself and LoadForge's files arrive, and the line of Python that
//! puts them where the script looks for them.

use std::path::Path;

use super::digest::sha256_of;
use super::first_line::python_text;

/// What puts the files in their places when the script is loaded.
const PLACER: &str = include_str!("data.py");

/// The endings that LoadForge takes for the name of a file.
const ENDINGS: [&str; 3] = ["csv", "json", "txt"];

/// The longest part of a file's own name that is kept in its name on the service, characters.
const LONGEST_STEM: usize = 40;

/// How many hexadecimal digits of its hash are in a file's name on the service.
const VERSION: usize = 8;

/// A data file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Its path in the project's folder, with `/`.
    pub path: String,
    /// Its path from the script's own folder, where that is another and the file is inside it.
    pub from_script: Option<String>,
    /// What is in it.
    pub content: Vec<u8>,
}

impl DataFile {
    /// Its name among LoadForge's files, which all tests of a team share: `owner` is the name of the one test it belongs to.
    /// Another path or content is another name. The ending is one that LoadForge takes.
    #[must_use]
    pub fn sent_name(&self, owner: &str) -> String {
        let file = Path::new(&self.path);
        let text =
            |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, |part| part.to_string_lossy().into_owned());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let stem: String = text(file.file_stem()).chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let stem: String = stem.chars().take(LONGEST_STEM).collect();
        let ending = text(file.extension());
        let ending = ENDINGS.iter().find(|known| **known == ending).unwrap_or(&"txt");
        let version = sha256_of(&[self.path.as_bytes(), b"\0", &self.content]);
        format!("{}{}-{stem}.{ending}", Self::prefix(owner), &version[..VERSION])
    }

    /// How the names of all files of a test begin.
    #[must_use]
    pub fn prefix(owner: &str) -> String {
        format!("{owner}-file-")
    }

    /// The line of Python that puts these files in their places, relative to the folder the script runs in and to its own;
    /// empty without files. Each is checked against what was sent, and decoded where the service kept base64 as it is.
    #[must_use]
    pub fn line(files: &[Self], owner: &str) -> String {
        if files.is_empty() {
            return String::new();
        }
        let entries: Vec<String> = files
            .iter()
            .map(|file| {
                let paths = [Some(&file.path), file.from_script.as_ref()].into_iter().flatten();
                let paths: Vec<String> = paths.map(|path| python_text(path)).collect();
                let (name, digest) = (file.sent_name(owner), sha256_of(&[&file.content]));
                format!("({}, {}, [{}])", python_text(&name), python_text(&digest), paths.join(", "))
            })
            .collect();
        format!(
            "exec({}, {{\"__name__\": \"loadforge_ci_files\", \"script\": globals().get(\"__file__\"), \"files\": [{}]}})",
            python_text(PLACER),
            entries.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python;

    fn file(path: &str) -> DataFile {
        DataFile { path: path.to_owned(), from_script: None, content: b"a,b\n".to_vec() }
    }

    #[test]
    fn names_belong_to_one_test_and_end_as_the_service_wants() {
        let name = |path: &str| file(path).sent_name("shop-ci-x");
        assert_eq!(name("files/users.csv"), "shop-ci-x-file-eb381d55-users.csv");
        assert_eq!(name("data/ü b.yaml"), "shop-ci-x-file-5f4ee861---b.txt");
        assert_eq!(name("data/items.JSON"), "shop-ci-x-file-5478c03f-items.txt");
        assert!(name(&"x".repeat(200)).ends_with(&format!("-{}.txt", "x".repeat(40))));
        assert_ne!(name("a/users.csv"), name("b/users.csv"));
        assert!(name("a.csv").starts_with(&DataFile::prefix("shop-ci-x")));
    }

    #[test]
    fn the_line_is_python_and_says_what_was_sent_and_where_it_goes() {
        let inside = DataFile { from_script: Some("users.csv".to_owned()), ..file("perf/users.csv") };
        let line = DataFile::line(&[inside], "t");
        assert!(python::parses(&line) && !line.contains('\n'), "{line}");
        assert!(
            line.contains(
                "(\"t-file-a8c4122a-users.csv\", \"5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313\", [\"perf/users.csv\", \"users.csv\"])"
            ),
            "{line}"
        );
        assert_eq!(DataFile::line(&[], "t"), "");
    }
}
