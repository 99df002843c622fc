//! Whether the store does what publishing needs: puts that are checked and that ask that nothing be there, whole reads,
//! lists, deletions. Tried with an object of its own beside the others, which is taken away again.

use std::sync::Arc;
use std::time::Instant;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::BucketVersioningStatus;
use serde_json::json;
use uuid::Uuid;

use super::S3Store;
use super::failure::{failure, is_taken};
use crate::checkup::Finding;
use crate::clock::SystemClock;
use crate::config::Store;
use crate::ports::PortError;

const PART: &str = "store";
const PROBE: &[u8] = b"songwalker doctor";
/// Of other bytes than the probe.
const WRONG_SHA256: &str = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

/// What was seen.
struct Seen {
    ms: f64,
    asks_that_nothing_is_there: bool,
    checks_bytes: bool,
    is_listed: bool,
    keeps_versions: Option<bool>,
}

/// How the store stands.
pub(crate) async fn examine(settings: &Store) -> Finding {
    let store = match S3Store::open(settings, Arc::new(SystemClock::new())) {
        Ok(store) => store,
        Err(error) => return Finding::bad(PART, error.to_string()),
    };
    let key = store.path(&format!(".doctor-{}", Uuid::new_v4()));
    let seen = look(&store, &key).await;
    // Whatever was seen: it is taken away.
    let _ = store
        .client
        .delete_object()
        .bucket(&store.bucket)
        .key(&key)
        .send()
        .await;
    match seen {
        Ok(seen) => told(settings, &seen),
        Err((doing, error)) => Finding::bad(PART, why(doing, &error)),
    }
}

type Failed = (&'static str, PortError);

async fn look(store: &S3Store, key: &str) -> Result<Seen, Failed> {
    let client = &store.client;
    // Some stores take objects without it.
    match client.head_bucket().bucket(&store.bucket).send().await {
        Ok(_) => {}
        Err(error)
            if error
                .raw_response()
                .is_some_and(|answer| answer.status().as_u16() == 404) =>
        {
            return Err((
                "find its bucket",
                PortError::Refused("there is no such bucket".to_owned()),
            ));
        }
        Err(error) => return Err(("show its bucket", failure(error))),
    }
    let put = || {
        client
            .put_object()
            .bucket(&store.bucket)
            .key(key)
            .body(ByteStream::from_static(PROBE))
    };
    let wrong = put().checksum_sha256(WRONG_SHA256).send().await;
    let checks_bytes = match wrong {
        Ok(_) => false,
        Err(error)
            if error
                .raw_response()
                .is_some_and(|answer| answer.status().as_u16() == 400) =>
        {
            true
        }
        Err(error) => return Err(("put an object", failure(error))),
    };
    let gone = client.delete_object().bucket(&store.bucket).key(key).send().await;
    gone.map_err(|error| ("delete an object", failure(error)))?;
    let began = Instant::now();
    let first = put().if_none_match("*").send().await;
    first.map_err(|error| ("put an object where none is", failure(error)))?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    let asks_that_nothing_is_there = match put().if_none_match("*").send().await {
        Ok(_) => false,
        Err(error) if is_taken(&error) => true,
        Err(error) => return Err(("put an object where one is", failure(error))),
    };
    let got = client.get_object().bucket(&store.bucket).key(key).send().await;
    let got = got.map_err(|error| ("get an object", failure(error)))?;
    let cut_off = |_| {
        (
            "get an object",
            PortError::Unavailable("it was cut off".to_owned()),
        )
    };
    let bytes = got.body.collect().await.map_err(cut_off)?.to_vec();
    if bytes != PROBE {
        return Err((
            "get an object",
            PortError::Corrupt("other bytes than were put".to_owned()),
        ));
    }
    let listed = client
        .list_objects_v2()
        .bucket(&store.bucket)
        .prefix(key)
        .send()
        .await;
    let listed = listed.map_err(|error| ("list objects", failure(error)))?;
    let is_listed = listed.contents().iter().any(|object| object.key() == Some(key));
    let gone = client.delete_object().bucket(&store.bucket).key(key).send().await;
    gone.map_err(|error| ("delete an object", failure(error)))?;
    // Not every account may ask this, and not every store knows it.
    let versions = client
        .get_bucket_versioning()
        .bucket(&store.bucket)
        .send()
        .await
        .ok();
    let keeps_versions = versions.map(|told| told.status() == Some(&BucketVersioningStatus::Enabled));
    Ok(Seen {
        ms,
        asks_that_nothing_is_there,
        checks_bytes,
        is_listed,
        keeps_versions,
    })
}

fn told(settings: &Store, seen: &Seen) -> Finding {
    let facts = json!({
        "put_ms": seen.ms, "conditional_puts": seen.asks_that_nothing_is_there, "checksums": seen.checks_bytes,
        "lists": seen.is_listed, "versioning": seen.keeps_versions, "redirects": settings.redirect,
    });
    let downloads = match (&settings.public_endpoint, settings.redirect) {
        (_, false) => "bundles go through the API".to_owned(),
        (Some(at), true) => format!("bundles are downloaded from {at}"),
        (None, true) => "bundles are downloaded from it".to_owned(),
    };
    let words = format!(
        "takes an object in {:.0} ms, gives it whole, lists and deletes it; {downloads}",
        seen.ms
    );
    let mut finding = Finding::good(PART, words, facts);
    if !seen.asks_that_nothing_is_there {
        finding = finding.broken("it does not heed `If-None-Match: *`: another store is needed");
    }
    if !seen.checks_bytes {
        finding = finding.noticed("it takes bytes that do not have the hash that was sent with them");
    }
    if !seen.is_listed {
        finding = finding.noticed("it does not list what was just put: what nobody refers to is found late");
    }
    if seen.keeps_versions == Some(true) {
        finding = finding.noticed("its bucket keeps versions: what is deleted stays there");
    }
    finding
}

/// What is wrong and what to do.
fn why(doing: &str, error: &PortError) -> String {
    let told = error.to_string();
    let advice = match error {
        PortError::Refused(told) if told.contains("no such bucket") => "make it: this program makes none",
        PortError::Refused(told) if told.contains("RequestTimeTooSkewed") => {
            "set this machine's clock by NTP"
        }
        PortError::Refused(told) if told.contains("AccessDenied") => {
            "the account must be allowed to list, get, put and delete in the bucket"
        }
        PortError::Refused(_) => "are store.access_key, store.secret_key and store.region right?",
        PortError::Full => "make room",
        _ => "is it up, is store.endpoint right?",
    };
    format!("does not {doing}: {told}; {advice}")
}
