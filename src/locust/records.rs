//! Records of a CSV file, one after the other, split no further than somebody asks.
//!
//! A history has millions of rows of which most are skipped at their third field, so a row without quotes is found by
//! its line end alone. A row with quotes is read as the csv crate reads it.

use std::io::{self, Read};
use std::ops::Range;

/// The size of the first reads; the buffer grows with the longest record.
const BUFFER: usize = 1 << 17;

/// Reads records; holds at most one.
pub(super) struct RecordReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// What of the buffer is filled and not read yet.
    rest: Range<usize>,
    at_end: bool,
    /// Line ends read so far.
    lines: u64,
    /// The current record, in the buffer, without its line end.
    record: Range<usize>,
    /// Its first line, from 1.
    line: u64,
    /// Whether it has quotes.
    quoted: bool,
    /// Where the next quote of the rest is; beyond the buffer where there is none, `None` where nobody looked.
    next_quote: Option<usize>,
    /// The text of its fields without quotes, where it has quotes.
    unquoted: Vec<u8>,
    /// The ends of the fields that were split: in `unquoted` where it has quotes, else in the buffer.
    ends: Vec<usize>,
}

/// How a record with quotes ended.
enum Quoted {
    /// Behind this byte of the buffer.
    Ended(usize),
    /// Not within the buffer.
    Open,
}

