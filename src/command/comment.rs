//! `comment`: one pull request comment from one or several judged results folders. Nothing that goes wrong here
//! changes a verdict, so it is logged as a warning.

use crate::cli::CommentCommandArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::judging::{self, JudgedRun};

pub(super) async fn run(arguments: &CommentCommandArgs) -> Result<Exit, CommandError> {
    let ci = arguments.github.environment();
    let judged = arguments.results.iter().map(|path| JudgedRun::read(path, &ci)).collect::<Result<Vec<_>, _>>()?;
    judging::publish_all(&judged, &arguments.comment_args, &arguments.github, &ci).await;
    Ok(Exit::Passed)
}
