//! Whether the host under test can be reached from here, and if not, why: DNS, TCP, TLS and one request.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::redirect;
use rustls::{AlertDescription, CertificateError};
use tokio::time::timeout;
use url::Url;

use crate::error::{Explain, chain};
use crate::exit::Exit;
use crate::http;

/// Time allowed for everything.
const BUDGET: Duration = Duration::from_secs(10);

/// Variables by which scripts' libraries are given additional certificate authorities.
const CA_VARIABLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The host under test cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} cannot be reached: {cause}")]
pub struct Unreachable {
    /// Host and port.
    pub host: String,
    /// Why not.
    pub cause: UnreachableCause,
}

/// Why a host cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreachableCause {
    /// Its name is not known.
    #[error("its name cannot be resolved (DNS)")]
    Name,
    /// Nothing listens there.
    #[error("the connection was refused")]
    Refused,
    /// No answer in time.
    #[error("no answer within {} s", BUDGET.as_secs())]
    Timeout,
    /// No known authority has signed its certificate.
    #[error("its certificate is not signed by a known authority (TLS)")]
    UnknownIssuer,
    /// Its certificate has expired, or is not valid yet.
    #[error("its certificate has expired or is not valid yet (TLS)")]
    Expired,
    /// Its certificate is that of another name.
    #[error("its certificate is for another name (TLS)")]
    OtherName,
    /// Something else is wrong with its certificate, or with TLS.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// It speaks plain HTTP on this port.
    #[error("it does not speak TLS on this port")]
    PlainText,
    /// It speaks TLS on this port.
    #[error("it does not speak plain HTTP on this port")]
    NeedsTls,
    /// The connection was closed or reset before an answer came.
    #[error("the connection was closed before an answer came")]
    Closed,
    /// Anything else, in the words of the library.
    #[error("{0}")]
    Other(String),
}

impl UnreachableCause {
    /// Whether only the certificate was refused; a script may be set up not to verify it.
    #[must_use]
    pub const fn is_certificate(&self) -> bool {
        matches!(self, Self::UnknownIssuer | Self::Expired | Self::OtherName)
    }
}

impl Explain for Unreachable {
    fn exit(&self) -> Exit {
        Exit::RunIncomplete
    }

    fn hint(&self) -> Option<String> {
        let hint = match self.cause {
            UnreachableCause::Name => {
                "check the host in --target-host; a private name is known only inside its network"
            }
            UnreachableCause::Refused => "start the service before the load test, and check the port",
            UnreachableCause::Timeout => {
                "a firewall may drop the packets: allow this machine, or run the job inside the network"
            }
            UnreachableCause::UnknownIssuer => {
                "give the script the authority's certificate, self.client.verify = \"ca.pem\" in on_start (Locust's HttpUser \
                 does not read REQUESTS_CA_BUNDLE), and name it in REQUESTS_CA_BUNDLE for this check; or pass --no-preflight"
            }
            UnreachableCause::Expired => "renew the certificate, and check this machine's clock",
            UnreachableCause::OtherName => "use the name in the certificate for --target-host",
            UnreachableCause::PlainText => "write http:// in --target-host, or name the port that speaks TLS",
            UnreachableCause::NeedsTls => "write https:// in --target-host",
            UnreachableCause::Closed => {
                "look into the service's log; a proxy in between may have closed the connection"
            }
            UnreachableCause::Tls(_) | UnreachableCause::Other(_) => "",
        };
        let go_on = "pass --no-preflight to start the load all the same";
        Some(match hint {
            "" => go_on.to_owned(),
            hint if hint.contains("--no-preflight") => hint.to_owned(),
            hint => format!("{hint}; {go_on}"),
        })
    }
}

/// Connects to a host as a request would, within 10 s. Any answer will do.
///
/// # Errors
/// When there is none; the error gives the reason.
pub async fn reach(address: &Url) -> Result<(), Unreachable> {
    let host = match (address.host_str(), address.port_or_known_default()) {
        (Some(name), Some(port)) => format!("{name}:{port}"),
        (name, _) => name.unwrap_or("the host").to_owned(),
    };
    let failed = |cause| Err(Unreachable { host: host.clone(), cause });
    let client = match client(address) {
        Ok(client) => client,
        Err(error) => return failed(UnreachableCause::Other(chain(&error))),
    };
    match timeout(BUDGET, client.get(address.clone()).send()).await {
        Ok(Ok(answer)) if needs_tls(&answer).await => failed(UnreachableCause::NeedsTls),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.is_timeout() => failed(UnreachableCause::Timeout),
        Ok(Err(error)) => failed(cause_of(&error.without_url(), address.scheme())),
        Err(_) => failed(UnreachableCause::Timeout),
    }
}

fn client(address: &Url) -> Result<reqwest::Client, reqwest::Error> {
    let authorities = CA_VARIABLES.iter().filter_map(std::env::var_os).map(PathBuf::from).collect();
    let mut builder = http::builder_trusting(authorities).redirect(redirect::Policy::none()).timeout(BUDGET);
    if address.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]")) {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// Servers that speak TLS say so in an answer of their own to a plain request.
async fn needs_tls(answer: &reqwest::Response) -> bool {
    answer.url().scheme() == "http" && answer.status() == 400 && answer.url().port_or_known_default() == Some(443)
}

