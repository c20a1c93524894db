//! What judging needs of a test in `loadforge.yml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::gate_list::gate_list;
use super::test_section::TestSection;
use crate::gate::GateLine;

/// A test as it is read where variables of it are not set: what starts a run is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JudgedTest {
    #[serde(deserialize_with = "gate_list")]
    gates: Vec<Spanned<GateLine>>,
    owners: BTreeMap<String, String>,
}

impl From<JudgedTest> for TestSection {
    fn from(JudgedTest { gates, owners }: JudgedTest) -> Self {
        Self { gates, owners, ..Self::default() }
    }
}
