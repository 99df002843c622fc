//! Objects in a bucket of any S3 store, under the keys of the port behind a prefix.
//!
//! A put is whole or not at all by the store's own promise, and carries the SHA-256 of the key, so that no other bytes
//! are taken (R6). It first asks that nothing be there; where something is, it writes anew, which makes the object young
//! again and heals what changed behind our back. An answer that was lost is harmless: the same put again finds the
//! object and writes the same bytes. Half-written things can only be multipart uploads of others; they are aborted.
//!
//! Times are the store's own, in whole seconds: both answers that have one agree on no more. Nothing of what the store
//! says is handed on but its error code: its texts hold addresses and keys (R10).

pub(crate) mod checkup;
mod failure;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient,
};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::PutObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_smithy_http_client::Builder as HttpClient;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use songwalker_schemas::Timestamp;

use self::failure::{failure, is_missing, is_taken, is_unknown};
use crate::clock::Clock;
use crate::config::Store;
use crate::failpoint::{Failpoint, reached};
use crate::ports::{ObjectInfo, ObjectKey, ObjectStore, PortError};

/// How long it may take until there is a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one try of a call may take.
const TRY: Duration = Duration::from_secs(10);
/// How long a call may take with all its tries, and the body of an object.
const CALL: Duration = Duration::from_secs(30);
/// How often a call is tried.
const TRIES: u32 = 3;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The most that a store lists at once.
const PAGE: usize = 1000;
/// What a ping writes, beside the objects.
const PING: &str = ".ping";

/// Objects in a bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    /// Signs addresses for browsers, where they are led to the store.
    signer: Option<Client>,
    bucket: String,
    prefix: String,
    clock: Arc<dyn Clock>,
}

impl S3Store {
    /// The store that the configuration names. Asks it nothing yet.
    ///
    /// # Errors
    /// The bucket or the keys are missing.
    pub fn open(settings: &Store, clock: Arc<dyn Clock>) -> Result<Self, PortError> {
        let missing = |what: &str| PortError::Refused(format!("store.{what} is missing"));
        let bucket = settings.bucket.clone().ok_or_else(|| missing("bucket"))?;
        let access_key = settings
            .access_key
            .as_ref()
            .ok_or_else(|| missing("access_key"))?;
        let secret_key = settings
            .secret_key
            .as_ref()
            .ok_or_else(|| missing("secret_key"))?;
        let credentials =
            Credentials::new(access_key.expose(), secret_key.expose(), None, None, "songwalker");
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(TRY)
            .operation_timeout(CALL)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(TRIES)
            .with_initial_backoff(Duration::from_millis(100))
            .with_max_backoff(LONGEST_PAUSE);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(credentials)
            .force_path_style(settings.path_style)
            .timeout_config(timeouts)
            .retry_config(retries)
            // Puts carry the key's own hash, and what is got is checked against the key.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .http_client(http_client(settings.endpoint.as_deref()));
        if let Some(endpoint) = &settings.endpoint {
            config = config.endpoint_url(endpoint);
        }
        let signer = settings.redirect.then(|| {
            let mut config = config.clone();
            if let Some(endpoint) = &settings.public_endpoint {
                config = config.endpoint_url(endpoint);
            }
            Client::from_conf(config.build())
        });
        Ok(Self {
            client: Client::from_conf(config.build()),
            signer,
            bucket,
            prefix: settings.prefix.clone(),
            clock,
        })
    }

    /// Makes the bucket; one that is there and ours is fine.
    ///
    /// # Errors
    /// The store does not answer, or does not let us.
    pub async fn make_bucket(&self) -> Result<(), PortError> {
        let made = self.client.create_bucket().bucket(&self.bucket).send().await;
        let Err(error) = made else { return Ok(()) };
        let seen = self.client.head_bucket().bucket(&self.bucket).send().await;
        if seen.is_ok() { Ok(()) } else { Err(failure(error)) }
    }

