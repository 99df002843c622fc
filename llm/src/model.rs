//! A model behind an endpoint: its settings, and the client that asks it.

use std::fmt;
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use crate::breaker::Breaker;
use crate::form::Found;
use crate::transport::Transport;

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(5);
/// How many failures in a row make it rest, and for how long.
const FAILURES: u32 = 5;
const REST: Duration = Duration::from_secs(30);

/// Where the model is and how it is asked. The key is never printed.
#[derive(Clone)]
pub struct Settings {
    /// As in `https://api.openai.com/v1`: what `/chat/completions` is added to.
    pub base_url: String,
    /// The name by which the endpoint knows it.
    pub model: String,
    /// Sent as a bearer token; none where the endpoint wants none.
    pub key: Option<String>,
    /// The most tokens of one answer.
    pub answer_tokens: u32,
    /// The longest that it may say nothing.
    pub silence: Duration,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is none of HTTP.
    #[error("the base URL of the model is no http or https address")]
    Address,
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be set up")]
    Client,
}

/// A model that can be asked.
pub struct Model {
    pub(crate) client: Client<OpenAIConfig>,
    pub(crate) settings: Settings,
    pub(crate) form: Found,
    pub(crate) breaker: Breaker,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl Model {
    /// A model by its settings; nothing is asked yet.
    ///
    /// # Errors
    /// The address is none, or TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let url = reqwest::Url::parse(&settings.base_url).map_err(|_| SetupError::Address)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(SetupError::Address);
        }
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        // Another one that is installed already serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let tls = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("songwalker/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECTING)
            .read_timeout(settings.silence)
            .redirect(Policy::none());
        if local {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|_| SetupError::Client)?;
        let mut config = OpenAIConfig::new().with_api_base(settings.base_url.trim_end_matches('/'));
        // The client's own default would be a key of the environment.
        config = config.with_api_key(settings.key.clone().unwrap_or_default());
        Ok(Self {
            client: Client::build(client.clone(), config).with_http_service(Transport::new(client)),
            settings,
            form: Found::default(),
            breaker: Breaker::new(FAILURES, REST),
        })
    }

    /// The name by which the endpoint knows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.model
    }

    /// Whether it is left alone for now.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.breaker.is_open()
    }
}
