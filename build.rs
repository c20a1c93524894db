//! How the program is linked, so that `cargo install` gives the same small program as a release.
//!
//! Only for Linux, and only in the release profile, which is the one with `opt-level = "s"`: the linker that comes with Rust merges functions that are the same,
//! writes relocations in their short form, and leaves out the tables for unwinding, which a program that aborts on a
//! panic never reads. Where that linker is missing, the usual one links as always.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/discard.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("OPT_LEVEL", "s") {
        return;
    }
    let Some(linker) = linker() else { return };
    let mut arguments = vec!["-fuse-ld=lld".to_owned(), format!("-B{}", linker.display())];
    arguments.extend(["-Wl,--icf=all", "-Wl,-O2", "-Wl,--gc-sections"].map(str::to_owned));
    if is("CARGO_CFG_TARGET_ENV", "musl") {
        // The start-up code of musl reads them since 1.2.4, which Rust has since 1.93.
        if minor_version().is_some_and(|version| version >= 93) {
            arguments.push("-Wl,-z,pack-relative-relocs".to_owned());
        }
        let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
        arguments.push("-Wl,--no-eh-frame-hdr".to_owned());
        arguments.push(format!("-Wl,-T,{}", folder.join("build/discard.ld").display()));
    }
    for argument in arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}

/// The folder with the linker that comes with Rust, under the name that compilers call it by.
fn linker() -> Option<PathBuf> {
    let rustc = env::var_os("RUSTC")?;
    let sysroot = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?.stdout;
    let sysroot = PathBuf::from(String::from_utf8(sysroot).ok()?.trim());
    let folder = sysroot.join("lib/rustlib").join(env::var_os("HOST")?).join("bin/gcc-ld");
    folder.join("ld.lld").exists().then_some(folder)
}

/// 95 of Rust 1.95.0.
fn minor_version() -> Option<u32> {
    let version = Command::new(env::var_os("RUSTC")?).arg("--version").output().ok()?.stdout;
    String::from_utf8(version).ok()?.split('.').nth(1)?.parse().ok()
}
