//! `bundle`: print the one script that LoadForge gets of a project.

use std::io::Write;

use crate::cli::{BundleArgs, ProjectArgs, TestArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::results::{Engine, TestSource};
use crate::running;
use crate::stdout::printed;

pub(super) fn run(arguments: &BundleArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let config = arguments.config.load_to_judge()?;
    let test = TestArgs { engine: Engine::Loadforge, locustfile: arguments.locustfile.clone(), ..TestArgs::default() };
    let project = ProjectArgs { folder: arguments.folder.clone(), ..ProjectArgs::default() };
    let TestSource::Script(script) = running::source(&test, &project, &config)? else {
        return Err(CommandError::usage("the configuration names a saved test, whose script LoadForge has")
            .with_hint("name a script with --locustfile, or test.locustfile in loadforge.yml"));
    };
    for file in &script.data {
        tracing::info!("beside the script goes the data file {}", file.path);
    }
    printed(sink.write_all(script.bundle.applied_to(&script.text).as_bytes()))?;
    Ok(Exit::Passed)
}
