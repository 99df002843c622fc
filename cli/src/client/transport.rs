//! How HTTP is spoken: whom TLS trusts, how long is waited, and that no proxy comes between this machine and itself.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use songwalker_schemas::ErrorCode;

use crate::failure::Failure;

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long nothing may come; event streams say something every 15 s.
const SILENCE: Duration = Duration::from_secs(60);

/// Whether an address is one of this machine itself.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

/// A client for an address: what a browser trusts, and the certificates of SSL_CERT_FILE where that is set. No proxy
/// stands between this machine and itself.
///
/// # Errors
/// `invalid_request` where SSL_CERT_FILE holds no certificates.
pub fn http(base: &Url) -> Result<reqwest::Client, Failure> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another one that is installed already serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let failed = |problem: String| Failure::new(ErrorCode::Internal, format!("cannot speak HTTP: {problem}"));
    let mut roots = RootCertStore::empty();
    if base.scheme() == "https" {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
            let file = Path::new(&file);
            let unreadable = |problem: String| {
                let message = format!("SSL_CERT_FILE {}: {problem}", file.display());
                Failure::new(ErrorCode::InvalidRequest, message)
            };
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| unreadable(error.to_string()))?;
            for certificate in certificates {
                roots
                    .add(certificate)
                    .map_err(|error| unreadable(error.to_string()))?;
            }
        }
    }
    let tls = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("songwalker/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECTING)
        .read_timeout(SILENCE);
    if is_loopback(base) {
        client = client.no_proxy();
    }
    client.build().map_err(|error| failed(error.to_string()))
}
