//! A reader of Server-Sent Events that can be cut at any place.

use anyhow::{Result, ensure};
use futures::StreamExt;
use serde_json::Value;

use crate::service::{Service, is_final};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its `id:`, where it has one.
    pub id: Option<u64>,
    /// Its `event:`.
    pub name: String,
    /// Its `data:`.
    pub data: Value,
}

impl Told {
    /// Whether nothing comes behind it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.name == "state" && is_final(&self.data)
    }
}

/// Reads the events of a job behind `last`, until the stream ends or `enough` of them have come. Where replicas come and
/// go, whoever is sent away by one goes on at another, as browsers do.
///
/// # Errors
/// The stream is refused or breaks.
pub async fn read(service: &Service, job: &str, last: Option<u64>, enough: usize) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    loop {
        let seen = told.iter().rev().find_map(|event: &Told| event.id).or(last);
        read_once(service, &service.url, job, seen, enough, &mut told).await?;
        let is_end = told.last().is_some_and(Told::is_end);
        if told.len() >= enough || is_end || service.replicas().is_none() {
            return Ok(told);
        }
    }
}

/// Reads one stream of one server to its end, or until there are `enough` events.
///
/// # Errors
/// The stream is refused or breaks.
pub async fn read_once(
    service: &Service,
    server: &str,
    job: &str,
    last: Option<u64>,
    enough: usize,
    told: &mut Vec<Told>,
) -> Result<()> {
    let mut request = service.request_at(server, "GET", &format!("/v1/jobs/{job}/events"));
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last.to_string());
    }
    let answer = request.send().await?;
    ensure!(answer.status() == 200, "{}", answer.status());
    let mut stream = answer.bytes_stream();
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        text.push_str(&String::from_utf8_lossy(&chunk?));
        while let Some((event, rest)) = text.split_once("\n\n") {
            if let Some(event) = parse(event) {
                told.push(event);
                if told.len() == enough {
                    return Ok(());
                }
            }
            text = rest.to_owned();
        }
    }
    Ok(())
}

/// An event; `None` for a comment.
fn parse(text: &str) -> Option<Told> {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim_start)
    };
    let data = field("data:")?;
    Some(Told {
        id: field("id:").and_then(|id| id.parse().ok()),
        name: field("event:").unwrap_or("message").to_owned(),
        data: serde_json::from_str(data).unwrap_or(Value::Null),
    })
}
