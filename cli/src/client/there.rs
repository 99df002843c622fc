//! The client over HTTP: a server that was named, or the one that runs on a data directory. Its key goes into the
//! `Authorization` header and nowhere else (R10); a key is sent to the server of a data directory only while a process
//! holds that directory's runner lock, so that nobody gets it who merely listens at an address that a server had.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use songwalker_jobs::secret::Secret;
use songwalker_jobs::server_file::ServerFile;
use songwalker_schemas::limits::MAX_BUNDLE_BYTES;
use songwalker_schemas::wire::{CreateJob, CreateShare, Job, LogLine, NewShare, Page, Share, UpdateJob};
use songwalker_schemas::{ErrorCode, JobId, ShareId, canonical};

use super::answer::{self, Answer, Unknown};
use super::transport::{http, is_loopback};
use super::{Deleted, Submitted, Wanted};
use crate::failure::Failure;
use crate::terminal::{self, NOTICE, paint};

/// The variable that holds the key for a server that was named.
pub const KEY_VARIABLE: &str = "SONGWALKER_KEY";

/// Most bytes of an answer that is no bundle.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// A server.
pub struct There {
    http: reqwest::Client,
    base: Url,
    key: Secret,
    /// Whether it was said that the server knows words which this program does not.
    is_newer_told: AtomicBool,
}

impl There {
    /// The server of that address, with the key of the environment or a file.
    ///
    /// # Errors
    /// `usage` where the address is none or there is no key.
    pub fn named(address: &str, key_file: Option<&Path>) -> Result<Self, Failure> {
        // The address is looked at before the key: a slip in it is none of the key's.
        let base = address_of(address)?;
        let key = match key_file {
            Some(file) => Secret::from_file(file)
                .map_err(|error| Failure::new(ErrorCode::NotFound, format!("{}: {error}", file.display())))?,
            None => std::env::var(KEY_VARIABLE)
                .ok()
                .map(|key| key.trim().to_owned())
                .filter(|key| !key.is_empty())
                .map(Secret::new)
                .ok_or_else(|| {
                    Failure::new(ErrorCode::Unauthenticated, "there is no key for the server").with_hint(
                        format!(
                            "put it into the variable {KEY_VARIABLE}, or name its file with --key-file; \
                         `songwalker admin key add` makes one"
                        ),
                    )
                })?,
        };
        let server = Self::of(base, key)?;
        if server.base.scheme() == "http" && !is_loopback(&server.base) && terminal::is_watched() {
            let word = "notice: the key travels without encryption: use https";
            terminal::complain(&format!("{}\n", paint(NOTICE, word)));
        }
        Ok(server)
    }

    /// The server that runs on a data directory; none where none runs.
    pub fn of_data_dir(data_dir: &Path) -> Option<Result<Self, Failure>> {
        let server = match ServerFile::read(data_dir) {
            Ok(Some(server)) => server,
            // A directory that cannot be read is said by who opens it.
            Ok(None) | Err(_) => return None,
        };
        let file = data_dir.join("token");
        let key = Secret::from_file(&file).map_err(|error| {
            let message = format!("{}: {error}", file.display());
            Failure::new(ErrorCode::Unauthenticated, message)
                .with_hint("a server runs on this data directory; start it again to get a new token")
        });
        Some(key.and_then(|key| Self::at(&server.url, key)))
    }

    fn at(address: &str, key: Secret) -> Result<Self, Failure> {
        Self::of(address_of(address)?, key)
    }

    fn of(base: Url, key: Secret) -> Result<Self, Failure> {
        Ok(Self {
            http: http(&base)?,
            base,
            key,
            is_newer_told: AtomicBool::new(false),
        })
    }

