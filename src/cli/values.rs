//! Parsers of flag values.

use std::str::FromStr;

use crate::results::Engine;

/// `NAME` or `NAME=VALUE`. Its `Debug` never shows a value.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvEntry {
    /// The variable's name.
    pub name: String,
    /// Its value; `None` takes it from the environment.
    pub value: Option<String>,
}

impl std::fmt::Debug for EnvEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.name, if self.value.is_some() { "=[hidden]" } else { "" })
    }
}

impl FromStr for EnvEntry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
        let name = name.trim();
        let mut letters = name.bytes();
        let starts_well = letters.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if starts_well && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Ok(Self { name: name.to_owned(), value })
        } else {
            Err("a variable's name has letters, digits and _ and no digit first; write NAME or NAME=VALUE".to_owned())
        }
    }
}

/// `REGION=N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// LoadForge's code, such as `nyc3`.
    pub code: String,
    /// Load generators there.
    pub servers: u32,
}

impl FromStr for Region {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (code, servers) = text.split_once('=').unwrap_or((text, "1"));
        let is_code = !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match servers.trim().parse() {
            Ok(servers) if servers > 0 && is_code => Ok(Self { code: code.to_owned(), servers }),
            _ => Err("write a region's code and how many load generators, such as nyc3=1".to_owned()),
        }
    }
}

pub(super) fn engine(text: &str) -> Result<Engine, String> {
    match text {
        "loadforge" => Ok(Engine::Loadforge),
        "local" => Ok(Engine::Local),
        _ => Err("write loadforge or local".to_owned()),
    }
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| "write a number above 0: users started a second".to_owned())
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    text.strip_suffix('%')
        .and_then(|number| number.trim().parse().ok())
        .filter(|percent: &f64| percent.is_finite() && *percent >= 0.0)
        .ok_or_else(|| "write a percentage of 0 or more, such as 20%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_entry_hides_its_value() {
        let entry: EnvEntry = "TOKEN=s3cr=et".parse().unwrap();
        assert_eq!(entry.value.as_deref(), Some("s3cr=et"));
        assert_eq!(format!("{entry:?}"), "TOKEN=[hidden]");
        for text in ["", "1A", "A-B=x", "=x"] {
            let fault = text.parse::<EnvEntry>().unwrap_err();
            assert!(!fault.contains('x'), "{fault}");
        }
    }

    #[test]
    fn a_region_counts_its_load_generators() {
        assert_eq!("nyc3=2".parse(), Ok(Region { code: "nyc3".into(), servers: 2 }));
        assert_eq!("lon1".parse(), Ok(Region { code: "lon1".into(), servers: 1 }));
        assert!("nyc3=0".parse::<Region>().is_err());
    }
}
