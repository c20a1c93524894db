//! What `init` would add to files that exist, as a patch: the orb's job in `.circleci/config.yml`, lines of `.gitignore`.

use std::fmt::Write;

/// Lines around a change that a patch shows.
const CONTEXT: usize = 3;

/// Lines to insert after the first `after` lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Insertion {
    after: usize,
    lines: Vec<String>,
}

/// How a CircleCI configuration gets the load test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CircleCiChange {
    /// By this patch, which `git apply` takes.
    Patch(String),
    /// It uses the orb already.
    Present,
    /// By hand: the file has another structure than the usual one.
    ByHand,
}

/// The patch that adds the orb and its job to the first workflow of a CircleCI configuration.
pub(super) fn circleci(path: &str, text: &str) -> CircleCiChange {
    if text.contains("loadforge-ci/loadforge@") {
        return CircleCiChange::Present;
    }
    let lines: Vec<&str> = text.lines().collect();
    let Some(job) = job(&lines) else { return CircleCiChange::ByHand };
    let Some(orb) = orb(&lines) else { return CircleCiChange::ByHand };
    CircleCiChange::Patch(diff(path, &lines, &[orb, job]))
}

/// The patch that adds lines at the end of a file; `None` when it has them.
pub(super) fn append(path: &str, text: &str, wanted: &[&str]) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let has = |wanted: &str| lines.iter().any(|line| line.trim().trim_matches('/') == wanted.trim_matches('/'));
    let missing: Vec<String> = wanted.iter().filter(|line| !has(line)).map(|line| (*line).to_owned()).collect();
    // A last line without its end would be part of the change.
    let is_whole = text.is_empty() || text.ends_with('\n');
    (!missing.is_empty() && is_whole).then(|| diff(path, &lines, &[Insertion { after: lines.len(), lines: missing }]))
}

/// The orb under `orbs:`, or a section of its own after `version:`.
fn orb(lines: &[&str]) -> Option<Insertion> {
    const ORB: &str = "loadforge: loadforge-ci/loadforge@1";
    if let Some(at) = lines.iter().position(|line| line.trim_end() == "orbs:") {
        let indent = lines[at + 1..].iter().find(|line| is_content(line)).map(|line| indent(line))?;
        return (indent > 0).then(|| Insertion { after: at + 1, lines: vec![format!("{}{ORB}", " ".repeat(indent))] });
    }
    if lines.iter().any(|line| line.starts_with("orbs:")) {
        return None;
    }
    let version = lines.iter().position(|line| line.starts_with("version:"))?;
    Some(Insertion { after: version + 1, lines: vec![String::new(), "orbs:".into(), format!("  {ORB}")] })
}

/// The job at the end of the first workflow's list.
fn job(lines: &[&str]) -> Option<Insertion> {
    // `setup: true` continues with another configuration, which has the workflows.
    if lines.iter().any(|line| line.trim_end() == "setup: true") {
        return None;
    }
    let workflows = lines.iter().position(|line| line.trim_end() == "workflows:")?;
    let jobs = (workflows + 1..lines.len())
        .take_while(|at| !is_content(lines[*at]) || indent(lines[*at]) > 0)
        .find(|at| lines[*at].trim() == "jobs:")?;
    let of_key = indent(lines[jobs]);
    let belongs = |line: &str| !is_content(line) || indent(line) > of_key || is_item(line, of_key);
    let end =
        (jobs + 1..lines.len()).take_while(|at| belongs(lines[*at])).filter(|at| is_content(lines[*at])).last()?;
    let of_item = indent(lines[jobs + 1..=end].iter().find(|line| is_content(line))?);
    let (item, below) = (" ".repeat(of_item), " ".repeat(of_item + 4));
    let lines = vec![
        format!("{item}- loadforge/load-test:"),
        format!(
            "{below}context: loadforge   # holds LOADFORGE_API_TOKEN, TARGET_HOST and, for the comment, GITHUB_TOKEN"
        ),
        format!("{below}comment: true"),
    ];
    Some(Insertion { after: end + 1, lines })
}

