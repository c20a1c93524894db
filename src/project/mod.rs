//! A script's project: which files of its folder a run takes, and which modules the script imports from it.
//!
//! [`local_project`] makes what our own server copies of it, [`imported_modules`] finds the modules that belong to the
//! script, [`code_sha256`] what makes two versions of it comparable, [`Bundle`]
//! what puts them into the one script that LoadForge takes.

mod bundle;
mod data;
mod digest;
mod error;
mod first_line;
mod ignore;
mod imports;
mod local;
mod modules;
mod outside;
mod select;

pub use bundle::Bundle;
pub use data::DataFile;
pub use digest::sha256_of;
pub use error::ProjectError;
pub use first_line::{python_text, with_first_line};
pub use imports::{ImportedName, imports};
pub use local::{local_project, project_folder};
pub use modules::{LocalModule, ModuleSearch, code_sha256, imported_modules};
pub use outside::{OutsidePackage, outside_packages};
pub use select::{Selection, select};
