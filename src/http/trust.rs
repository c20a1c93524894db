//! Which servers are trusted. Certificates are read when the first server shows one: a run against a plain address never
//! reads any.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// The TLS settings of a client that trusts the system's certificate authorities, Mozilla's, and those in these PEM files.
///
/// # Errors
/// When the crypto provider supports no version of TLS, which would be a fault of the build.
pub(super) fn tls(authorities: Vec<PathBuf>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = Arc::new(Trust { authorities, provider: Arc::clone(&provider), roots: OnceLock::new() });
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(trust)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

/// Verifies certificates as [`roots`] does, which reads the authorities on its first use.
#[derive(Debug)]
struct Trust {
    authorities: Vec<PathBuf>,
    provider: Arc<CryptoProvider>,
    roots: OnceLock<Result<Arc<dyn ServerCertVerifier>, Error>>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let roots = self.roots.get_or_init(|| {
            // What cannot be read is left out: the server's certificate then fails, and that is what is reported.
            let pem = self.authorities.iter().filter_map(|path| CertificateDer::pem_file_iter(path).ok());
            roots(pem.flatten().flatten().collect(), Arc::clone(&self.provider))
        });
        roots.as_ref().map_err(Clone::clone)?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Mozilla's roots, so that a container without any certificates works too, and those of the system: its one bundle file.
/// The folder beside it holds the same certificates in a file each. `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the
/// bundle.
#[cfg(not(target_vendor = "apple"))]
fn roots(
    more: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| std::env::var_os(name).is_some());
    let bundle = if named { None } else { openssl_probe::probe().cert_file };
    let system = match bundle {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(&file), None),
        None => rustls_native_certs::load_native_certs(),
    };
    for fault in &system.errors {
        tracing::debug!("failed to read a certificate of the system: {fault}");
    }
    let mut store = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    store.add_parsable_certificates(system.certs);
    store.add_parsable_certificates(more);
    let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
    verifier.map_or_else(|fault| Err(Error::General(fault.to_string())), |verifier| Ok(verifier as _))
}

/// What the keychain trusts.
#[cfg(target_vendor = "apple")]
fn roots(
    more: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    Ok(Arc::new(rustls_platform_verifier::Verifier::new_with_extra_roots(more, provider)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(authorities: Vec<PathBuf>) -> Trust {
        Trust { authorities, provider: Arc::new(rustls::crypto::ring::default_provider()), roots: OnceLock::new() }
    }

    #[test]
    fn certificates_are_read_when_a_server_shows_one() {
        let own = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/self-signed.pem"));
        let shown = CertificateDer::from_pem_file(&own).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let trust = trust(vec![own, PathBuf::from("no/such.pem")]);
        assert!(!trust.supported_verify_schemes().is_empty());
        assert!(trust.roots.get().is_none());
        assert!(trust.verify_server_cert(&shown, &[], &name, &[], UnixTime::now()).is_err());
        assert!(matches!(trust.roots.get(), Some(Ok(_))));
    }
}
