//! The connections of the server: bounded in number and in idle time, so that no client can use them all up.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep_until};

/// Most connections at once. A further one closes the one that has been idle for the longest time.
const MOST_CONNECTIONS: usize = 256;

/// How long a new connection may stay without a request.
const FIRST_WORD: Duration = Duration::from_secs(30);

/// How long a connection may stay idle between requests; longer than clients keep idle connections (90 s), so that no
/// request meets a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(300);

/// Pause after a failed accept (too many open files), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens and accepts [`BoundedStream`]s.
#[derive(Debug)]
pub(super) struct BoundedListener {
    listener: TcpListener,
    open: Vec<Arc<Mutex<Activity>>>,
}

/// The state of one connection.
#[derive(Debug)]
struct Activity {
    last: Instant,
    /// Asked to close, to make room for another.
    closing: bool,
    /// Gone already.
    closed: bool,
    reader: Option<Waker>,
}

impl BoundedListener {
    pub(super) async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, open: Vec::new() })
    }

    fn admit(&mut self, stream: TcpStream) -> BoundedStream {
        self.open.retain(|activity| !lock(activity).closed);
        if self.open.len() >= MOST_CONNECTIONS {
            let idlest = self.open.iter().min_by_key(|activity| lock(activity).last).map(Arc::clone);
            if let Some(idlest) = idlest {
                let mut activity = lock(&idlest);
                activity.closing = true;
                activity.closed = true;
                if let Some(reader) = activity.reader.take() {
                    reader.wake();
                }
            }
        }
        let now = Instant::now();
        let activity = Activity { last: now, closing: false, closed: false, reader: None };
        let activity = Arc::new(Mutex::new(activity));
        self.open.push(Arc::clone(&activity));
        BoundedStream { stream, activity, idle: Box::pin(sleep_until(now + FIRST_WORD)) }
    }
}

impl Listener for BoundedListener {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return (self.admit(stream), peer),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

fn lock(activity: &Mutex<Activity>) -> std::sync::MutexGuard<'_, Activity> {
    activity.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that ends when it has been idle for too long or its place is needed.
#[derive(Debug)]
pub(super) struct BoundedStream {
    stream: TcpStream,
    activity: Arc<Mutex<Activity>>,
    idle: Pin<Box<Sleep>>,
}

impl BoundedStream {
    fn note<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            let now = Instant::now();
            lock(&self.activity).last = now;
            self.idle.as_mut().reset(now + IDLE);
        }
        polled
    }
}

impl Drop for BoundedStream {
    fn drop(&mut self) {
        lock(&self.activity).closed = true;
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        {
            let mut activity = lock(&self.activity);
            if activity.closing {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            activity.reader = Some(cx.waker().clone());
        }
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if polled.is_pending() && self.idle.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.note(polled)
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
