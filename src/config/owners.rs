//! Whose an endpoint is: `owners:` in `loadforge.yml`, else the owners of a path in CODEOWNERS.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::codeowners;
use super::error::{self, ConfigError};
use crate::gate::Selector;
use crate::verdict::Subject;

/// Where owners come from, and what is done with them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnershipSection {
    /// A path of this repository: its owners in CODEOWNERS own every endpoint that `owners` does not name.
    pub codeowners: Option<String>,
    /// Whether a comment mentions the owners of failed rows, so that they are notified. Default: false, their names are
    /// shown only.
    pub mention: Option<bool>,
}

/// Whose each endpoint is.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    /// The longest pattern first.
    named: Vec<(Selector, String)>,
    otherwise: Option<String>,
    /// Whether a comment mentions them.
    pub mention: bool,
}

impl Owners {
    /// The owners that a file names. CODEOWNERS is looked for from the file's folder upwards.
    pub(super) fn of(
        file: &str,
        text: &str,
        owners: &BTreeMap<String, String>,
        section: &OwnershipSection,
    ) -> Result<Self, ConfigError> {
        let fault = |key: &str, message: String, hint: &str| error::at_key(file, text, key, message, hint);
        let mut named = Vec::new();
        for (pattern, owner) in owners {
            let Some(selector) = Selector::new(pattern) else {
                return Err(fault(
                    "owners",
                    "an endpoint of `owners` is empty".into(),
                    "write such as \"POST /login\"",
                ));
            };
            if owner.trim().is_empty() {
                return Err(fault(pattern, format!("`{pattern}` has no owner"), "write such as \"@identity-team\""));
            }
            named.push((selector, owner.trim().to_owned()));
        }
        named.sort_by_key(|(selector, _)| std::cmp::Reverse(selector.pattern().len()));
        let otherwise = match &section.codeowners {
            None => None,
            Some(path) => {
                let folder = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty());
                let found = codeowners::find(folder.unwrap_or_else(|| Path::new(".")));
                let Some((list, above)) = found else {
                    let message = "there is no CODEOWNERS file to look the owner up in".to_owned();
                    return Err(fault("codeowners", message, "add CODEOWNERS, or name owners under `owners`"));
                };
                codeowners::owners(&list, &above.join(path).to_string_lossy())
            }
        };
        Ok(Self { named, otherwise, mention: section.mention.unwrap_or_default() })
    }

    /// The owner of what a row is about; `None` where nobody is named.
    #[must_use]
    pub fn of_subject(&self, subject: &Subject) -> Option<&str> {
        let Subject::Endpoint(key) = subject else { return self.otherwise.as_deref() };
        let named = self.named.iter().find(|(selector, _)| selector.matches_key(key));
        named.map(|(_, owner)| owner.as_str()).or(self.otherwise.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::EndpointKey;

    fn owners(pairs: &[(&str, &str)]) -> Owners {
        let map = pairs.iter().map(|(pattern, owner)| ((*pattern).to_owned(), (*owner).to_owned())).collect();
        Owners::of("loadforge.yml", "owners:\n", &map, &OwnershipSection::default()).unwrap()
    }

    #[test]
    fn the_longest_pattern_that_matches_names_the_owner() {
        let owners =
            owners(&[("**", "@shop"), ("POST /api/v1/auth/**", "@identity"), ("POST /api/v1/auth/reset", "@mail")]);
        let of = |name: &str| {
            let key = EndpointKey { method: "POST".into(), name: name.into() };
            owners.of_subject(&Subject::Endpoint(key)).map(str::to_owned)
        };
        assert_eq!(of("/api/v1/auth/login").as_deref(), Some("@identity"));
        assert_eq!(of("/api/v1/auth/reset").as_deref(), Some("@mail"));
        assert_eq!(of("/api/v1/carts").as_deref(), Some("@shop"));
        assert_eq!(owners.of_subject(&Subject::All), None);
    }

    #[test]
    fn codeowners_of_a_path_own_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".github")).unwrap();
        std::fs::create_dir_all(folder.path().join("services/checkout")).unwrap();
        std::fs::create_dir_all(folder.path().join(".git")).unwrap();
        std::fs::write(folder.path().join(".github/CODEOWNERS"), "* @acme/all\n/services/ @acme/shop @ann\n").unwrap();
        let section = OwnershipSection { codeowners: Some("checkout".into()), mention: Some(true) };
        let file = folder.path().join("services/loadforge.yml").display().to_string();
        let owners = Owners::of(&file, "", &BTreeMap::new(), &section).unwrap();
        assert_eq!((owners.of_subject(&Subject::All), owners.mention), (Some("@acme/shop @ann"), true));
        let file = folder.path().join("elsewhere.yml").display().to_string();
        std::fs::remove_file(folder.path().join(".github/CODEOWNERS")).unwrap();
        let fault = Owners::of(&file, "ownership: { codeowners: x }\n", &BTreeMap::new(), &section).unwrap_err();
        assert!(fault.to_string().contains("no CODEOWNERS"), "{fault}");
    }
}
