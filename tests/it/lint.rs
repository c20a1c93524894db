//! The lint over scripts with every fault, over our own scripts, and over all of Locust.

use std::path::{Path, PathBuf};

use loadforge_ci::demo::scripts;
use loadforge_ci::exit::Exit;
use loadforge_ci::lint::{Checked, Rule, check, check_file, exit, render_json, render_text};
use proptest::prelude::*;

use crate::bare_locust;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lint")
}

/// Python files of a folder and the folders in it.
fn python_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(python_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// What `# expect: rule rule` comments say, by line.
fn expected(source: &str) -> Vec<(usize, String)> {
    let mut expected = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let rules = line.split_once("# expect: ").map(|(_, rules)| rules.split_whitespace()).into_iter().flatten();
        expected.extend(rules.map(|rule| (index + 1, rule.to_owned())));
    }
    expected.sort();
    expected
}

#[test]
fn every_fault_is_caught_at_its_line_and_nothing_else() {
    let mut seen = Vec::new();
    for path in python_files(&fixtures()) {
        let source = std::fs::read_to_string(&path).unwrap();
        let mut found: Vec<_> = check(&source)
            .unwrap()
            .iter()
            .map(|diagnostic| (diagnostic.line, diagnostic.rule.name().to_owned()))
            .collect();
        found.sort();
        assert_eq!(found, expected(&source), "{}", path.display());
        seen.extend(found.into_iter().map(|(_, rule)| rule));
    }
    for rule in Rule::ALL {
        assert!(seen.contains(&rule.name().to_owned()), "no fixture breaks {rule}");
    }
}

#[test]
fn our_own_scripts_are_clean() {
    for script in scripts::ALL {
        assert_eq!(check(script.source).unwrap(), [], "{}", script.file);
    }
}