impl<R: Read> RecordReader<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER],
            rest: 0..0,
            at_end: false,
            lines: 0,
            record: 0..0,
            line: 0,
            quoted: false,
            next_quote: None,
            unquoted: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Goes on to the next record that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        loop {
            self.ends.clear();
            let Some(line_end) = memchr::memchr(b'\n', &self.buffer[self.rest.clone()]) else {
                if !self.at_end {
                    self.fill()?;
                    continue;
                }
                if self.rest.is_empty() {
                    return Ok(false);
                }
                self.take(self.rest.end)?;
                return Ok(!self.is_blank());
            };
            self.take(self.rest.start + line_end + 1)?;
            if !self.is_blank() {
                return Ok(true);
            }
        }
    }

    fn is_blank(&self) -> bool {
        let text = if self.quoted { &self.unquoted[..] } else { self.raw() };
        self.ends.len() <= 1 && text.trim_ascii().is_empty()
    }

    /// Takes the line that ends at `end`, or the record that begins with it.
    fn take(&mut self, end: usize) -> io::Result<()> {
        self.line = self.lines + 1;
        let mut end = end;
        self.quoted = self.quote_before(end);
        if self.quoted {
            end = loop {
                match self.unquote() {
                    Quoted::Ended(end) => break end,
                    Quoted::Open if self.at_end => break self.rest.end,
                    Quoted::Open => self.fill()?,
                }
            };
        }
        let record = &self.buffer[self.rest.start..end];
        self.lines += match self.quoted {
            true => memchr::memchr_iter(b'\n', record).count() as u64,
            false => u64::from(record.ends_with(b"\n")),
        };
        let text = record.strip_suffix(b"\n").unwrap_or(record);
        self.record = self.rest.start..self.rest.start + text.strip_suffix(b"\r").unwrap_or(text).len();
        self.rest.start = end;
        Ok(())
    }

    /// Whether the rest has a quote before this place. Most files have none, and the buffer is searched once.
    fn quote_before(&mut self, end: usize) -> bool {
        if self.next_quote.is_none_or(|quote| quote < self.rest.start) {
            let rest = &self.buffer[self.rest.clone()];
            self.next_quote = Some(memchr::memchr(b'"', rest).map_or(usize::MAX, |at| self.rest.start + at));
        }
        self.next_quote.is_some_and(|quote| quote < end)
    }

    /// Reads until the buffer is full or the source has ended; a record that fills it alone doubles it.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.rest.clone(), 0);
        self.rest = 0..self.rest.len();
        self.next_quote = None;
        if self.rest.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        while self.rest.end < self.buffer.len() && !self.at_end {
            match self.source.read(&mut self.buffer[self.rest.end..]) {
                Ok(0) => self.at_end = true,
                Ok(more) => self.rest.end += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Splits the record at the begin of the rest into its fields: a field that begins with a quote ends at the next
    /// quote that is not doubled; all other quotes are text.
    fn unquote(&mut self) -> Quoted {
        self.unquoted.clear();
        self.ends.clear();
        let mut index = self.rest.start;
        loop {
            let begins = index;
            let mut quoted = false;
            loop {
                let Some(&byte) = self.buffer[..self.rest.end].get(index) else {
                    self.end_field();
                    return Quoted::Open;
                };
                index += 1;
                match byte {
                    b'"' if index == begins + 1 => quoted = true,
                    b'"' if quoted && self.buffer[..self.rest.end].get(index) == Some(&b'"') => {
                        self.unquoted.push(b'"');
                        index += 1;
                    }
                    b'"' if quoted => quoted = false,
                    b',' if !quoted => break,
                    b'\n' if !quoted => {
                        self.end_field();
                        return Quoted::Ended(index);
                    }
                    byte => self.unquoted.push(byte),
                }
            }
            self.ends.push(self.unquoted.len());
        }
    }

    /// Ends the last field of a record with quotes.
    fn end_field(&mut self) {
        let begin = self.ends.last().copied().unwrap_or(0);
        if self.unquoted[begin..].ends_with(b"\r") {
            self.unquoted.pop();
        }
        self.ends.push(self.unquoted.len());
    }

    /// How many fields the record has.
    pub(super) fn count(&self) -> usize {
        if self.quoted { self.ends.len() } else { memchr::memchr_iter(b',', self.raw()).count() + 1 }
    }

    /// Splits the record into at least so many fields; false when it does not have them.
    pub(super) fn split(&mut self, fields: usize) -> bool {
        while !self.quoted && self.ends.len() < fields {
            let begin = self.ends.last().map_or(self.record.start, |last| last + 1);
            if begin > self.record.end {
                break;
            }
            let text = &self.buffer[begin..self.record.end];
            let end = memchr::memchr(b',', text).map_or(self.record.end, |comma| begin + comma);
            self.ends.push(end);
        }
        self.ends.len() >= fields
    }

    /// Splits the record into all of its fields, and counts them.
    pub(super) fn split_all(&mut self) -> usize {
        if !self.quoted {
            self.ends.clear();
            let mut chunks = self.buffer[self.record.clone()].chunks_exact(8);
            let mut place = self.record.start;
            for chunk in &mut chunks {
                let mut commas = commas_of(u64::from_le_bytes(*chunk.first_chunk().unwrap_or(&[0; 8])));
                while commas != 0 {
                    self.ends.push(place + (commas.trailing_zeros() / 8) as usize);
                    commas &= commas - 1;
                }
                place += 8;
            }
            let last = chunks.remainder().iter().enumerate().filter(|(_, byte)| **byte == b',');
            self.ends.extend(last.map(|(index, _)| place + index));
            self.ends.push(self.record.end);
        }
        self.ends.len()
    }

    /// The record as the file has it.
    pub(super) fn raw(&self) -> &[u8] {
        &self.buffer[self.record.clone()]
    }

    /// The line the record begins at, from 1.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// The fields it was split into.
    pub(super) fn fields(&self) -> SplitFields<'_> {
        let (text, begin, gap) = match self.quoted {
            true => (&self.unquoted, 0, 0),
            false => (&self.buffer, self.record.start, 1),
        };
        SplitFields { text, begin, gap, ends: &self.ends }
    }

    /// Makes a record that was read before the current one.
    pub(super) fn put_back(&mut self, raw: &[u8], line: u64) {
        let after = self.rest.end;
        if self.buffer.len() < after + raw.len() {
            self.buffer.resize(after + raw.len(), 0);
        }
        self.buffer[after..after + raw.len()].copy_from_slice(raw);
        (self.record, self.line) = (after..after + raw.len(), line);
        self.ends.clear();
        self.quoted = memchr::memchr(b'"', raw).is_some();
        if self.quoted {
            let rest = std::mem::replace(&mut self.rest, self.record.clone());
            self.unquote();
            self.rest = rest;
        }
    }
}

