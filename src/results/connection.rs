//! Why a connection could not be opened, or broke.

/// The cause of a connection failure, as far as its text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionCause {
    /// Nothing listens there.
    Refused,
    /// The host's name is not known.
    UnknownHost,
    /// The certificate is signed by an authority that the client does not know, or by itself.
    SelfSigned,
    /// The certificate has expired, or is not valid yet.
    CertificateExpired,
    /// The certificate is for another name.
    CertificateName,
    /// TLS was spoken to a port that speaks plain text, or the other way round.
    PlainText,
    /// Anything else about TLS.
    Tls,
    /// The other side broke the connection off.
    Reset,
    /// There is no way to the host.
    Unreachable,
    /// Unknown.
    Other,
}

impl ConnectionCause {
    /// Reads a failure text of requests, urllib3, geventhttpclient or Python's own modules.
    #[must_use]
    pub fn of(error: &str) -> Self {
        let text = error.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        // The causes within TLS come first: their texts name the connection as well.
        if has(&["wrong_version_number", "wrong version number", "http_request", "unknown protocol", "record layer"]) {
            Self::PlainText
        } else if has(&["certificate has expired", "certificate is not yet valid"]) {
            Self::CertificateExpired
        } else if has(&["hostname mismatch", "certificate is not valid for", "doesn't match"]) {
            Self::CertificateName
        } else if has(&["self-signed", "self signed", "unable to get local issuer", "unable to get issuer"]) {
            Self::SelfSigned
        } else if has(&["ssl", "tls", "certificate"]) {
            Self::Tls
        } else if has(&["gaierror", "name or service not known", "nodename nor servname", "nameresolution", "resolve"])
        {
            Self::UnknownHost
        } else if has(&["refused"]) {
            Self::Refused
        } else if has(&["unreachable", "no route to host"]) {
            Self::Unreachable
        } else if has(&[
            "reset",
            "remotedisconnected",
            "remote end closed",
            "brokenpipe",
            "broken pipe",
            "incompleteread",
            "incomplete response",
            "connectionclosed",
            "chunkedencoding",
            "aborted",
            "protocolerror",
        ]) {
            Self::Reset
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionCause::{
        self, CertificateExpired, CertificateName, Other, PlainText, Refused, Reset, SelfSigned, UnknownHost,
    };

    #[test]
    fn texts_of_python_name_their_cause() {
        for (text, cause) in [
            ("ConnectionRefusedError(111, 'Connection refused')", Refused),
            ("gaierror(-2, 'Name or service not known')", UnknownHost),
            ("SSLError(SSLCertVerificationError(1, 'certificate verify failed: self-signed certificate'))", SelfSigned),
            ("SSLError('certificate verify failed: certificate has expired (_ssl.c:1006)')", CertificateExpired),
            ("SSLError(\"Hostname mismatch, certificate is not valid for 'a.example.com'\")", CertificateName),
            ("SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number'))", PlainText),
            ("RemoteDisconnected('Remote end closed connection without response')", Reset),
            ("ConnectionResetError(104, 'Connection reset by peer')", Reset),
            ("HTTPParseError('Incomplete response.')", Reset),
            ("RetriesExceeded('http://h/', 0, original=[Errno 5])", Other),
        ] {
            assert_eq!(ConnectionCause::of(text), cause, "{text}");
        }
    }
}
