//! The head of a history line: which run it is and what it can be compared with. What the run measured follows
//! it and is read only where it is needed.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::record::{HISTORY_SCHEMA_VERSION, Recorded, RunName};
use crate::results::Fingerprint;

/// The head of a good run's line.
#[derive(Debug, Clone, PartialEq)]
pub struct RunHead {
    /// Which run it was.
    pub run: RunName,
    /// When it was started.
    pub at: Timestamp,
    /// Its branch.
    pub branch: Option<String>,
    /// What makes it comparable with other runs.
    pub fingerprint: Fingerprint,
    /// Where its line is in the file, without the line end.
    pub(super) place: Range<u64>,
}

impl Recorded for RunHead {
    fn run(&self) -> &RunName {
        &self.run
    }

    fn at(&self) -> Timestamp {
        self.at
    }

    fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

/// What a line begins with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LineHead {
    /// A good run.
    Run(Box<RunHead>),
    /// A record of a later version of this program.
    Newer,
    /// No record.
    Damaged,
    /// The available part of the line is too short.
    Incomplete,
}

impl LineHead {
    /// Reads the head of the line at this offset of the file. `text` is the line or what it begins with.
    pub(super) fn parse(text: &[u8], place: Range<u64>) -> Self {
        let is_whole = text.len() as u64 == place.end - place.start;
        let mut found = HeadFields::default();
        // The deserializer stops with an error where the head ends.
        let all = (&mut found).deserialize(&mut serde_json::Deserializer::from_slice(text));
        let HeadFields { version, run, at, branch, fingerprint } = found;
        match (version, run, at, fingerprint) {
            (Some(version), ..) if version > HISTORY_SCHEMA_VERSION => Self::Newer,
            (Some(_), Some(run), Some(at), Some(fingerprint)) if all.is_ok() || branch.is_some() => {
                Self::Run(Box::new(RunHead { run, at, branch: branch.flatten(), fingerprint, place }))
            }
            _ if is_whole => Self::Damaged,
            _ => Self::Incomplete,
        }
    }
}

/// The fields of a head that were found.
#[derive(Default)]
struct HeadFields {
    version: Option<u32>,
    run: Option<RunName>,
    at: Option<Timestamp>,
    branch: Option<Option<String>>,
    fingerprint: Option<Fingerprint>,
}

impl HeadFields {
    fn is_complete(&self) -> bool {
        let known = self.version.is_some() && self.run.is_some() && self.at.is_some() && self.fingerprint.is_some();
        (known && self.branch.is_some()) || self.version.is_some_and(|version| version > HISTORY_SCHEMA_VERSION)
    }
}

impl<'de> DeserializeSeed<'de> for &mut HeadFields {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut HeadFields {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record of a run")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "schema_version" => self.version = Some(map.next_value()?),
                "run" => self.run = Some(map.next_value()?),
                "at" => self.at = Some(map.next_value()?),
                "branch" => self.branch = Some(map.next_value()?),
                "fingerprint" => self.fingerprint = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.is_complete() {
                return Err(A::Error::custom("the rest is not read"));
            }
        }
        Ok(())
    }
}
