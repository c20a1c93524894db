//! `schema`: the JSON schema of a file.

use std::io::Write;

use schemars::schema_for;

use super::printed;
use crate::cli::{SchemaArgs, SchemaOf};
use crate::error::Failure;
use crate::exit::Exit;
use crate::{config, results, verdict};

pub(super) fn run(arguments: &SchemaArgs, mut sink: impl Write) -> Result<Exit, Failure> {
    let schema = match arguments.of {
        SchemaOf::Config => config::schema(),
        SchemaOf::Results => schema_for!(results::Results),
        SchemaOf::Verdict => schema_for!(verdict::Verdict),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|cause| Failure::usage(format!("failed to write the schema: {cause}")))?;
    printed(writeln!(sink, "{text}"))?;
    Ok(Exit::Passed)
}