    /// The way to the store, for what the port has not.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    fn path(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn write(
        &self,
        key: &ObjectKey,
        bytes: &[u8],
        only_new: bool,
    ) -> Result<(), SdkError<PutObjectError>> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(self.path(key.as_str()))
            .content_type("application/zip")
            .checksum_sha256(base64_of(key.sha256()))
            .set_if_none_match(only_new.then(|| "*".to_owned()))
            .body(ByteStream::from(bytes.to_vec()))
            .send()
            .await
            .map(drop)
    }

    /// One page of the bucket: what of it are objects of ours, the last name, and whether there is more.
    async fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<ObjectInfo>, Option<String>), PortError> {
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(self.path(prefix))
            .set_start_after(after.map(str::to_owned))
            .max_keys(i32::try_from(limit.min(PAGE)).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(failure)?;
        let found = listed.contents().iter().filter_map(|object| {
            let key = ObjectKey::parse(object.key()?.strip_prefix(&self.prefix)?).ok()?;
            Some(info(key, object.size(), object.last_modified()))
        });
        let last = listed.contents().last().and_then(|object| object.key());
        let more = listed.is_truncated().unwrap_or(false);
        Ok((found.collect(), last.filter(|_| more).map(str::to_owned)))
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put(&self, key: &ObjectKey, bytes: Arc<[u8]>) -> Result<(), PortError> {
        reached(Failpoint::StorePutFull)
            .await
            .map_err(|_| PortError::Full)?;
        let (checked, shared) = (key.clone(), Arc::clone(&bytes));
        if !off_the_runtime(move || checked.is_of(&shared)).await? {
            return Err(PortError::Refused(
                "the bytes are not those of the key".to_owned(),
            ));
        }
        let written = match self.write(key, &bytes, true).await {
            Err(error) if is_taken(&error) => self.write(key, &bytes, false).await,
            written => written,
        };
        written.map_err(failure)?;
        let lie = |_| PortError::Unavailable("an object cannot be written".to_owned());
        reached(Failpoint::StorePutLies).await.map_err(lie)
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, PortError> {
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(self.path(key.as_str()))
            .send()
            .await;
        let object = match got {
            Ok(object) => object,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        let cut_off = || PortError::Unavailable("an object was cut off".to_owned());
        let bytes = tokio::time::timeout(CALL, object.body.collect())
            .await
            .map_err(|_| cut_off())?
            .map_err(|_| cut_off())?
            .to_vec();
        let checked = key.clone();
        let (bytes, is_whole) = off_the_runtime(move || {
            let is_whole = checked.is_of(&bytes);
            (bytes, is_whole)
        })
        .await?;
        if is_whole {
            Ok(Some(bytes))
        } else {
            Err(PortError::Corrupt(format!("the bytes of {key}")))
        }
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, PortError> {
        let seen = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(self.path(key.as_str()))
            .send()
            .await;
        match seen {
            Ok(object) => Ok(Some(info(
                key.clone(),
                object.content_length(),
                object.last_modified(),
            ))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failure(error)),
        }
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        let deleted = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(self.path(key.as_str()))
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(failure(error)),
        }
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, PortError> {
        let mut found = Vec::new();
        let mut after = after.map(|after| self.path(&after));
        while found.len() < limit {
            let (page, next) = self.page(prefix, after.as_deref(), limit - found.len()).await?;
            found.extend(page);
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(found)
    }

    async fn sign_get(
        &self,
        key: &ObjectKey,
        ttl: Duration,
        filename: &str,
    ) -> Result<Option<String>, PortError> {
        let Some(signer) = &self.signer else {
            return Ok(None);
        };
        let until = PresigningConfig::expires_in(ttl)
            .map_err(|_| PortError::Refused("an address is signed for a week at most".to_owned()))?;
        let signed = signer
            .get_object()
            .bucket(&self.bucket)
            .key(self.path(key.as_str()))
            .response_content_type("application/zip")
            .response_content_disposition(attachment(filename))
            .presigned(until)
            .await
            .map_err(failure)?;
        Ok(Some(signed.uri().to_owned()))
    }

    async fn sweep_partial(&self, older_than: Duration) -> Result<u64, PortError> {
        let before = self.clock.now().minus(older_than);
        let listed = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .prefix(self.path("users/"))
            .send()
            .await;
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) if is_unknown(&error) => return Ok(0),
            Err(error) => return Err(failure(error)),
        };
        let mut swept = 0;
        for upload in listed.uploads() {
            let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else {
                continue;
            };
            if upload.initiated().is_none_or(|at| seconds(at) > before) {
                continue;
            }
            let aborted = self
                .client
                .abort_multipart_upload()
                .bucket(&self.bucket)
                .key(key)
                .upload_id(id)
                .send()
                .await;
            match aborted {
                Ok(_) => swept += 1,
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(failure(error)),
            }
        }
        Ok(swept)
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(self.path(PING))
            .body(ByteStream::from_static(b""))
            .send()
            .await
            .map(drop)
            .map_err(failure)
    }
}

/// With TLS of the one provider that this program has, unless the address says that there is none.
fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        return HttpClient::new().build_http();
    }
    HttpClient::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// Hashes where that holds nobody up.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PortError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| PortError::Unavailable("an object was not checked".to_owned()))
}

fn info(key: ObjectKey, bytes: Option<i64>, at: Option<&DateTime>) -> ObjectInfo {
    ObjectInfo {
        key,
        bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
        written_at: at.map_or(Timestamp::from_millis(0), seconds),
    }
}

fn seconds(at: &DateTime) -> Timestamp {
    Timestamp::from_millis(at.secs().saturating_mul(1000))
}

/// Hexadecimal digits, two a byte, as base64.
fn base64_of(hex: &str) -> String {
    let bytes: Vec<u8> = hex
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    STANDARD.encode(bytes)
}

/// The header that saves a download under a name; what could end the name early is left out.
fn attachment(filename: &str) -> String {
    let name: String = filename
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '/' | ';' | '%') || *c == ' ')
        .collect();
    format!("attachment; filename=\"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_a_put_is_the_hash_of_its_key() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(base64_of(abc), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn a_filename_ends_where_its_quotes_end() {
        assert_eq!(
            attachment("a b.zip\"; x=\"\r\n/../é\\"),
            "attachment; filename=\"a b.zip x=..\""
        );
    }
}