#[test]
fn a_fault_is_told_with_its_place_and_what_to_write() {
    let diagnostics = check_file(&fixtures().join("dynamic.py")).unwrap();
    let checked = [Checked { file: "perf/dynamic.py".into(), diagnostics: diagnostics[..2].to_vec() }];
    insta::assert_snapshot!(render_text(&checked), @r#"
    perf/dynamic.py:12:25: error[unnamed-dynamic-url]: this URL changes from call to call, and without a name each becomes an endpoint of its own
        instead: name="/items/[id]"
    perf/dynamic.py:13:25: error[unnamed-dynamic-url]: this URL changes from call to call, and without a name each becomes an endpoint of its own
        instead: name="/items/[id]/parts"
    "#);
    insta::assert_snapshot!(render_json(&checked), @r#"
    [
      {
        "file": "perf/dynamic.py",
        "line": 12,
        "column": 25,
        "severity": "error",
        "rule": "unnamed-dynamic-url",
        "message": "this URL changes from call to call, and without a name each becomes an endpoint of its own",
        "instead": "name=\"/items/[id]\""
      },
      {
        "file": "perf/dynamic.py",
        "line": 13,
        "column": 25,
        "severity": "error",
        "rule": "unnamed-dynamic-url",
        "message": "this URL changes from call to call, and without a name each becomes an endpoint of its own",
        "instead": "name=\"/items/[id]/parts\""
      }
    ]
    "#);
    let others: Vec<String> = ["hosts", "lost", "no_login", "no_wait", "secrets", "single", "unchecked", "ignored"]
        .into_iter()
        .map(|name| {
            let diagnostics = check_file(&fixtures().join(format!("{name}.py"))).unwrap();
            render_text(&[Checked { file: format!("{name}.py"), diagnostics }])
        })
        .collect();
    insta::assert_snapshot!(others.concat(), @r#"
    hosts.py:5:12: error[hard-coded-host]: the host is written in the script, so the same test cannot run elsewhere
        instead: os.environ["TARGET_HOST"], and hand it in with --target-host
    hosts.py:6:35: error[hard-coded-host]: a missing variable sends the load to a host written in the script
        instead: os.environ["TARGET_HOST"], and hand it in with --target-host
    hosts.py:11:12: error[hard-coded-host]: the host is written in the script, so the same test cannot run elsewhere
        instead: os.environ["TARGET_HOST"], and hand it in with --target-host
    hosts.py:16:25: error[hard-coded-host]: the request goes to a host written in the script, whatever the target host is
        instead: only the path; the host comes from `host`, TARGET_HOST or --target-host
    lost.py:9:9: warning[lost-request]: with catch_response=True a request is recorded only when its `with` block ends, so this one never is
        instead: with self.client.get(…, catch_response=True) as response:
    lost.py:11:13: warning[lost-request]: when this assertion fails inside the block, the request vanishes from all statistics
        instead: if …: response.failure("what is wrong")
    lost.py:13:20: warning[lost-request]: `ok` raises when the connection broke, and then the request vanishes from all statistics
        instead: 200 <= response.status_code < 300
    no_login.py:13:20: warning[missing-login]: this path usually needs a login, and no `on_start` makes one: the test may only measure refusals
        instead: def on_start(self): log in once a user, and send the token with every request
    no_wait.py:17:7: warning[no-wait-time]: users of `Hasty` do not wait between tasks, so a few of them load the service as no real users would
        instead: wait_time = between(1, 3)
    secrets.py:5:12: error[hard-coded-credential]: a password or key is written in the script (`password`); anyone who can read the script or the test can use it
        instead: os.environ["PASSWORD"], and hand it in with --env PASSWORD
    secrets.py:6:37: error[hard-coded-token]: a token is written in the script (`api_token`); anyone who can read the script or the test can use it
        instead: os.environ["API_TOKEN"], and hand it in with --env API_TOKEN
    secrets.py:9:17: error[hard-coded-credential]: a password or key is written in the script (`password`); anyone who can read the script or the test can use it
        instead: os.environ["PASSWORD"], and hand it in with --env PASSWORD
    secrets.py:12:22: error[hard-coded-token]: a token is written in the script (`api_token`); anyone who can read the script or the test can use it
        instead: os.environ["API_TOKEN"], and hand it in with --env API_TOKEN
    secrets.py:13:18: error[hard-coded-credential]: a password or key is written in the script (`x_api_key`); anyone who can read the script or the test can use it
        instead: os.environ["X_API_KEY"], and hand it in with --env X_API_KEY
    secrets.py:16:12: error[hard-coded-credential]: a password or key is written in the script (`url_password`); anyone who can read the script or the test can use it
        instead: os.environ["URL_PASSWORD"], and hand it in with --env URL_PASSWORD
    secrets.py:24:15: error[hard-coded-credential]: a password or key is written in the script (`api_key`); anyone who can read the script or the test can use it
        instead: os.environ["API_KEY"], and hand it in with --env API_KEY
    secrets.py:28:43: error[hard-coded-credential]: a password or key is written in the script (`auth_password`); anyone who can read the script or the test can use it
        instead: os.environ["AUTH_PASSWORD"], and hand it in with --env AUTH_PASSWORD
    single.py:9:9: warning[single-endpoint]: the whole script calls one endpoint, so it says little about the service in real use
        instead: a task for each thing users do, weighted by how often: @task(5), @task(2)
    single.py:9:9: warning[unchecked-responses]: no response is checked: an empty page or an error page with status 200 counts as a success
        instead: with self.client.get(…, catch_response=True) as response: call response.failure(…) when the content is wrong
    unchecked.py:9:9: warning[unchecked-responses]: no response is checked: an empty page or an error page with status 200 counts as a success
        instead: with self.client.get(…, catch_response=True) as response: call response.failure(…) when the content is wrong
    ignored.py:12:25: error[unnamed-dynamic-url]: this URL changes from call to call, and without a name each becomes an endpoint of its own
        instead: name="/b/[id]"
    ignored.py:13:29: warning[unknown-rule]: there is no rule `hard-coded-hots`, so this comment ignores nothing
        instead: # loadforge: ignore[hard-coded-host]
    "#);
}

#[test]
fn errors_fail_the_build_and_warnings_do_not() {
    let of = |file: &str| exit(&check_file(&fixtures().join(file)).unwrap());
    assert_eq!(of("hosts.py"), Exit::GateFailed);
    assert_eq!(of("no_wait.py"), Exit::Passed);
    let folder = tempfile::tempdir().unwrap();
    for (content, words) in [
        (&b"def f(:\n"[..], "is not Python that can be read: line 1, column 7: "),
        (b"x = '\xff'\n", "is not UTF-8 text"),
    ] {
        let path = folder.path().join("script.py");
        std::fs::write(&path, content).unwrap();
        let error = loadforge_ci::error::CommandError::from(check_file(&path).unwrap_err());
        assert!(error.exit == Exit::Usage && error.message.contains(words), "{error}");
    }
    let missing = loadforge_ci::error::CommandError::from(check_file(&folder.path().join("none.py")).unwrap_err());
    assert!(missing.exit == Exit::Usage && missing.message.contains("failed to read"), "{missing}");
}

#[test]
fn all_of_locust_can_be_read() {
    let files = python_files(&bare_locust::package());
    assert!(files.len() > 30, "{} files", files.len());
    for file in files {
        if let Err(error) = check_file(&file) {
            panic!("{error}");
        }
    }
}

fn source_of_a_script() -> impl Strategy<Value = String> {
    let scripts: Vec<String> = python_files(&fixtures())
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .chain(scripts::ALL.map(|script| script.source.to_owned()))
        .collect();
    prop::sample::select(scripts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_crashes_it(text in "(?s).{0,200}") {
        let _ = check(&text);
    }

    #[test]
    fn no_pythonic_text_crashes_it(words in prop::collection::vec(
        prop::sample::select(&[
            "class A(HttpUser):", "def f(self):", "\n    ", "\n", "self.client.get(", "f\"/a/{", "}\"", "\"", "'", ")", "name=",
            "with ", " as r:", "assert ", "%", "+", ".format(", "os.getenv(", ",", "=", "password", "#", "loadforge: ignore[",
            "]", "lambda ", "{", ":", "@task", "ü", "\\", "\t", "\0", "\u{feff}", "\"\"\"", "for x in ", "if ", "else",
        ][..]), 0..60,
    )) {
        let _ = check(&words.concat());
    }

    #[test]
    fn no_broken_script_crashes_it(source in source_of_a_script(), cut in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), insert in "(?s).{0,6}") {
        let places: Vec<usize> = source.char_indices().map(|(index, _)| index).collect();
        let (first, second) = (*cut.get(&places), *to.get(&places));
        let (from, to) = (first.min(second), first.max(second).min(first.min(second) + 40));
        let to = (to..=source.len()).find(|index| source.is_char_boundary(*index)).unwrap();
        let _ = check(&format!("{}{insert}{}", &source[..from], &source[to..]));
    }
}