    /// Its address, for people.
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
        let url = self
            .base
            .join(path)
            .map_err(|error| Failure::new(ErrorCode::Internal, format!("{path}: {error}")))?;
        Ok(self.http.request(method, url).bearer_auth(self.key.expose()))
    }

    /// Sends, and takes what is no success for the error that it is.
    ///
    /// # Errors
    /// What the server says, or that it does not answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let answer = request.send().await.map_err(|error| self.silent(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body = self.body(answer, MAX_ANSWER_BYTES).await?;
        Err(match answer::envelope(&body, general(status)) {
            Ok((envelope, is_known)) => {
                let failure = Failure::from(envelope);
                if status == StatusCode::UNAUTHORIZED {
                    failure.with_hint(
                        "the key is unknown, revoked or expired; `songwalker admin key add` makes another",
                    )
                } else if is_known {
                    failure
                } else {
                    failure.with_hint("the server is newer than this command line: an update may say more")
                }
            }
            Err(_) => Failure::new(
                ErrorCode::Unavailable,
                format!(
                    "{} answered {status}, and not as a SongWalker server does",
                    self.address()
                ),
            )
            .with_hint("is the address right? what stands between may be down"),
        })
    }

    async fn body(&self, mut answer: Response, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.silent(&error))? {
            if body.len() + chunk.len() > limit {
                let message = format!("{} answered more than it should", self.address());
                return Err(Failure::new(ErrorCode::Unavailable, message));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    async fn read<T: Answer>(&self, answer: Response) -> Result<T, Failure> {
        let body = self.body(answer, MAX_ANSWER_BYTES).await?;
        let (answer, unknown) = answer::read(&body).map_err(|error| {
            let message = format!(
                "{} answered something else than it should: {error}",
                self.address()
            );
            Failure::new(ErrorCode::Unavailable, message)
                .with_hint("server and command line may be of different versions")
        })?;
        self.tell(unknown);
        Ok(answer)
    }

    /// Says what of an answer was not understood: what was left out, to everybody; that words were, to people and once.
    fn tell(&self, unknown: Unknown) {
        if unknown.items > 0 {
            let word = format!(
                "{} {} of the list cannot be read and are left out: the server is newer than this command line\n",
                paint(NOTICE, "notice:"),
                unknown.items
            );
            terminal::complain(&word);
        } else if unknown.words > 0
            && terminal::is_watched()
            && !self.is_newer_told.swap(true, Ordering::Relaxed)
        {
            let word = format!(
                "{} the server is newer than this command line: some of its words are not shown as they are\n",
                paint(NOTICE, "notice:")
            );
            terminal::complain(&word);
        }
    }

    async fn get<T: Answer>(&self, path: &str) -> Result<T, Failure> {
        let answer = self.send(self.request(Method::GET, path)?).await?;
        self.read(answer).await
    }

    async fn post<T: Answer>(
        &self,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<(StatusCode, T), Failure> {
        let mut request = self.request(Method::POST, path)?;
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.send(request).await?;
        let status = answer.status();
        Ok((status, self.read(answer).await?))
    }

    /// No answer, or half of one.
    pub(super) fn silent(&self, error: &reqwest::Error) -> Failure {
        let mut deepest: &dyn std::error::Error = error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        let why = deepest.to_string();
        let why = why.split(" (os error").next().unwrap_or_default();
        let why = if error.is_timeout() {
            "it takes too long"
        } else {
            why
        };
        Failure::new(
            ErrorCode::Unavailable,
            format!("{} does not answer: {}", self.address(), why.to_lowercase()),
        )
        .with_hint("does the server run, and is the address right?")
    }

    pub async fn submit(&self, request: &CreateJob) -> Result<Submitted, Failure> {
        let (status, job) = self.post("v1/jobs", Some(request)).await?;
        Ok(Submitted {
            job,
            is_new: status == StatusCode::ACCEPTED,
        })
    }

    pub async fn job(&self, id: JobId) -> Result<Job, Failure> {
        self.get(&format!("v1/jobs/{id}")).await
    }

    pub async fn list(&self, wanted: &Wanted) -> Result<Page<Job>, Failure> {
        let limit = wanted.limit.to_string();
        let asked = [
            ("state", wanted.state.as_deref()),
            ("category", wanted.category.as_deref()),
            ("tag", wanted.tag.as_deref()),
            ("starred", wanted.starred.then_some("true")),
            ("q", wanted.q.as_deref()),
            ("cursor", wanted.cursor.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let asked: Vec<(&str, &str)> = asked
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let request = self.request(Method::GET, "v1/jobs")?.query(&asked);
        let answer = self.send(request).await?;
        self.read(answer).await
    }

    pub async fn cancel(&self, id: JobId) -> Result<Job, Failure> {
        let (_, job) = self.post(&format!("v1/jobs/{id}/cancel"), None::<&()>).await?;
        Ok(job)
    }

    pub async fn retry(&self, id: JobId) -> Result<Submitted, Failure> {
        let (status, job) = self.post(&format!("v1/jobs/{id}/retry"), None::<&()>).await?;
        Ok(Submitted {
            job,
            is_new: status == StatusCode::ACCEPTED,
        })
    }

    pub async fn delete(&self, id: JobId) -> Result<Deleted, Failure> {
        let request = self.request(Method::DELETE, &format!("v1/jobs/{id}"))?;
        let answer = self.send(request).await?;
        Ok(if answer.status() == StatusCode::ACCEPTED {
            Deleted::Stopping
        } else {
            Deleted::Gone
        })
    }

    pub async fn update(&self, id: JobId, change: &UpdateJob) -> Result<Job, Failure> {
        let request = self
            .request(Method::PATCH, &format!("v1/jobs/{id}"))?
            .json(change);
        let answer = self.send(request).await?;
        self.read(answer).await
    }

    pub async fn log(&self, id: JobId) -> Result<Vec<LogLine>, Failure> {
        self.get(&format!("v1/jobs/{id}/log")).await
    }

    pub async fn bundle(&self, job: &Job) -> Result<Vec<u8>, Failure> {
        let request = self.request(Method::GET, &format!("v1/jobs/{}/bundle", job.id))?;
        let answer = self.send(request).await?;
        let zip = self.body(answer, MAX_BUNDLE_BYTES).await?;
        let sha256 = canonical::sha256_hex(&zip);
        if job.bundle.as_ref().is_some_and(|bundle| bundle.sha256 == sha256) {
            return Ok(zip);
        }
        Err(Failure::new(
            ErrorCode::VerificationFailed,
            format!("the bundle of job {} did not arrive as it was made", job.id),
        ))
    }

    pub async fn share(&self, id: JobId, request: &CreateShare) -> Result<NewShare, Failure> {
        let (_, mut share): (_, NewShare) = self.post(&format!("v1/jobs/{id}/shares"), Some(request)).await?;
        // A server that does not know its public address says the path alone.
        if let Ok(url) = self.base.join(share.url.trim_start_matches('/'))
            && Url::parse(&share.url).is_err()
        {
            share.url = url.into();
        }
        Ok(share)
    }

    /// Whether its links lead to it from this machine only.
    pub fn is_private(&self) -> bool {
        is_loopback(&self.base)
    }

    pub async fn shares(&self, cursor: Option<String>) -> Result<Page<Share>, Failure> {
        let mut request = self.request(Method::GET, "v1/shares")?;
        if let Some(cursor) = cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let answer = self.send(request).await?;
        self.read(answer).await
    }

    pub async fn revoke_share(&self, id: ShareId) -> Result<(), Failure> {
        let request = self.request(Method::DELETE, &format!("v1/shares/{id}"))?;
        self.send(request).await.map(drop)
    }
}

/// An address as all paths are joined to it.
pub fn address_of(address: &str) -> Result<Url, Failure> {
    let refused = |why: &str| {
        Failure::new(
            ErrorCode::Usage,
            format!("{address} is no server's address: {why}"),
        )
        .with_hint("write it as https://sounds.example.org or http://127.0.0.1:7761")
    };
    let mut base = Url::parse(address).map_err(|error| refused(&error.to_string()))?;
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none_or(str::is_empty) {
        return Err(refused("neither http nor https"));
    }
    if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
        return Err(refused("it must hold neither a password nor a query"));
    }
    base.set_fragment(None);
    // The last part of a path without a slash at its end would be replaced by what is joined to it.
    let path = format!("{}/", base.path().trim_end_matches('/'));
    base.set_path(&path);
    Ok(base)
}

/// What stands for an error whose code is not known.
const fn general(status: StatusCode) -> ErrorCode {
    match status.as_u16() {
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        409 => ErrorCode::Conflict,
        429 => ErrorCode::RateLimited,
        400..=499 => ErrorCode::InvalidRequest,
        503 => ErrorCode::Unavailable,
        _ => ErrorCode::Internal,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn at(address: &str) -> Result<There, Failure> {
        There::at(address, Secret::new("swk_canary".to_owned()))
    }

    /// A server of tomorrow: it gives that one answer, and goes.
    pub fn newer(status: &str, kind: &str, body: &str) -> There {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut part = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut part).unwrap();
                assert_ne!(length, 0, "the request ended early");
                request.extend_from_slice(&part[..length]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        });
        at(&address).unwrap()
    }

    #[tokio::test]
    async fn an_error_whose_code_is_not_known_keeps_its_message_and_the_sense_of_its_status() {
        let body = r#"{"error":{"code":"of_tomorrow","message":"not on Sundays","retryable":false}}"#;
        for (status, code) in [
            ("409 Conflict", ErrorCode::Conflict),
            ("418 Teapot", ErrorCode::InvalidRequest),
            ("507 Full", ErrorCode::Internal),
        ] {
            let server = newer(status, "application/json", body);
            let failure = server.job(JobId(uuid::Uuid::nil())).await.unwrap_err();
            assert_eq!(failure.code(), Some(code), "{status}");
            assert_eq!(failure.message(), "not on Sundays");
        }
    }

    #[test]
    fn an_address_may_have_a_path_and_nothing_secret() {
        let url = |address: &str, path: &str| {
            let request = at(address).unwrap().request(Method::GET, path).unwrap();
            request.build().unwrap().url().to_string()
        };
        assert_eq!(
            url("http://127.0.0.1:7761", "v1/jobs"),
            "http://127.0.0.1:7761/v1/jobs"
        );
        assert_eq!(
            url("https://a.example/sound/", "v1/jobs"),
            "https://a.example/sound/v1/jobs"
        );
        for bad in [
            "127.0.0.1:7761",
            "ftp://a.example",
            "https://",
            "http://u:p@a.example",
            "http://a/?q=1",
            "",
        ] {
            assert_eq!(at(bad).err().map(|f| f.exit_code()), Some(2), "{bad}");
        }
    }

    #[test]
    fn only_this_machine_counts_as_private() {
        for (address, is_private) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost:1", true),
            ("http://192.168.0.1:1", false),
            ("https://localhost.example", false),
        ] {
            assert_eq!(at(address).unwrap().is_private(), is_private, "{address}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_said_before_a_key_is_missed() {
        let failure = There::named("foo", Some(Path::new("no such key"))).err();
        assert_eq!(failure.and_then(|f| f.code()), Some(ErrorCode::Usage));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unavailable() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", taken.local_addr().unwrap());
        drop(taken);
        let failure = at(&address)
            .unwrap()
            .job(JobId(uuid::Uuid::nil()))
            .await
            .unwrap_err();
        assert_eq!(failure.exit_code(), ErrorCode::Unavailable.exit_code());
    }
}