/// What went wrong, from the chain of causes.
fn cause_of(error: &(dyn Error + 'static), scheme: &str) -> UnreachableCause {
    if let Some(tls) = http::tls_error(error) {
        return of_tls(tls);
    }
    let mut words = Vec::new();
    let mut cause = Some(error);
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<io::Error>();
        words.push(inner.to_string().to_lowercase());
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => return UnreachableCause::Refused,
            Some(io::ErrorKind::TimedOut) => return UnreachableCause::Timeout,
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::BrokenPipe,
            ) => return UnreachableCause::Closed,
            _ => {}
        }
        cause = inner.source();
    }
    let says = |text: &str| words.iter().any(|word| word.contains(text));
    if says("dns error") || says("failed to lookup") {
        UnreachableCause::Name
    } else if says("invalid http version") || says("invalid http header") {
        if scheme == "http" { UnreachableCause::NeedsTls } else { UnreachableCause::Other(last(&words)) }
    } else if says("connection closed") || says("incomplete message") || says("handshake eof") {
        UnreachableCause::Closed
    } else {
        UnreachableCause::Other(last(&words))
    }
}

fn last(words: &[String]) -> String {
    words.last().cloned().unwrap_or_else(|| "the request failed".to_owned())
}

fn of_tls(error: &rustls::Error) -> UnreachableCause {
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => UnreachableCause::UnknownIssuer,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => UnreachableCause::Expired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                UnreachableCause::OtherName
            }
            // A certificate that signs itself is often marked as an authority.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                UnreachableCause::UnknownIssuer
            }
            other => UnreachableCause::Tls(other.to_string()),
        },
        // The answer was not TLS: it came from a plain HTTP server.
        rustls::Error::InvalidMessage(_) => UnreachableCause::PlainText,
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            UnreachableCause::Tls("the server supports no TLS version or cipher in common with us".to_owned())
        }
        other => UnreachableCause::Tls(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, Stream};

    use super::*;

    /// A server that does one thing with each connection; its address without a scheme.
    fn server(serve: impl Fn(TcpStream) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
        address
    }

    fn plain() -> String {
        server(|mut stream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ =
                stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        })
    }

    /// With a certificate for `localhost` that signs itself, made for this test and good for nothing else.
    fn tls() -> String {
        let fixture = |name: &str| format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let certificate = CertificateDer::from_pem_file(fixture("self-signed.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(fixture("self-signed.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        server(move |mut stream| {
            let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let _ = Stream::new(&mut session, &mut stream).read(&mut [0; 1024]);
            // The remaining data, an alert, still has to be sent.
            let _ = session.write_tls(&mut stream);
            let _ = stream.shutdown(Shutdown::Write);
        })
    }

    async fn cause(address: &str) -> UnreachableCause {
        reach(&address.parse().unwrap()).await.unwrap_err().cause
    }

    #[tokio::test]
    async fn any_answer_will_do() {
        assert_eq!(reach(&format!("http://{}/", plain()).parse().unwrap()).await, Ok(()));
    }

    #[tokio::test]
    async fn each_cause_is_told_from_the_others() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(cause(&format!("http://{free}")).await, UnreachableCause::Refused);
        // A label of 64 letters is no name, so that no DNS server is asked.
        assert_eq!(cause(&format!("http://{}.invalid/", "a".repeat(64))).await, UnreachableCause::Name);
        assert_eq!(cause(&format!("https://{}/", plain())).await, UnreachableCause::PlainText);
        assert_eq!(cause(&format!("http://{}/", tls())).await, UnreachableCause::NeedsTls);
        let tls = tls().replace("127.0.0.1", "localhost");
        assert_eq!(cause(&format!("https://{tls}/")).await, UnreachableCause::UnknownIssuer);
        let closing = server(|stream| drop(stream.shutdown(Shutdown::Both)));
        assert_eq!(cause(&format!("http://{closing}/")).await, UnreachableCause::Closed);
    }

    /// The clock stands still but for the wait itself, so that nothing here takes 10 s.
    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_the_connection_and_never_answers_is_given_up() {
        let silent = || server(|mut stream| while stream.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0) {});
        assert_eq!(cause(&format!("http://{}/", silent())).await, UnreachableCause::Timeout);
        assert_eq!(cause(&format!("https://{}/", silent())).await, UnreachableCause::Timeout);
    }

    #[test]
    fn certificates_that_are_out_of_date_or_for_another_name_are_named() {
        let of = |problem| of_tls(&rustls::Error::InvalidCertificate(problem));
        assert_eq!(of(CertificateError::Expired), UnreachableCause::Expired);
        assert_eq!(of(CertificateError::NotValidYet), UnreachableCause::Expired);
        assert_eq!(of(CertificateError::NotValidForName), UnreachableCause::OtherName);
        assert!(of(CertificateError::UnknownIssuer).is_certificate());
    }

    #[test]
    fn every_cause_has_a_next_step() {
        let hint = |cause| Unreachable { host: "h:443".into(), cause }.hint().unwrap();
        assert!(hint(UnreachableCause::NeedsTls).starts_with("write https://"));
        for cause in [UnreachableCause::Name, UnreachableCause::UnknownIssuer, UnreachableCause::Other("x".into())] {
            assert!(hint(cause).contains("--no-preflight"));
        }
    }
}
