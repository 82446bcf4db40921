//! The TLS side of loopback servers.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// A certificate for `localhost` that signs itself, as base64 of its DER form.
const CERTIFICATE: &str = "MIIBmTCCAT6gAwIBAgIUYNHSD4WbdQKFSjYVirOt/h3X/YMwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9j\
    YWxob3N0MCAXDTI2MTEyOTAyNDg1OVoYDzIxMjYxMTA1MDI0ODU5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3Qw\
    WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASfrwPV79RsE9N26daZFsa+bfRKHMCjJie5odg2I9IYykhhRfgB\
    PYO2ac4BGRvNeiecrYcDFSX1vZn9lJwSzUQuo2wwajAdBgNVHQ4EFgQUAYQiQKswdjhcMvawxmmRJFa37TYw\
    HwYDVR0jBBgwFoAUAYQiQKswdjhcMvawxmmRJFa37TYwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwG\
    A1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDSQAwRgIhANQVxhreM8fB0UKMduty1NPBDRp6VRAT6junWLlH5WWj\
    AiEA3YecNIBx8e1GRJhgWoiF9tNbvpSbt20rbL7ylbkncjM=";

/// The key of [`CERTIFICATE`]. It protects nothing.
const CERTIFICATE_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT5ok8rqW9BhLrrcsDmYaia2LjgW8sF5jOImy\
    KE+Xa+mhRANCAASfrwPV79RsE9N26daZFsa+bfRKHMCjJie5odg2I9IYykhhRfgBPYO2ac4BGRvNeiecrYcD\
    FSX1vZn9lJwSzUQu";

/// Returns the bytes of a base64 text.
fn decode(text: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap()
}

/// Returns the certificate of the servers in its DER form. It is for `localhost` and `127.0.0.1`.
pub(crate) fn certificate() -> Vec<u8> {
    decode(CERTIFICATE)
}

/// Returns a configuration with the certificate. `protocols` are the names that ALPN offers.
pub(crate) fn server_config(requires_certificate: bool, protocols: &[&str]) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from(certificate());
    let key = PrivatePkcs8KeyDer::from(decode(CERTIFICATE_KEY));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = if requires_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        config.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        config.with_no_client_auth()
    };
    let mut config = config.with_single_cert(vec![certificate], key.into()).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}
