//! An answer that is sent while it is read from files: a history of hundreds of megabytes is never in memory.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Body, Frame};

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;

/// How bytes of a file are written.
type Written = fn(&[u8]) -> Vec<u8>;

/// A JSON object, piece by piece.
#[derive(Debug, Default)]
pub(super) struct ObjectBody {
    pieces: VecDeque<Piece>,
    open: Option<(File, Written)>,
}

#[derive(Debug)]
enum Piece {
    Text(Vec<u8>),
    /// A file, and how its bytes are written.
    File(PathBuf, Written),
}

impl ObjectBody {
    /// Begins with these fields, of which there is at least one.
    pub(super) fn of(fields: &serde_json::Map<String, serde_json::Value>) -> serde_json::Result<Self> {
        let mut text = serde_json::to_vec(fields)?;
        text.pop();
        Ok(Self { pieces: VecDeque::from([Piece::Text(text)]), open: None })
    }

    /// Adds a field with the text of a file.
    pub(super) fn text(&mut self, field: &str, file: PathBuf) {
        self.pieces.push_back(Piece::Text(format!(",\"{field}\":\"").into()));
        self.pieces.push_back(Piece::File(file, escaped));
        self.pieces.push_back(Piece::Text(b"\"".to_vec()));
    }

    /// Adds a field with the JSON of a file.
    pub(super) fn json(&mut self, field: &str, file: PathBuf) {
        self.pieces.push_back(Piece::Text(format!(",\"{field}\":").into()));
        self.pieces.push_back(Piece::File(file, <[u8]>::to_vec));
    }

    /// The answer.
    pub(super) fn answer(mut self) -> Response {
        self.pieces.push_back(Piece::Text(b"}".to_vec()));
        ([("content-type", "application/json")], axum::body::Body::new(self)).into_response()
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some((file, written)) = &mut self.open {
                let mut chunk = vec![0; CHUNK];
                match file.read(&mut chunk)? {
                    0 => self.open = None,
                    read => return Ok(Some(written(&chunk[..read]))),
                }
            }
            match self.pieces.pop_front() {
                Some(Piece::Text(text)) => return Ok(Some(text)),
                Some(Piece::File(path, written)) => self.open = Some((File::open(path)?, written)),
                None => return Ok(None),
            }
        }
    }
}

impl Body for ObjectBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.get_mut().next().transpose().map(|chunk| chunk.map(|chunk| Frame::data(chunk.into()))))
    }
}

/// The bytes of a JSON string. Bytes beyond ASCII stay, so characters may be cut between two calls.
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len() + text.len() / 16);
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        escaped.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'\n' => escaped.extend_from_slice(b"\\n"),
            b'\r' => escaped.extend_from_slice(b"\\r"),
            byte @ (b'"' | b'\\') => escaped.extend_from_slice(&[b'\\', byte]),
            byte => escaped.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = &rest[at + 1..];
    }
    escaped.extend_from_slice(rest);
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    #[test]
    fn files_of_any_length_become_fields() {
        let dir = tempfile::tempdir().unwrap();
        let (csv, extra) = (dir.path().join("a.csv"), dir.path().join("a.json"));
        let text = "a,\"é\"\\\t\u{1}\r\n".repeat(20_000);
        std::fs::write(&csv, &text).unwrap();
        std::fs::write(&extra, "[1]").unwrap();
        let fields = Map::from_iter([("id".to_owned(), json!(7))]);
        let mut body = ObjectBody::of(&fields).unwrap();
        body.text("csv", csv);
        body.json("extra", extra);
        body.pieces.push_back(Piece::Text(b"}".to_vec()));
        let mut whole = Vec::new();
        while let Some(chunk) = body.next().unwrap() {
            assert!(chunk.len() < 8 * CHUNK);
            whole.extend(chunk);
        }
        let read: Value = serde_json::from_slice(&whole).unwrap();
        assert_eq!(read, json!({"id": 7, "csv": text, "extra": [1]}));
    }
}
