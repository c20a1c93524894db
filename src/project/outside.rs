//! What a script imports that is not in its project.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::modules::ModuleSearch;

/// What LoadForge has beside Python's own modules: Locust and what Locust needs. Its documentation shows locust_plugins too.
const WITH_LOCUST: [&str; 22] = [
    "blinker",
    "brotli",
    "certifi",
    "charset_normalizer",
    "click",
    "configargparse",
    "flask",
    "flask_cors",
    "flask_login",
    "gevent",
    "geventhttpclient",
    "greenlet",
    "idna",
    "itsdangerous",
    "jinja2",
    "locust",
    "locust_plugins",
    "msgpack",
    "psutil",
    "requests",
    "urllib3",
    "zmq",
];

/// A package that is neither in the project nor where Locust is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsidePackage {
    /// Its name as it is imported.
    pub name: String,
    /// The file that imports it.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// Whether it is a compiled module of the project, which cannot be bundled.
    pub is_compiled: bool,
}

/// The packages that must be installed where the script runs, each with the place that imports it first. What is imported
/// inside `try`, a function or an `if` may be missing.
#[must_use]
pub fn outside_packages(search: &ModuleSearch, roots: &[PathBuf]) -> Vec<OutsidePackage> {
    let mut found: BTreeMap<String, OutsidePackage> = BTreeMap::new();
    for (import, file) in search.outside() {
        let name = import.module.split('.').next().unwrap_or_default();
        let is_known = STANDARD.binary_search(&name).is_ok() || name.starts_with('_') || WITH_LOCUST.contains(&name);
        let is_compiled = roots.iter().any(|root| has_compiled(root, name));
        if name.is_empty() || import.level > 0 || import.is_optional || (is_known && !is_compiled) {
            continue;
        }
        found.entry(name.to_owned()).or_insert_with(|| OutsidePackage {
            name: name.to_owned(),
            file: file.clone(),
            line: import.line,
            is_compiled,
        });
    }
    found.into_values().collect()
}

/// Whether a folder holds a compiled module of this name: `fast.so`, `fast.cpython-312-x86_64-linux-gnu.so`.
fn has_compiled(folder: &Path, name: &str) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        file.split('.').next() == Some(name) && (file.ends_with(".so") || file.ends_with(".pyd"))
    })
}

/// The top modules of Python's standard library (`sys.stdlib_module_names` of Python 3.11), in order.
#[rustfmt::skip]
const STANDARD: [&str; 218] = [
    "__future__",
    "abc",
    "aifc",
    "antigravity",
    "argparse",
    "array",
    "ast",
    "asynchat",
    "asyncio",
    "asyncore",
    "atexit",
    "audioop",
    "base64",
    "bdb",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "cProfile",
    "calendar",
    "cgi",
    "cgitb",
    "chunk",
    "cmath",
    "cmd",
    "code",
    "codecs",
    "codeop",
    "collections",
    "colorsys",
    "compileall",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "crypt",
    "csv",
    "ctypes",
    "curses",
    "dataclasses",
    "datetime",
    "dbm",
    "decimal",
    "difflib",
    "dis",
    "distutils",
    "doctest",
    "email",
    "encodings",
    "ensurepip",
    "enum",
    "errno",
    "faulthandler",
    "fcntl",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "genericpath",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "grp",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "idlelib",
    "imaplib",
    "imghdr",
    "imp",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "lib2to3",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "mailbox",
    "mailcap",
    "marshal",
    "math",
    "mimetypes",
    "mmap",
    "modulefinder",
    "msilib",
    "msvcrt",
    "multiprocessing",
    "netrc",
    "nis",
    "nntplib",
    "nt",
    "ntpath",
    "nturl2path",
    "numbers",
    "opcode",
    "operator",
    "optparse",
    "os",
    "ossaudiodev",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pipes",
    "pkgutil",
    "platform",
    "plistlib",
    "poplib",
    "posix",
    "posixpath",
    "pprint",
    "profile",
    "pstats",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "pydoc",
    "pydoc_data",
    "pyexpat",
    "queue",
    "quopri",
    "random",
    "re",
    "readline",
    "reprlib",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "sndhdr",
    "socket",
    "socketserver",
    "spwd",
    "sqlite3",
    "sre_compile",
    "sre_constants",
    "sre_parse",
    "ssl",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "sunau",
    "symtable",
    "sys",
    "sysconfig",
    "syslog",
    "tabnanny",
    "tarfile",
    "telnetlib",
    "tempfile",
    "termios",
    "textwrap",
    "this",
    "threading",
    "time",
    "timeit",
    "tkinter",
    "token",
    "tokenize",
    "tomllib",
    "trace",
    "traceback",
    "tracemalloc",
    "tty",
    "turtle",
    "turtledemo",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uu",
    "uuid",
    "venv",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "winreg",
    "winsound",
    "wsgiref",
    "xdrlib",
    "xml",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
];

#[cfg(test)]
mod tests {
    use super::super::modules::imported_modules;
    use super::*;

    #[test]
    fn packages_are_named_once_with_their_place_and_what_comes_with_locust_is_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("fast.cpython-312-x86_64-linux-gnu.so"), "").unwrap();
        let script = "import os, json\nfrom locust import task\nimport faker.providers\nimport faker\ntry:\n    import orjson\n\
                      except ImportError:\n    pass\nimport fast\n";
        let roots = [dir.path().to_owned()];
        let search = imported_modules(&[("locustfile.py".into(), script)], &roots);
        let shown: Vec<String> = outside_packages(&search, &roots)
            .iter()
            .map(|found| format!("{} {} {}", found.name, found.line, found.is_compiled))
            .collect();
        assert_eq!(shown, ["faker 3 false", "fast 9 true"]);
        assert!(STANDARD.is_sorted());
    }
}
