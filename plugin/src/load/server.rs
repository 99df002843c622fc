//! A SongWalker server as the plugin asks it: the list of finished sounds, bundles, shared links, and new sounds from words.
//!
//! What it answers is bounded in size and time and believed only as far as it can be checked; a bundle is verified by whoever
//! loads it. The key goes to the server that it is for and nowhere else: not with shared links, not along redirects. All of it
//! runs on a background thread and ends soon after it is told to.

use std::sync::Once;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use songwalker_schemas::canonical::sha256_hex;
use songwalker_schemas::limits::MAX_BUNDLE_BYTES;

/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(10);
/// How long one answer may take in all.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a sound may take to be made.
const MAKING: Duration = Duration::from_secs(600);
/// How often is asked how far a sound is.
const ASKING: Duration = Duration::from_millis(500);
/// How often is looked whether to stop.
const LOOKING: Duration = Duration::from_millis(50);
/// Most bytes of an answer that is no bundle.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// Most times that a bundle may be said to be elsewhere.
const MAX_REDIRECTS: usize = 3;
/// Most pages of the list.
const MAX_PAGES: usize = 5;

/// Says whether to stop.
pub type Stop<'a> = &'a dyn Fn() -> bool;

/// Why a server does not give what is asked.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No address, or none of the web.
    #[error("{0} is no address: it begins with https:// or http://")]
    Address(String),
    /// No share link.
    #[error("this is no share link: it looks like https://server/s/…")]
    NotShared,
    /// It does not answer, or breaks off.
    #[error("the server does not answer: {0}")]
    Silent(String),
    /// It takes too long.
    #[error("the server took too long to answer")]
    Slow,
    /// It says no.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// Something else than was asked for.
    #[error("the server's answer makes no sense: {0}")]
    Nonsense(String),
    /// More than anything may have.
    #[error("the server sends more than {0} bytes")]
    TooLarge(usize),
    /// The bytes are not those that were announced.
    #[error("the server sent other bytes than it had announced")]
    WrongHash,
    /// It was stopped.
    #[error("stopped")]
    Stopped,
}

/// A finished sound of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its job.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// SHA-256 of its bundle.
    pub sha256: String,
}

/// A job as far as it matters here. What is not known is passed over, so that a newer server is understood too.
#[derive(Deserialize)]
struct Job {
    id: String,
    state: String,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    progress: f64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    error: Option<Problem>,
    #[serde(default)]
    bundle: Option<Bundle>,
}

