//! What a script takes along where only it and LoadForge's files arrive: its modules, bundled into it, and data files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::CommandError;
use crate::project::{Bundle, DataFile, LocalModule, ModuleSearch, imports, outside_packages, select};
use crate::results::{Engine, ProjectOptions};
use crate::text::counted;

/// The most data files that are sent for one run.
const MOST_FILES: usize = 100;

/// The most bytes that are sent for one run. LoadForge publishes no limit.
const MOST_BYTES: u64 = 32 << 20;

/// What goes along with a script.
#[derive(Debug, Default)]
pub(super) struct TakenAlong {
    pub(super) bundle: Bundle,
    pub(super) data: Vec<DataFile>,
}

/// The bundle of scripts and modules, and the data files that they name or `include` does; names what cannot go along.
/// `folder` is absolute.
///
/// # Errors
/// When a module is compiled or not Python, or the data files are too many, too large or not readable.
pub(super) fn taken_along(
    scripts: &[(PathBuf, &str)],
    modules: &ModuleSearch,
    roots: &[PathBuf],
    folder: &Path,
    options: &ProjectOptions,
    engine: Engine,
) -> Result<TakenAlong, CommandError> {
    for module in modules.modules().values() {
        if let (Some(path), Err(fault)) = (&module.path, imports(&module.text)) {
            return Err(CommandError::usage(format!("{} cannot be bundled: {fault}", path.display())));
        }
    }
    for package in outside_packages(modules, roots) {
        let place = format!("{}:{}", package.file.display(), package.line);
        if package.is_compiled {
            let message = format!("{place}: `{}` is a compiled module and cannot be bundled", package.name);
            return Err(CommandError::usage(message)
                .with_hint("write the module in Python, or run the script with --engine local without --bundled"));
        }
        if engine == Engine::Loadforge {
            tracing::warn!("{place}: LoadForge may not have the package `{}`, and it cannot be bundled", package.name);
        }
    }
    let texts = scripts.iter().map(|(_, text)| *text);
    let all: Vec<&str> = texts.chain(modules.modules().values().map(|module| module.text.as_str())).collect();
    let script_folder = scripts.first().and_then(|(path, _)| Some(path.canonicalize().ok()?.parent()?.to_owned()));
    let data = data_files(folder, script_folder.as_deref(), &all, options)?;
    let more = scripts[1..].iter().map(|(path, text)| LocalModule {
        name: path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
        path: path.canonicalize().ok(),
        is_package: false,
        text: (*text).to_owned(),
    });
    Ok(TakenAlong { bundle: Bundle::of(modules.modules(), &more.collect::<Vec<_>>(), folder), data })
}

/// The data files of a folder that go along.
fn data_files(
    folder: &Path,
    script_folder: Option<&Path>,
    texts: &[&str],
    options: &ProjectOptions,
) -> Result<Vec<DataFile>, CommandError> {
    let selection = match select(folder, &options.include, &options.exclude) {
        Ok(selection) => selection,
        Err(error) => {
            tracing::warn!("no data files go along with the script: {error}");
            return Ok(Vec::new());
        }
    };
    let is_wanted = |file: &&String| {
        let is_code = file.ends_with(".py") || file.ends_with(".pyc");
        !is_code && (selection.included.contains(file) || is_named(file, texts))
    };
    let files: Vec<&String> = selection.files.iter().filter(is_wanted).collect();
    let sizes = files.iter().map(|file| fs::metadata(folder.join(file)).map_or(0, |meta| meta.len()));
    if files.len() > MOST_FILES || sizes.sum::<u64>() > MOST_BYTES {
        let (count, most) = (counted(files.len(), "data file"), MOST_BYTES >> 20);
        let message =
            format!("the script names {count}; at most {MOST_FILES} of {most} MiB altogether are sent to LoadForge");
        return Err(CommandError::usage(message)
            .with_hint("leave some out with --exclude, or run the script with --engine local without --bundled"));
    }
    files
        .into_iter()
        .map(|file| {
            let path = folder.join(file);
            let content = fs::read(&path).map_err(|cause| {
                CommandError::usage(format!("failed to read the data file {}: {cause}", path.display()))
            })?;
            let from_script = script_folder.filter(|script_folder| *script_folder != folder);
            let from_script = from_script.and_then(|script_folder| path.strip_prefix(script_folder).ok()?.to_str());
            Ok(DataFile { path: file.clone(), from_script: from_script.map(str::to_owned), content })
        })
        .collect()
}

/// Whether a text names a data file as a whole string: by its path, or by its name.
fn is_named(file: &str, texts: &[&str]) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let quoted = [file, name].map(|word| [format!("\"{word}\""), format!("'{word}'")]);
    name.contains('.') && quoted.iter().flatten().any(|word| texts.iter().any(|text| text.contains(word.as_str())))
}
