//! Following the record files while Locust writes them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Record;
use super::line::{LineNumber, RecordLine};

/// Reads what the processes of a run have added to their record files since the last look.
#[derive(Debug)]
pub(crate) struct Tail {
    folder: PathBuf,
    offsets: BTreeMap<PathBuf, u64>,
}

impl Tail {
    /// Follows the files in this folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.into(), offsets: BTreeMap::new() }
    }

    /// Adds all lines that are complete by now to the record. A line the writer was killed in is left out for good;
    /// so is one that is not ours, since a script may do as it likes with the folder.
    pub(crate) fn read_into(&mut self, record: &mut Record) -> io::Result<()> {
        while !self.read_lines(record)? {
            self.offsets.clear();
            *record = record.again();
        }
        Ok(())
    }

    /// Adds the new lines; false when the record has to be read again from its beginning.
    fn read_lines(&mut self, record: &mut Record) -> io::Result<bool> {
        let mut complete = true;
        let mut paths = fs::read_dir(&self.folder)?
            .map(|entry| Ok(entry?.path()))
            .filter(|path| path.as_ref().map_or(true, |path| path.extension().is_some_and(|ext| ext == "ndjson")))
            .collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            let node = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let offset = self.offsets.entry(path.clone()).or_default();
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(*offset))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else { continue };
            for line in bytes[..end].split(|byte| *byte == b'\n') {
                let number = serde_json::from_slice::<LineNumber>(line);
                let Ok(number) = number else { continue };
                if let Ok(line) = RecordLine::read(&number.event, line) {
                    record.number(&node, &number);
                    complete &= record.add(&node, line);
                }
            }
            *offset += end as u64 + 1;
        }
        Ok(complete)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_counts_once_and_only_when_it_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = File::create(dir.path().join("local-1.ndjson")).unwrap();
        let (mut tail, mut record) = (Tail::new(dir.path()), Record::default());
        let line = r#"{"event":"second","s":9,"t":10.02,"users":1,"cpu":0.1,"last":9.5,"endpoints":[["GET","/",1,0,0,2.0,2.0,2.0,5,[[2005,1]],[]]],"errors":[],"exceptions":[]}"#;
        write!(file, "{line}\n{}", &line[..40]).unwrap();
        tail.read_into(&mut record).unwrap();
        assert_eq!(record.total().requests(), 1);
        write!(file, "{}\nnonsense\n", &line[40..]).unwrap();
        tail.read_into(&mut record).unwrap();
        tail.read_into(&mut record).unwrap();
        assert_eq!(record.total().requests(), 2);
    }

    fn second(n: u32, s: u32, requests: u32) -> String {
        format!(
            r#"{{"event":"second","n":{n},"dropped":0,"s":{s},"t":{}.02,"users":1,"cpu":0.1,"last":{s}.5,"endpoints":[["GET","/",{requests},0,0,2.0,2.0,2.0,5,[[2005,{requests}]],[]]],"errors":[["GET","/","503","E",1,{s}.1,{s}.1]],"exceptions":[]}}"#,
            s + 1
        )
    }

    #[test]
    fn what_came_before_a_reset_is_left_out_of_all_processes_when_the_master_reset() {
        let dir = tempfile::tempdir().unwrap();
        let (mut tail, mut record) = (Tail::new(dir.path()), Record::default());
        let worker = format!("{}\n{}\n", second(1, 9, 10), second(2, 10, 4));
        std::fs::write(dir.path().join("worker-2.ndjson"), worker).unwrap();
        tail.read_into(&mut record).unwrap();
        assert_eq!(record.total().requests(), 14);
        let master = concat!(
            r#"{"event":"init","n":1,"role":"master","shape":null}"#,
            "\n",
            r#"{"event":"reset","n":2,"t":10.5}"#,
            "\n",
        );
        std::fs::write(dir.path().join("master-1.ndjson"), master).unwrap();
        tail.read_into(&mut record).unwrap();
        assert_eq!((record.total().requests(), record.errors().len(), record.reset()), (4, 1, Some(10.5)));
        tail.read_into(&mut record).unwrap();
        assert_eq!(record.total().requests(), 4);
    }

    #[test]
    fn lines_that_are_missing_and_events_that_were_not_counted_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let (mut tail, mut record) = (Tail::new(dir.path()), Record::default());
        let lines = [
            second(1, 9, 1),
            second(2, 10, 1)[..50].to_owned(),
            second(4, 12, 1).replace("\"dropped\":0", "\"dropped\":3"),
        ];
        std::fs::write(dir.path().join("local-1.ndjson"), lines.join("\n") + "\n").unwrap();
        tail.read_into(&mut record).unwrap();
        assert_eq!((record.total().requests(), record.lost()), (2, (2, 3)));
    }
}
