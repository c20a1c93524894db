//! Converts CSV files found in practice to the form that Locust writes: UTF-8, commas, decimal points.
//!
//! The usual file is passed through as a stream. One that is compressed, in UTF-16, or saved by a spreadsheet with semicolons
//! or tabs is read whole and converted, and something else altogether is named for what it is.

use std::io::{self, Cursor, Read};

use super::csv_error::CsvError;

/// Bytes read to detect the type of a file: more than any header has.
const HEAD: usize = 1 << 16;

/// The most bytes of a file that is converted whole, before and after.
const MOST_BYTES: u64 = 1 << 29;

/// Columns of text, in which a comma is no decimal comma.
const TEXT_COLUMNS: [&str; 6] = ["Type", "Method", "Name", "Error", "First Seen", "Last Seen"];

/// The bytes of Locust's CSV.
pub(super) struct PlainCsv<R> {
    /// What was looked at, or the whole converted file.
    front: Cursor<Vec<u8>>,
    rest: Option<R>,
}

impl<R: Read> Read for PlainCsv<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.front.read(buffer)?, &mut self.rest) {
            (0, Some(rest)) => rest.read(buffer),
            (read, _) => Ok(read),
        }
    }
}

impl<R: Read> PlainCsv<R> {
    /// Looks at the begin of a file and converts it where that is needed. `file` names it in errors.
    pub(super) fn of(file: &str, mut source: R) -> Result<Self, CsvError> {
        let fault = |source: io::Error| CsvError::Read { file: file.into(), source: source.into() };
        let foreign = |what: &'static str| CsvError::Foreign { file: file.into(), what };
        let mut bytes = Vec::new();
        source.by_ref().take(HEAD as u64).read_to_end(&mut bytes).map_err(fault)?;
        let mut rest = Some(source);
        if bytes.starts_with(&[0x1f, 0x8b]) {
            complete(&mut bytes, &mut rest).map_err(fault)?;
            bytes = gunzip(&bytes).ok_or_else(|| foreign("a damaged gzip file"))?;
        }
        if let Some(little) = utf16(&bytes) {
            complete(&mut bytes, &mut rest).map_err(fault)?;
            bytes = from_utf16(&bytes[2..], little);
        }
        if ends_lines_with_returns(&bytes) {
            complete(&mut bytes, &mut rest).map_err(fault)?;
            bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        if let Some(what) = other_format(&bytes) {
            return Err(foreign(what));
        }
        if let Some(delimiter) = other_delimiter(&bytes) {
            complete(&mut bytes, &mut rest).map_err(fault)?;
            bytes = with_commas(&bytes, delimiter).map_err(|source| CsvError::Read { file: file.into(), source })?;
        }
        Ok(Self { front: Cursor::new(bytes), rest })
    }
}

/// Reads the rest of a file that is to be converted whole.
fn complete<R: Read>(bytes: &mut Vec<u8>, rest: &mut Option<R>) -> io::Result<()> {
    if let Some(rest) = rest.take() {
        rest.take(MOST_BYTES + 1).read_to_end(bytes)?;
        if bytes.len() as u64 > MOST_BYTES {
            let message = "larger than 512 MB, and not plain CSV in UTF-8 with commas, which has no limit";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
    }
    Ok(())
}

/// The content of a gzip file of one member (RFC 1952); `None` when it is damaged or too large.
fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let flags = *bytes.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(*bytes.get(at)?) + (usize::from(*bytes.get(at + 1)?) << 8);
    }
    // The file's name and a comment end at a zero byte.
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += bytes.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    at += if flags & 2 == 0 { 0 } else { 2 };
    let content = miniz_oxide::inflate::decompress_to_vec_with_limit(bytes.get(at..)?, MOST_BYTES as usize).ok()?;
    let size = bytes.last_chunk::<4>().map(|size| u32::from_le_bytes(*size))?;
    (content.len() as u64 % (1 << 32) == u64::from(size)).then_some(content)
}

/// Whether the file is in UTF-16, and then whether in little-endian order.
fn utf16(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0xff, 0xfe, ..] => Some(true),
        [0xfe, 0xff, ..] => Some(false),
        _ => None,
    }
}

