//! `loadforge-ci`: parse, run, exit code; nothing else.

use std::process::ExitCode;

use loadforge_ci::{cli, command};

/// musl's own allocator returns memory to the system at each turn: it costs a quarter of the time of a large verdict.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    command::register_environment();
    match cli::parse(std::env::args_os(), |name| std::env::var_os(name)) {
        Ok(cli) => command::run(cli).into(),
        Err(answer) => {
            // `--help` and `--version` are answers too; a reader may close the pipe early.
            let _ = cli::print(&answer);
            ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2))
        }
    }
}
