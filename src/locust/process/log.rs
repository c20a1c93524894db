//! What Locust prints: kept in a file of bounded size, its end in memory.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Most bytes the file takes; what comes later is only in the tail.
const MOST_FILE_BYTES: u64 = 4 << 20;

/// Most bytes of the tail.
const MOST_TAIL_BYTES: usize = 64 << 10;

/// Reads what the processes of a run print until the last of them has closed its end.
pub(super) struct LogKeeper {
    task: JoinHandle<String>,
    hurry: oneshot::Sender<()>,
}

impl LogKeeper {
    /// Begins, and gives the writing ends for stdout and stderr; both go to one file in the order printed.
    pub(super) fn start(path: &Path) -> io::Result<(Self, Stdio, Stdio)> {
        let (reader, writer) = io::pipe()?;
        let out = writer.try_clone()?;
        let source = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let file = File::create(path)?;
        let (hurry, hurried) = oneshot::channel();
        let task = tokio::spawn(keep(source, file, hurried));
        Ok((Self { task, hurry }, out.into(), writer.into()))
    }

    /// The end of what was printed, once all is read. A process that left the group may hold its end open for ever;
    /// it is not waited for.
    pub(super) async fn finish(mut self) -> String {
        if let Ok(tail) = timeout(Duration::from_secs(2), &mut self.task).await {
            return tail.unwrap_or_default();
        }
        let _ = self.hurry.send(());
        self.task.await.unwrap_or_default()
    }
}

async fn keep(mut source: pipe::Receiver, mut file: File, mut hurried: oneshot::Receiver<()>) -> String {
    let mut room = MOST_FILE_BYTES;
    let mut last: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 8192];
    loop {
        let read = tokio::select! {
            read = source.read(&mut buffer) => read,
            _ = &mut hurried => break,
        };
        let Ok(count @ 1..) = read else { break };
        let bytes = &buffer[..count];
        // A full disk must not stop the load; the tail is still kept.
        let part = usize::try_from(room).map_or(count, |room| room.min(count));
        if file.write_all(&bytes[..part]).is_ok() {
            room -= part as u64;
        }
        last.extend_from_slice(bytes);
        if last.len() > 2 * MOST_TAIL_BYTES {
            last.drain(..last.len() - MOST_TAIL_BYTES);
        }
    }
    let text = String::from_utf8_lossy(&last);
    tail(&text, MOST_TAIL_BYTES).to_owned()
}

/// The last whole lines that fit into so many bytes.
pub(super) fn tail(text: &str, most_bytes: usize) -> &str {
    let Some(mut from) = text.len().checked_sub(most_bytes).filter(|from| *from > 0) else { return text };
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let rest = &text[from..];
    rest.find('\n').map_or(rest, |line_end| &rest[line_end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_begins_with_a_whole_line() {
        assert_eq!(tail("one\ntwo\nthree", 100), "one\ntwo\nthree");
        assert_eq!(tail("one\ntwo\nthree", 7), "three");
        assert_eq!(tail("äöü", 3), "ü");
    }
}
