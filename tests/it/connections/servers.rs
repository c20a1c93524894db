//! Servers on loopback that each go wrong in one way before, or in, an answer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// A file of the fixtures for TLS.
pub(super) fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "tls", name].iter().collect()
}

/// Does one thing with each connection, for as long as the test process lives; returns its port.
fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// Answers in plain text.
pub(super) fn plain() -> u16 {
    serve(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(OK);
    })
}

/// Speaks TLS with the certificate of this name, and answers whoever takes it.
pub(super) fn tls(certificate: &str) -> u16 {
    let key = if certificate == "self-signed" { "self-signed.key" } else { "server.key" };
    let chain = vec![CertificateDer::from_pem_file(fixture(&format!("{certificate}.pem"))).unwrap()];
    let key = PrivateKeyDer::from_pem_file(fixture(key)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    serve(move |mut stream| {
        let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut tls = Stream::new(&mut session, &mut stream);
        if tls.read(&mut [0; 1024]).is_ok() {
            let _ = tls.write_all(OK);
            tls.conn.send_close_notify();
        }
        // What is left to say, an alert or the end, still has to go out.
        let _ = session.write_tls(&mut stream);
        let _ = stream.shutdown(Shutdown::Write);
    })
}

/// Takes each connection and never says a word.
pub(super) fn silent() -> u16 {
    serve(|mut stream| while stream.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0) {})
}

/// Breaks the connection off after the first bytes of an answer.
pub(super) fn breaking_off(first: &'static [u8]) -> u16 {
    serve(move |mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(first);
        let _ = stream.shutdown(Shutdown::Both);
    })
}

/// Resets the connection after the request: what is not read when it is closed makes the system send a reset.
pub(super) fn resetting() -> u16 {
    serve(|mut stream| {
        let _ = stream.read(&mut [0; 4]);
    })
}

/// A port on which nothing listens.
pub(super) fn refusing() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
