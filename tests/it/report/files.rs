use loadforge_ci::report::files;
use loadforge_ci::results::ResultsFolder;
use loadforge_ci::verdict::{Outcome, Verdict};

use super::sample::Sample;

#[test]
fn every_report_is_in_the_folder_and_the_verdict_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ResultsFolder::new(dir.path());
    let sample = Sample::shop(Outcome::Fail);
    let written = files::write(&folder, &sample.story(), None).unwrap();
    assert_eq!(written.len(), 5);
    assert!(written.iter().all(|file| file.metadata().unwrap().len() > 500));
    assert_eq!(folder.read_json::<Verdict>(ResultsFolder::VERDICT).unwrap(), sample.verdict);
}

#[test]
fn a_broken_template_loses_no_report() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ResultsFolder::new(dir.path());
    let sample = Sample::shop(Outcome::Fail);
    assert!(files::write(&folder, &sample.story(), Some(("own.md", "{{ nope }}"))).is_err());
    for name in [
        ResultsFolder::VERDICT,
        ResultsFolder::SUMMARY,
        ResultsFolder::REPORT,
        ResultsFolder::JUNIT,
        ResultsFolder::ANSWER,
    ] {
        assert!(folder.file(name).exists(), "{name}");
    }
}
