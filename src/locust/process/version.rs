//! Version numbers of Python and Locust.

use std::fmt;
use std::str::FromStr;

/// Major, minor and patch; a suffix such as `.dev3` or `rc1` is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16, pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The oldest Locust our launcher runs under, and the first it was not tried with.
pub(super) const FITTING: std::ops::Range<Version> = Version(2, 15, 0)..Version(3, 0, 0);

/// The text is not a version number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version number")]
pub struct NotAVersion(String);

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.trim().split('.').map(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit()).map_or(part, |end| &part[..end]);
            digits.parse::<u16>()
        });
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => {
                Ok(Self(major, minor, parts.next().and_then(Result::ok).unwrap_or(0)))
            }
            _ => Err(NotAVersion(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number_and_lose_their_suffix() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("2.9.0") < version("2.47.0"));
        assert_eq!(version("2.38.1.dev12"), Version(2, 38, 1));
        assert_eq!(version("3.14.0rc1\n"), Version(3, 14, 0));
        assert_eq!(version("2.47"), Version(2, 47, 0));
        assert!("two.three".parse::<Version>().is_err());
        assert!("".parse::<Version>().is_err());
    }
}
