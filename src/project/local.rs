//! What our own server copies of a script's project.

use std::path::{Path, PathBuf};

use super::error::ProjectError;
use super::select::{Selection, select};
use crate::results::{LocalProject, ProjectOptions, Requirements};

/// The names of Locust's configuration files, the second of which wins.
const CONFIG_FILES: [&str; 2] = ["locust.conf", "pyproject.toml"];

/// The names of a project's virtual environment.
const ENVIRONMENTS: [&str; 2] = [".venv", "venv"];

/// The folder that Locust runs in a copy of: the one asked for, else the innermost one that holds all scripts. Absolute
/// and free of links.
///
/// # Errors
/// When a script or the folder does not exist, or a script is outside the folder.
pub fn project_folder(script: &Path, options: &ProjectOptions) -> Result<PathBuf, ProjectError> {
    let scripts = scripts(script, options)?;
    let Some(asked) = &options.folder else {
        let mut folder = scripts[0].parent().unwrap_or(Path::new("/"));
        while !scripts.iter().all(|script| script.starts_with(folder)) {
            folder = folder.parent().unwrap_or(Path::new("/"));
        }
        return Ok(folder.to_owned());
    };
    let folder = whole(Path::new(asked))?;
    match scripts.into_iter().find(|script| !script.starts_with(&folder)) {
        Some(script) => Err(ProjectError::Outside { script, folder }),
        None => Ok(folder),
    }
}

/// What our own server copies, and the files it will copy in words.
///
/// # Errors
/// When something named does not exist, or the folder holds more than is copied.
pub fn local_project(script: &Path, options: &ProjectOptions) -> Result<(LocalProject, Selection), ProjectError> {
    let folder = project_folder(script, options)?;
    let mut selection = select(&folder, &options.include, &options.exclude)?;
    let inner = |path: &PathBuf| {
        let inner = path.strip_prefix(&folder).ok().and_then(Path::to_str).map(str::to_owned);
        inner.ok_or_else(|| ProjectError::NotUnicode(path.clone()))
    };
    let scripts = scripts(script, options)?.iter().map(inner).collect::<Result<Vec<_>, _>>()?;
    // What is to be run is taken whatever the rules say.
    for script in &scripts {
        if let Err(place) = selection.files.binary_search(script) {
            selection.files.insert(place, script.clone());
        }
    }
    let here = whole(Path::new("."))?;
    let mut folders = vec![here];
    if folders[0] != folder {
        folders.push(folder.clone());
    }
    let config_files = folders.iter().flat_map(|folder| CONFIG_FILES.map(|name| folder.join(name)));
    let environments = folders.iter().rev().flat_map(|folder| ENVIRONMENTS.map(|name| folder.join(name)));
    let project = LocalProject {
        files: selection.files.clone(),
        scripts,
        requirements: options.requirements.as_deref().map(requirements).transpose()?,
        config_files: config_files.filter(|path| path.is_file()).collect(),
        environments: environments.filter(|path| path.is_dir()).collect(),
        options: options.locust.clone(),
        folder,
    };
    Ok((project, selection))
}

/// The scripts, the first one first; absolute.
fn scripts(script: &Path, options: &ProjectOptions) -> Result<Vec<PathBuf>, ProjectError> {
    std::iter::once(script).chain(options.more_locustfiles.iter().map(Path::new)).map(whole).collect()
}

/// Reads `perf/requirements.txt` or `pyproject.toml[perf,data]`.
fn requirements(text: &str) -> Result<Requirements, ProjectError> {
    let (file, extras) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')).unwrap_or((text, ""));
    let extras = extras.split(',').map(|extra| extra.trim().to_owned()).filter(|extra| !extra.is_empty());
    Ok(Requirements { file: whole(Path::new(file.trim()))?, extras: extras.collect() })
}

fn whole(path: &Path) -> Result<PathBuf, ProjectError> {
    let shown = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    shown.canonicalize().map_err(|source| ProjectError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_folder_is_the_innermost_one_of_all_scripts_unless_another_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["perf/web/a.py", "perf/api/b.py", "perf/requirements.txt"] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "").unwrap();
        }
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let script = root.join("perf/web/a.py");
        let folder = |options: &ProjectOptions| project_folder(&script, options);
        assert_eq!(folder(&ProjectOptions::default()).unwrap(), root.join("perf/web"));
        let both = ProjectOptions {
            more_locustfiles: vec![text(root.join("perf/api/b.py"))],
            requirements: Some(format!("{}[perf, data]", text(root.join("perf/requirements.txt")))),
            ..ProjectOptions::default()
        };
        let (project, _) = local_project(&script, &both).unwrap();
        assert_eq!(
            (&project.folder, &project.scripts),
            (&root.join("perf"), &vec!["web/a.py".into(), "api/b.py".into()])
        );
        assert_eq!(project.files, ["api/b.py", "requirements.txt", "web/a.py"]);
        assert_eq!(project.requirements.unwrap().extras, ["perf", "data"]);
        let named = ProjectOptions { folder: Some(text(root.clone())), ..ProjectOptions::default() };
        assert_eq!(folder(&named).unwrap(), root);
        let beside = ProjectOptions { folder: Some(text(root.join("perf/api"))), ..ProjectOptions::default() };
        assert!(matches!(folder(&beside).unwrap_err(), ProjectError::Outside { .. }));
    }
}