fn from_utf16(bytes: &[u8], little: bool) -> Vec<u8> {
    let unit = if little { u16::from_le_bytes } else { u16::from_be_bytes };
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units).into_bytes()
}

/// The kind of a file that is not a CSV.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    let text = bytes.trim_ascii_start();
    match text {
        [b'P', b'K', 3, 4, ..] => Some("an Excel workbook (.xlsx) or another ZIP archive"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an Excel workbook (.xls)"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("a file compressed with xz (unpack it first)"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("a file compressed with zstd (unpack it first)"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("a file compressed with bzip2 (unpack it first)"),
        [b'<', ..] => Some("a web page or XML"),
        [b'{' | b'[', ..] => Some("JSON"),
        _ => None,
    }
}

/// Whether lines end as spreadsheets for old Macs end them: with a carriage return alone.
fn ends_lines_with_returns(bytes: &[u8]) -> bool {
    bytes.contains(&b'\r') && !bytes.contains(&b'\n')
}

/// The delimiter of the header, where it is not the comma.
fn other_delimiter(bytes: &[u8]) -> Option<u8> {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |wanted: u8| header.contains(&wanted);
    [b';', b'\t'].into_iter().find(|delimiter| has(*delimiter) && !has(b','))
}

/// The same records with commas between the fields and decimal points in the numbers.
fn with_commas(bytes: &[u8], delimiter: u8) -> Result<Vec<u8>, csv::Error> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(bytes);
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut text_columns: Option<Vec<bool>> = None;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let texts = text_columns.get_or_insert_with(|| record.iter().map(is_text_column).collect());
        for (index, field) in record.iter().enumerate() {
            let is_text = texts.get(index).copied().unwrap_or(true);
            match (is_text, field.contains(&b',')) {
                (false, true) => writer.write_field(with_point(field))?,
                _ => writer.write_field(field)?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn is_text_column(name: &[u8]) -> bool {
    let name = name.strip_prefix("\u{feff}".as_bytes()).unwrap_or(name).trim_ascii();
    TEXT_COLUMNS.iter().any(|column| column.as_bytes() == name)
}

/// `1.234,5` as `1234.5`.
fn with_point(field: &[u8]) -> Vec<u8> {
    let digits = field.iter().filter(|byte| **byte != b'.');
    digits.map(|byte| if *byte == b',' { b'.' } else { *byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, CsvError> {
        let mut text = String::new();
        PlainCsv::of("s.csv", bytes)?.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn the_usual_file_is_passed_through() {
        let text = format!("Type,Name\r\n{}", "GET,/a;b\r\n".repeat(20_000));
        assert_eq!(read(text.as_bytes()).unwrap(), text);
    }

    #[test]
    fn a_spreadsheets_file_gets_commas_and_points() {
        let text = "Type;Name;Request Count;95%\r\nGET;\"/a,1;5\";1000;1.025,5\r\n";
        assert_eq!(read(text.as_bytes()).unwrap(), "Type,Name,Request Count,95%\nGET,\"/a,1;5\",1000,1025.5\n");
        assert_eq!(read(b"Type\tName\nGET\t/a\n").unwrap(), "Type,Name\nGET,/a\n");
        assert_eq!(read(b"Type;Name\rGET;/a\r").unwrap(), "Type,Name\nGET,/a\n");
        assert_eq!(read(b"Type,Name\rGET,/a\r").unwrap(), "Type,Name\nGET,/a\n");
        let units: Vec<u8> = "\u{feff}Type;Name\nGET;/\u{e9}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&units).unwrap(), "Type,Name\nGET,/\u{e9}\n");
    }

    #[test]
    fn another_format_is_named_for_what_it_is() {
        let named = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        insta::assert_snapshot!(named(b"PK\x03\x04..."), @"s.csv is an Excel workbook (.xlsx) or another ZIP archive, and no CSV");
        assert!(named(b" <!DOCTYPE html>").contains("a web page"));
        assert!(named(b"[{}]").contains("JSON"));
        assert!(named(b"\xfd7zXZ\x00\x00").contains("with xz (unpack it first), and no CSV"));
        assert!(named(b"\x28\xb5\x2f\xfd\x00").contains("zstd"));
        assert!(named(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]).contains("a damaged gzip file"));
    }
}