#[derive(Deserialize)]
struct Bundle {
    sha256: String,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Envelope {
    error: Problem,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Job>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// A text of a server, for a line of the editor.
fn clean(text: &str) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(200).collect()
}

impl Job {
    fn listed(self) -> Option<Listed> {
        Some(Listed {
            sha256: self.bundle?.sha256,
            id: self.id,
            name: clean(&self.name.unwrap_or_default()),
            category: clean(&self.category.unwrap_or_default()),
            tags: self.tags.iter().take(20).map(|tag| clean(tag)).collect(),
        })
    }
}

fn address(text: &str) -> Result<Url, ServerError> {
    let wrong = || ServerError::Address(clean(text));
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    if is_web { Ok(url) } else { Err(wrong()) }
}

/// The address of a shared bundle, of any address below `/s/{token}`.
fn shared(link: &str) -> Result<Url, ServerError> {
    let mut url = address(link)?;
    let parts: Vec<String> = url
        .path_segments()
        .map(|parts| parts.map(str::to_owned).collect())
        .unwrap_or_default();
    let at = parts
        .iter()
        .position(|part| part == "s")
        .ok_or(ServerError::NotShared)?;
    let token = parts.get(at + 1).filter(|token| !token.is_empty());
    let token = token.ok_or(ServerError::NotShared)?;
    let path = format!("{}/{token}/bundle", parts[..=at].join("/"));
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn client() -> Result<Client, ServerError> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another one that is installed already serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("songwalker-plugin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECTING)
        .read_timeout(SILENCE)
        .timeout(ANSWER)
        .redirect(Policy::none());
    client
        .build()
        .map_err(|error| ServerError::Silent(error.to_string()))
}

/// Runs what is asked to its end, or until `stop` says so.
fn run<T>(stop: Stop<'_>, asking: impl Future<Output = Result<T, ServerError>>) -> Result<T, ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ServerError::Silent(error.to_string()))?;
    let answer = runtime.block_on(async {
        let stopped = async {
            while !stop() {
                tokio::time::sleep(LOOKING).await;
            }
        };
        tokio::select! {
            answer = asking => answer,
            () = stopped => Err(ServerError::Stopped),
        }
    });
    // A name that is being looked up does not hold the end up.
    runtime.shutdown_background();
    answer
}

async fn send(request: RequestBuilder) -> Result<Response, ServerError> {
    accepted(request.send().await.map_err(|error| silent(&error))?).await
}

/// An answer that is not a refusal.
async fn accepted(answer: Response) -> Result<Response, ServerError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let told = whole(answer, MAX_ANSWER_BYTES).await.unwrap_or_default();
    let message = match serde_json::from_slice::<Envelope>(&told) {
        Ok(envelope) if !envelope.error.message.is_empty() => clean(&envelope.error.message),
        _ => status.to_string(),
    };
    Err(ServerError::Refused(message))
}

/// The bytes of a bundle. Servers keep bundles in stores and say where: they are followed there, a few times, never from
/// https to what is not, and without the key, which is only for the server.
async fn download(client: &Client, request: RequestBuilder) -> Result<Vec<u8>, ServerError> {
    let mut request = request;
    for _ in 0..=MAX_REDIRECTS {
        let answer = request.send().await.map_err(|error| silent(&error))?;
        if !answer.status().is_redirection() {
            return whole(accepted(answer).await?, MAX_BUNDLE_BYTES).await;
        }
        let from = answer.url().clone();
        let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let to = to.and_then(|to| from.join(to).ok());
        let to = to.filter(|to| matches!((from.scheme(), to.scheme()), (_, "https") | ("http", "http")));
        let to = to.ok_or_else(|| ServerError::Nonsense("it sends elsewhere, but not where".to_owned()))?;
        request = client.get(to);
    }
    Err(ServerError::Nonsense("it sends from place to place".to_owned()))
}

fn silent(error: &reqwest::Error) -> ServerError {
    if error.is_timeout() {
        ServerError::Slow
    } else if error.is_connect() {
        ServerError::Silent("no connection comes about".to_owned())
    } else {
        ServerError::Silent("the connection broke".to_owned())
    }
}

/// The bytes of an answer, at most `most`, whatever length it announces.
async fn whole(mut answer: Response, most: usize) -> Result<Vec<u8>, ServerError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| silent(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(ServerError::TooLarge(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn document<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ServerError> {
    let bytes = whole(send(request).await?, MAX_ANSWER_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|error| ServerError::Nonsense(clean(&error.to_string())))
}

/// The bundle of a shared link. No key is sent.
///
/// # Errors
/// It is no link, or the server does not give a bundle.
pub fn shared_bundle(link: &str, stop: Stop<'_>) -> Result<Vec<u8>, ServerError> {
    let url = shared(link)?;
    run(stop, async {
        let client = client()?;
        download(&client, client.get(url)).await
    })
}

/// A server with the key for it.
#[derive(Clone)]
pub struct Server {
    base: Url,
    key: String,
}

impl Server {
    /// The one of that address.
    ///
    /// # Errors
    /// It is none.
    pub fn new(base: &str, key: &str) -> Result<Self, ServerError> {
        let mut base = address(base)?;
        // Below a path too: the last part would be replaced without its slash.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self {
            base,
            key: key.trim().to_owned(),
        })
    }

    fn at(&self, path: &str) -> Result<Url, ServerError> {
        let url = self.base.join(path);
        url.map_err(|_| ServerError::Address(clean(path)))
    }

    fn keyed(&self, request: RequestBuilder) -> RequestBuilder {
        if self.key.is_empty() {
            request
        } else {
            request.bearer_auth(&self.key)
        }
    }

    /// The finished sounds, newest first.
    ///
    /// # Errors
    /// The server does not answer as it should.
    pub fn list(&self, stop: Stop<'_>) -> Result<Vec<Listed>, ServerError> {
        run(stop, async {
            let client = client()?;
            let mut listed = Vec::new();
            let mut cursor: Option<String> = None;
            for _ in 0..MAX_PAGES {
                let mut url = self.at("v1/jobs")?;
                url.query_pairs_mut()
                    .append_pair("state", "succeeded")
                    .append_pair("limit", "100");
                if let Some(cursor) = &cursor {
                    url.query_pairs_mut().append_pair("cursor", cursor);
                }
                let page: Page = document(self.keyed(client.get(url))).await?;
                listed.extend(page.items.into_iter().filter_map(Job::listed));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            Ok(listed)
        })
    }

    /// The bundle of a sound: the bytes that were announced, or none.
    ///
    /// # Errors
    /// The server does not give them.
    pub fn bundle(&self, listed: &Listed, stop: Stop<'_>) -> Result<Vec<u8>, ServerError> {
        run(stop, self.fetch(&client()?, &listed.id, &listed.sha256))
    }

    async fn fetch(&self, client: &Client, id: &str, sha256: &str) -> Result<Vec<u8>, ServerError> {
        let url = self.job(id, "/bundle")?;
        let bytes = download(client, self.keyed(client.get(url))).await?;
        if sha256_hex(&bytes) == sha256 {
            Ok(bytes)
        } else {
            Err(ServerError::WrongHash)
        }
    }

    /// The address of a job, whose id is the server's word and may be anything.
    fn job(&self, id: &str, below: &str) -> Result<Url, ServerError> {
        let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_id {
            return Err(ServerError::Nonsense("a job's id is none".to_owned()));
        }
        self.at(&format!("v1/jobs/{id}{below}"))
    }

    /// Lets it make a sound of words, and gives the bundle. `progress` hears the stage and the share that is done.
    ///
    /// # Errors
    /// The server does not make it.
    pub fn generate(
        &self,
        prompt: &str,
        seed: u64,
        progress: &dyn Fn(&str, f32),
        stop: Stop<'_>,
    ) -> Result<Vec<u8>, ServerError> {
        run(stop, async {
            let making = self.make(prompt, seed, progress);
            tokio::time::timeout(MAKING, making)
                .await
                .unwrap_or(Err(ServerError::Slow))
        })
    }

    async fn make(
        &self,
        prompt: &str,
        seed: u64,
        progress: &dyn Fn(&str, f32),
    ) -> Result<Vec<u8>, ServerError> {
        let client = client()?;
        let request = json!({ "prompt": prompt, "seed": seed });
        let mut job: Job = document(self.keyed(client.post(self.at("v1/jobs")?)).json(&request)).await?;
        loop {
            match (job.state.as_str(), &job.bundle) {
                ("succeeded", Some(bundle)) => return self.fetch(&client, &job.id, &bundle.sha256).await,
                ("failed" | "cancelled", _) => {
                    let told = job.error.map(|error| clean(&error.message));
                    return Err(ServerError::Refused(told.unwrap_or_else(|| job.state.clone())));
                }
                _ => {
                    let stage = clean(job.stage.as_deref().unwrap_or(&job.state));
                    progress(&stage, job.progress.clamp(0.0, 1.0) as f32);
                }
            }
            tokio::time::sleep(ASKING).await;
            job = document(self.keyed(client.get(self.job(&job.id, "")?))).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_link_is_known_by_its_path_wherever_it_points() {
        for link in [
            "https://a.example/s/tok",
            " https://a.example/s/tok/preview?x=1#y",
        ] {
            assert_eq!(shared(link).unwrap().as_str(), "https://a.example/s/tok/bundle");
        }
        let below = shared("http://127.0.0.1:8080/sounds/s/tok/").unwrap();
        assert_eq!(below.as_str(), "http://127.0.0.1:8080/sounds/s/tok/bundle");
        for no_link in [
            "https://a.example/",
            "https://a.example/s/",
            "file:///etc/passwd",
            "tok",
        ] {
            assert!(shared(no_link).is_err(), "{no_link}");
        }
    }

    #[test]
    fn a_server_may_stand_below_a_path_and_no_id_leads_out_of_it() {
        let server = Server::new("https://a.example/sounds", "").unwrap();
        assert_eq!(
            server.job("1-a", "").unwrap().as_str(),
            "https://a.example/sounds/v1/jobs/1-a"
        );
        for id in ["", "../x", "a/b", "a?b"] {
            assert!(server.job(id, "/bundle").is_err(), "{id}");
        }
        assert!(Server::new("ftp://a.example", "").is_err());
    }
}
