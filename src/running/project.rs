//! The script of a run with its project, as flags and configuration ask for it.

use std::fs;
use std::path::{Path, PathBuf};

use super::bundled::{TakenAlong, taken_along};
use crate::cli::ProjectArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::loadforge::ScriptFile;
use crate::locust::process::is_reserved;
use crate::project::{code_sha256, imported_modules, local_project, project_folder};
use crate::results::{Engine, LocustOptions, ProjectOptions, TestSource};

/// What is asked for of the project: a flag replaces what the file says.
pub(super) fn options(arguments: &ProjectArgs, config: &Config) -> Result<ProjectOptions, CommandError> {
    let test = &config.test;
    let list = |flags: &[String], of_file: &[String]| if flags.is_empty() { of_file } else { flags }.to_vec();
    let folder = arguments.folder.as_ref().map(|folder| folder.to_string_lossy().into_owned());
    let options = ProjectOptions {
        folder: folder.or_else(|| test.folder.clone()),
        more_locustfiles: Vec::new(),
        include: list(&arguments.include, &test.include),
        exclude: list(&arguments.exclude, &test.exclude),
        bundled: arguments.bundled,
        requirements: arguments.requirements.clone().or_else(|| test.requirements.clone()),
        locust: LocustOptions {
            tags: list(&arguments.tag, &test.tags),
            exclude_tags: list(&arguments.exclude_tag, &test.exclude_tags),
            user_classes: list(&arguments.user_class, &test.user_classes),
            arguments: list(&arguments.locust_arg, &test.locust_args),
        },
    };
    check(&options.locust)?;
    Ok(options)
}

/// Refuses what would be taken for something else on Locust's command line.
fn check(locust: &LocustOptions) -> Result<(), CommandError> {
    for argument in &locust.arguments {
        let option = argument.split('=').next().unwrap_or_default();
        let is_short = option.starts_with('-') && !option.starts_with("--");
        let name = if is_short { option.get(1..2).unwrap_or_default() } else { option.trim_start_matches('-') };
        if option.starts_with('-') && is_reserved(name) {
            let message = format!("--locust-arg {option}: a run decides this option of Locust itself");
            return Err(CommandError::usage(message)
                .with_hint("use the flag of loadforge-ci that sets the same, such as --users, or leave it out"));
        }
    }
    let named =
        [("--tag", &locust.tags), ("--exclude-tag", &locust.exclude_tags), ("--user-class", &locust.user_classes)];
    match named.into_iter().find_map(|(flag, words)| Some((flag, words.iter().find(|word| word.starts_with('-'))?))) {
        Some((flag, word)) => Err(CommandError::usage(format!("{flag} {word}: a name does not begin with `-`"))),
        None => Ok(()),
    }
}

/// One script, or several separated by commas, with the project.
///
/// # Errors
/// When a script or something of the project cannot be read.
pub(super) fn script(
    paths: &[String],
    named_by: &str,
    options: &ProjectOptions,
    engine: Engine,
) -> Result<TestSource<ScriptFile>, CommandError> {
    let read = |path: &String| {
        fs::read_to_string(path).map_err(|cause| {
            CommandError::usage(format!("failed to read the script {path}: {cause}"))
                .with_hint(format!("{named_by} names a Locust script, relative to this folder"))
        })
    };
    let texts = paths.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let (Some(path), Some(text)) = (paths.first(), texts.first()) else {
        return Err(CommandError::usage(format!("{named_by} names no script")));
    };
    let options = ProjectOptions { more_locustfiles: paths[1..].to_vec(), ..options.clone() };
    let first = Path::new(path);
    let folder = project_folder(first, &options)?;
    let scripts: Vec<(PathBuf, &str)> =
        paths.iter().zip(&texts).map(|(path, text)| (PathBuf::from(path), text.as_str())).collect();
    let roots = search_folders(paths, folder.clone());
    let modules = imported_modules(&scripts, &roots);
    let is_bundled = engine == Engine::Loadforge || options.bundled;
    let along = if is_bundled {
        taken_along(&scripts, &modules, &roots, &folder, &options, engine)?
    } else {
        TakenAlong::default()
    };
    let local = match engine {
        Engine::Local => {
            let (mut project, selection) = local_project(first, &options)?;
            if is_bundled {
                project.files.clear();
                project.scripts.truncate(1);
            } else {
                tracing::debug!("Locust runs in a copy of {} ({})", project.folder.display(), selection.summary());
                selection.notes.iter().for_each(|note| tracing::warn!("{note}"));
            }
            Some(project)
        }
        Engine::Loadforge | Engine::Csv => None,
    };
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    let told = if options.locust.is_empty() { String::new() } else { format!("{:?}", options.locust) };
    Ok(TestSource::Script(ScriptFile {
        path: paths.join(","),
        sha256: code_sha256(&all, modules.modules(), &told),
        text: text.clone(),
        options,
        local,
        bundle: along.bundle,
        data: along.data,
    }))
}

/// Where Python looks for modules of the project: beside each script, and in the folder that Locust runs in.
fn search_folders(scripts: &[String], folder: PathBuf) -> Vec<PathBuf> {
    let beside =
        scripts.iter().filter_map(|script| Path::new(script).canonicalize().ok()?.parent().map(Path::to_owned));
    let mut folders: Vec<PathBuf> = beside.chain([folder]).collect();
    folders.dedup();
    folders
}

/// The scripts that `a.py,b.py` names, as Locust reads it.
pub(super) fn separated(paths: &str) -> Vec<String> {
    paths.split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_decides_itself_is_no_argument() {
        let locust = |arguments: &[&str]| LocustOptions {
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            ..LocustOptions::default()
        };
        assert_eq!(check(&locust(&["--tenant=acme", "--shop-env", "staging", "-Z"])), Ok(()));
        for refused in ["--users=5", "--web-port", "-u", "-u5", "--master"] {
            assert!(check(&locust(&[refused])).unwrap_err().message.contains("decides"), "{refused}");
        }
        assert!(check(&LocustOptions { tags: vec!["-T".into()], ..LocustOptions::default() }).is_err());
        assert_eq!(separated("a.py, b.py,"), ["a.py", "b.py"]);
    }
}