/// The commas among eight bytes: the highest bit of each byte that is one (Hacker's Delight, 6-1).
const fn commas_of(bytes: u64) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let others = bytes ^ u64::from_ne_bytes([b','; 8]);
    !(((others & LOW) + LOW) | others | LOW)
}

/// The fields of a record that was split.
#[derive(Clone, Copy)]
pub(super) struct SplitFields<'a> {
    text: &'a [u8],
    /// Where the first field begins.
    begin: usize,
    /// Bytes between two fields.
    gap: usize,
    ends: &'a [usize],
}

impl<'a> SplitFields<'a> {
    /// A field; empty where there is none.
    pub(super) fn get(&self, index: usize) -> &'a [u8] {
        let Some(&end) = self.ends.get(index) else { return &[] };
        let begin = if index == 0 { self.begin } else { self.ends[index - 1] + self.gap };
        self.text.get(begin..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A source that gives a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(buffer.len()).min(self.0.len());
            buffer[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            Ok(size)
        }
    }

    type Records = Vec<(u64, Vec<String>)>;

    fn ours(text: &[u8], drops: usize) -> Records {
        let mut reader = RecordReader::new(Drops(text, drops));
        reader.buffer.truncate(4);
        let mut records = Vec::new();
        while reader.advance().unwrap() {
            let count = reader.count();
            reader.split(count);
            let parts = |reader: &RecordReader<Drops<'_>>| -> Vec<Vec<u8>> {
                (0..count).map(|index| reader.fields().get(index).to_vec()).collect()
            };
            let by_parts = parts(&reader);
            assert_eq!((reader.split_all(), parts(&reader)), (count, by_parts));
            let text = |index| String::from_utf8_lossy(reader.fields().get(index)).into_owned();
            records.push((reader.line(), (0..count).map(text).collect()));
        }
        records
    }

    fn theirs(text: &[u8]) -> Records {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(text);
        let mut records = Vec::new();
        for record in reader.byte_records() {
            let record = record.unwrap();
            if record.len() == 1 && record[0].trim_ascii().is_empty() {
                continue;
            }
            let text = |field: &[u8]| {
                let field = field.strip_suffix(b"\r").unwrap_or(field);
                String::from_utf8_lossy(field).into_owned()
            };
            let last = record.len() - 1;
            let fields = record.iter().enumerate().map(|(index, field)| match index {
                _ if index == last => text(field),
                _ => String::from_utf8_lossy(field).into_owned(),
            });
            records.push((record.position().unwrap().line(), fields.collect()));
        }
        records
    }

    #[test]
    fn quotes_commas_and_line_ends_inside_are_text() {
        let text = b"a,\"b,\"\"c\"\"\nd\",e\r\n\r\nf,g\"h,i\n\"\",x,\n";
        let expected = [(1, vec!["a", "b,\"c\"\nd", "e"]), (4, vec!["f", "g\"h", "i"]), (5, vec!["", "x", ""])];
        assert_eq!(
            ours(text, 3),
            expected.map(|(line, fields)| (line, fields.into_iter().map(str::to_owned).collect()))
        );
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(text in "([a-c],|\"|\n|\r\n|,|,-|x){0,40}", drops in 1..9_usize) {
            let fields = |records: Records| records.into_iter().map(|(_, fields)| fields).collect::<Vec<_>>();
            // The csv crate counts a record to begin where the blank lines before it do; the fields are the same.
            prop_assert_eq!(fields(ours(text.as_bytes(), drops)), fields(theirs(text.as_bytes())));
        }
    }
}
