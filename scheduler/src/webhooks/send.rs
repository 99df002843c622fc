//! One message over HTTP: only to lawful addresses, no redirect followed, no proxy, within the time that is set; of the
//! answer only the status counts. Nothing of address or answer is logged or kept (R10).

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use songwalker_jobs::config::Webhooks;
use songwalker_jobs::trace;
use songwalker_jobs::webhooks::delivery::{Attempted, Delivery};
use songwalker_schemas::wire::DeliveryProblem;

use super::resolve::{Lawful, Refused};

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);
/// How much of an answer is read, so that its sender sees it taken.
const READ_BYTES: usize = 4_096;

/// Sends messages.
#[derive(Debug)]
pub(super) struct Sender {
    /// With TLS, to everybody's network and those of one's own.
    secure: Client,
    /// Without TLS, to networks of one's own, where there are any.
    plain: Option<Client>,
}

impl Sender {
    /// A sender under a configuration.
    ///
    /// # Errors
    /// TLS cannot be set up: `SSL_CERT_FILE` holds no certificates.
    pub(super) fn new(config: &Webhooks) -> Result<Self, Box<dyn Error + Send + Sync>> {
        // Another one that is installed already serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let own = &config.allow_private;
        let client = |lawful: Lawful, tls: ClientConfig| {
            Client::builder()
                .tls_backend_preconfigured(tls)
                .user_agent(concat!("songwalker/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECTING)
                .timeout(config.timeout.duration())
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                // Every message is looked up anew: what was lawful need not be any more.
                .pool_max_idle_per_host(0)
                .dns_resolver(Arc::new(lawful))
                .build()
        };
        Ok(Self {
            secure: client(Lawful::new(own, true), tls()?)?,
            plain: if own.is_empty() {
                None
            } else {
                Some(client(Lawful::new(own, false), tls()?)?)
            },
        })
    }

    /// Sends a message, signed at this moment, seconds since 1970.
    pub(super) async fn send(&self, delivery: &Delivery, now_s: i64) -> Attempted {
        let failed = |problem| Attempted {
            status: None,
            problem: Some(problem),
        };
        // A number in place of a name would go past the look-up.
        let url = Url::parse(&delivery.url)
            .ok()
            .filter(|url| url.domain().is_some());
        let client = url.as_ref().and_then(|url| match url.scheme() {
            "https" => Some(&self.secure),
            "http" => self.plain.as_ref(),
            _ => None,
        });
        let (Some(url), Some(client)) = (url.clone(), client) else {
            return failed(DeliveryProblem::AddressRefused);
        };
        let mut request = client.post(url);
        if let Some(trace) = trace::current() {
            request = request.header("traceparent", trace);
        }
        let sent = request
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &delivery.id)
            .header("webhook-timestamp", now_s.to_string())
            .header("webhook-signature", delivery.signature(now_s))
            .body(delivery.body.clone())
            .send()
            .await;
        match sent {
            Err(error) => failed(problem(&error)),
            Ok(answer) => {
                let status = answer.status().as_u16();
                read(answer).await;
                Attempted {
                    status: Some(status),
                    problem: judged(status),
                }
            }
        }
    }
}

/// What a status means.
const fn judged(status: u16) -> Option<DeliveryProblem> {
    match status {
        200..=299 => None,
        300..=399 => Some(DeliveryProblem::Redirect),
        410 => Some(DeliveryProblem::Gone),
        _ => Some(DeliveryProblem::Status),
    }
}

fn problem(error: &reqwest::Error) -> DeliveryProblem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<Refused>() {
            return DeliveryProblem::AddressRefused;
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        DeliveryProblem::Timeout
    } else {
        DeliveryProblem::Unreachable
    }
}

/// Takes the beginning of an answer and lets it go.
async fn read(mut answer: Response) {
    let mut bytes = 0;
    while bytes < READ_BYTES {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

/// Trusts whom browsers trust, and the certificates of `SSL_CERT_FILE` where that is set.
fn tls() -> Result<ClientConfig, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        for certificate in CertificateDer::pem_file_iter(Path::new(&file))? {
            roots.add(certificate?)?;
        }
    }
    Ok(ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_is_success_and_410_is_the_last_word() {
        for status in [200, 201, 204, 299] {
            assert_eq!(judged(status), None, "{status}");
        }
        for (status, problem) in [
            (301, DeliveryProblem::Redirect),
            (307, DeliveryProblem::Redirect),
            (400, DeliveryProblem::Status),
            (404, DeliveryProblem::Status),
            (410, DeliveryProblem::Gone),
            (429, DeliveryProblem::Status),
            (500, DeliveryProblem::Status),
        ] {
            assert_eq!(judged(status), Some(problem), "{status}");
        }
    }
}