fn is_content(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

fn is_item(line: &str, at: usize) -> bool {
    indent(line) == at && line.trim_start().starts_with("- ")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Insertions, the first one first, as a unified diff.
fn diff(path: &str, lines: &[&str], insertions: &[Insertion]) -> String {
    let mut text = format!("--- a/{path}\n+++ b/{path}\n");
    let mut added = 0;
    let mut rest = insertions;
    while let Some(first) = rest.first() {
        // Changes whose context meets are one hunk.
        let together = 1 + rest.windows(2).take_while(|two| two[1].after <= two[0].after + 2 * CONTEXT).count();
        let (hunk, later) = rest.split_at(together);
        let begin = first.after.saturating_sub(CONTEXT);
        let end = (hunk[together - 1].after + CONTEXT).min(lines.len());
        let new: usize = hunk.iter().map(|insertion| insertion.lines.len()).sum();
        let (old_count, new_count) = (end - begin, end - begin + new);
        // A range without lines is named by the line before it.
        let start = |count: usize, shift: usize| begin + shift + usize::from(count > 0);
        let _ = writeln!(text, "@@ -{},{old_count} +{},{new_count} @@", start(old_count, 0), start(new_count, added));
        let added_at = |at: usize| hunk.iter().filter(move |insertion| insertion.after == at).flat_map(|it| &it.lines);
        for (at, line) in (begin..end).zip(&lines[begin..end]) {
            text.extend(added_at(at).map(|line| format!("+{line}\n")));
            let _ = writeln!(text, " {line}");
        }
        text.extend(added_at(end).map(|line| format!("+{line}\n")));
        added += new;
        rest = later;
    }
    text
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use insta::assert_snapshot;

    use super::*;

    /// What `git apply` makes of the file.
    fn applied(path: &str, text: &str, patch: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(path), text).unwrap();
        std::fs::write(dir.path().join("change.patch"), patch).unwrap();
        let git = Command::new("git").args(["apply", "change.patch"]).current_dir(dir.path()).output().unwrap();
        assert!(git.status.success(), "{}\n{patch}", String::from_utf8_lossy(&git.stderr));
        std::fs::read_to_string(dir.path().join(path)).unwrap()
    }

    fn patched(text: &str) -> String {
        let CircleCiChange::Patch(patch) = circleci("config.yml", text) else { panic!("no patch for {text}") };
        applied("config.yml", text, &patch)
    }

    #[test]
    fn the_job_goes_to_the_end_of_the_first_workflow() {
        let text = "version: 2.1\norbs:\n  node: circleci/node@7\njobs:\n  build:\n    docker: [{ image: cimg/base:current }]\n    steps: [checkout]\nworkflows:\n  main:\n    jobs:\n      - build\n      - deploy:\n          requires: [build]\n\n  nightly:\n    jobs: [build]\n";
        assert_snapshot!(patched(text), @r"
        version: 2.1
        orbs:
          loadforge: loadforge-ci/loadforge@1
          node: circleci/node@7
        jobs:
          build:
            docker: [{ image: cimg/base:current }]
            steps: [checkout]
        workflows:
          main:
            jobs:
              - build
              - deploy:
                  requires: [build]
              - loadforge/load-test:
                  context: loadforge   # holds LOADFORGE_API_TOKEN, TARGET_HOST and, for the comment, GITHUB_TOKEN
                  comment: true

          nightly:
            jobs: [build]
        ");
    }

    #[test]
    fn a_file_without_orbs_gets_the_section_and_items_may_stand_under_their_key() {
        let text = "# ours\nversion: 2.1\nworkflows:\n  main:\n    jobs:\n    - build\n    # last\n";
        assert_snapshot!(patched(text), @r"
        # ours
        version: 2.1

        orbs:
          loadforge: loadforge-ci/loadforge@1
        workflows:
          main:
            jobs:
            - build
            - loadforge/load-test:
                context: loadforge   # holds LOADFORGE_API_TOKEN, TARGET_HOST and, for the comment, GITHUB_TOKEN
                comment: true
            # last
        ");
    }

    #[test]
    fn what_is_not_understood_is_left_to_the_reader() {
        for text in [
            "",
            "version: 2.1\nsetup: true\nworkflows:\n  main:\n    jobs:\n      - build\n",
            "version: 2.1\njobs: {}\n",
            "version: 2.1\norbs: { node: circleci/node@7 }\nworkflows:\n  main:\n    jobs:\n      - build\n",
            "version: 2.1\nworkflows:\n  main:\n    jobs: [build]\n",
        ] {
            assert_eq!(circleci("config.yml", text), CircleCiChange::ByHand, "{text}");
        }
        let present = "version: 2.1\norbs:\n  lf: loadforge-ci/loadforge@1.2.3\n";
        assert_eq!(circleci("config.yml", present), CircleCiChange::Present);
    }

    #[test]
    fn missing_lines_are_appended_once() {
        let wanted = ["/loadforge-results*/", "/loadforge-history/"];
        let text = "target/\nloadforge-history\n";
        let patch = append(".gitignore", text, &wanted).unwrap();
        let now = applied(".gitignore", text, &patch);
        assert_eq!(now, "target/\nloadforge-history\n/loadforge-results*/\n");
        assert_eq!(append(".gitignore", &now, &wanted), None);
        assert_eq!(applied(".gitignore", "", &append(".gitignore", "", &wanted).unwrap()).lines().count(), 2);
    }
}
