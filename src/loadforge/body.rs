//! The body of an answer while it arrives: a large one is gathered in a file, since a vector that grows to hundreds of megabytes
//! is in memory twice each time it moves.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes that are gathered in memory.
const MOST_IN_MEMORY: usize = 8 << 20;

/// The body so far.
#[derive(Debug, Default)]
pub(super) struct GatheredBody {
    /// All of it, or what a file did not take.
    memory: Vec<u8>,
    /// A file without a name, which holds what came before.
    file: Option<File>,
    in_file: usize,
    pub(super) length: usize,
}

impl GatheredBody {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.memory.extend_from_slice(chunk);
        self.length += chunk.len();
        if self.memory.len() >= MOST_IN_MEMORY {
            self.spill();
        }
    }

    /// Moves what is in memory to the file. Where no file can be written, it stays.
    fn spill(&mut self) {
        if self.file.is_none() {
            self.file = tempfile::tempfile().ok();
        }
        let Some(file) = &mut self.file else { return };
        let place = SeekFrom::Start(self.in_file as u64);
        if file.seek(place).and_then(|_| file.write_all(&self.memory)).is_ok() {
            self.in_file += self.memory.len();
            self.memory.clear();
        }
    }

    /// The whole body, in memory that is no larger than it.
    ///
    /// # Errors
    /// When the file cannot be read back.
    pub(super) fn whole(self) -> io::Result<Vec<u8>> {
        let Some(mut file) = self.file.filter(|_| self.in_file > 0) else { return Ok(self.memory) };
        let mut body = vec![0; self.length];
        let (from_file, rest) = body.split_at_mut(self.in_file);
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(from_file)?;
        rest.copy_from_slice(&self.memory);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_any_length_is_whole() {
        for chunks in [0, 3, 200, 300] {
            let mut body = GatheredBody::default();
            let mut expected = Vec::new();
            for index in 0..chunks {
                let chunk = vec![index as u8; 100_001];
                body.push(&chunk);
                expected.extend(chunk);
            }
            assert_eq!((body.length, body.file.is_some()), (expected.len(), chunks > 100));
            assert!(body.whole().unwrap() == expected, "{chunks} chunks");
        }
    }
}
