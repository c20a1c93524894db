//! `schema`: the JSON schema of a file.

use std::io::Write;

use schemars::schema_for;

use crate::cli::{SchemaArgs, SchemaOf};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::stdout::printed;
use crate::{config, report, results, verdict};

pub(super) fn run(arguments: &SchemaArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let schema = match arguments.of {
        SchemaOf::Config => config::schema(),
        SchemaOf::Results => schema_for!(results::Results),
        SchemaOf::Verdict => schema_for!(verdict::Verdict),
        SchemaOf::Answer => schema_for!(report::answer::Answer),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|cause| CommandError::usage(format!("failed to write the schema: {cause}")))?;
    printed(writeln!(sink, "{text}"))?;
    Ok(Exit::Passed)
}
