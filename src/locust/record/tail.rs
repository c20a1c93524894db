//! Following the record files while Locust writes them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Record;

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
                if let Ok(line) = serde_json::from_slice(line) {
                    record.add(&node, line);
                }
            }
            *offset += end as u64 + 1;
        }
        Ok(())
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
}
