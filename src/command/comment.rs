//! `comment`: one pull request comment from one or several judged results folders. Nothing that goes wrong here
//! changes a verdict, so it is logged as a warning.

use crate::cli::CommentCommandArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::judging::{self, JudgedRun};
use crate::results::ConfigChoice;
use crate::running::Asking;

pub(super) async fn run(arguments: &CommentCommandArgs) -> Result<Exit, CommandError> {
    let ci = arguments.build.build.applied_to(arguments.github.environment());
    let asking = Asking::of(&arguments.build, ConfigChoice::default(), &ci);
    let read = arguments.results.iter().map(|path| {
        let mut judged = JudgedRun::read(path, &ci)?;
        match &mut judged.run {
            Some(record) => asking.admit(record, &judged.folder, None).map(|()| judged),
            None => Ok(judged),
        }
    });
    let judged = read.collect::<Result<Vec<_>, CommandError>>()?;
    judging::publish_all(&judged, &arguments.comment_args, &arguments.github, &ci).await;
    Ok(Exit::Passed)
}
