//! `songwalker health`: asks a process how it is, for whoever watches over it where there is no other program to ask
//! with, as in a container. It needs no key and reads no settings.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::Value;
use songwalker_schemas::{ErrorCode, ErrorEnvelope};

use crate::args::Health;
use crate::client::{address_of, http};
use crate::failure::Failure;
use crate::{runtime, terminal};

/// How long the whole answer may take: those who ask give up after five seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks, and says how it is.
pub fn run(args: &Health) -> Result<(), Failure> {
    let mut url = address_of(&args.url)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    let (status, body) = runtime::block_on(async {
        let asked = http(&url)?.get(url.clone()).timeout(PATIENCE).send();
        let unreached =
            |_| Failure::new(ErrorCode::Unavailable, format!("{url} does not answer")).with_hint("");
        let answer: Response = asked.await.map_err(unreached)?;
        let status = answer.status();
        Ok((status, answer.bytes().await.map_err(unreached)?))
    })?;
    if status == StatusCode::OK {
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        let word = told["status"].as_str().unwrap_or("well");
        return terminal::print(&format!("{word}\n"));
    }
    // What is away stands in the answer of a process of ours.
    match serde_json::from_slice::<ErrorEnvelope>(&body) {
        Ok(envelope) => Err(Failure::from(envelope)),
        Err(_) => Err(Failure::new(
            ErrorCode::Unavailable,
            format!("{url} answered {status}"),
        )),
    }
}
