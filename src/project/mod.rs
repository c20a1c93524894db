//! A script's project: which files of its folder a run takes, and which modules the script imports from it.
//!
//! [`local_project`] makes what our own server copies of it, [`imported_modules`] finds the modules that belong to the
//! script, [`code_sha256`] what makes two versions of it comparable.

mod error;
mod ignore;
mod imports;
mod local;
mod modules;
mod select;

pub use error::ProjectError;
pub use imports::{ImportedName, imports};
pub use local::{local_project, project_folder};
pub use modules::{LocalModule, ModuleSearch, code_sha256, imported_modules};
pub use select::{Selection, select};
