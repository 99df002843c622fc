//! HTTP beneath the client: what an endpoint answers becomes an event stream of bounded length, or a [`Fault`] that
//! still knows its status and when to come again.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use futures::{Stream, StreamExt, stream};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Body, Client, Response, StatusCode};

use crate::fault::Fault;

/// The most bytes of a whole response: many times an answer of the greatest length in small chunks.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// The longest that a `Retry-After` is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Sends requests, each once.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    client: Client,
}

impl Transport {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

type Sent = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

impl tower::Service<HttpRequestFactory> for Transport {
    type Response = Response;
    type Error = OpenAIError;
    type Future = Sent;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Sent {
        let client = self.client.clone();
        Box::pin(async move {
            let request = request.build().await?;
            let response = client.execute(request).await?;
            let status = response.status();
            if !status.is_success() {
                return Err(OpenAIError::Boxed(Box::new(fault(status, response.headers()))));
            }
            Ok(as_events(response))
        })
    }
}

/// What a status says.
fn fault(status: StatusCode, headers: &HeaderMap) -> Fault {
    match status.as_u16() {
        429 => Fault::Limited(retry_after(headers)),
        400 | 415 | 422 | 501 => Fault::Form,
        503 if headers.contains_key(RETRY_AFTER) => Fault::Limited(retry_after(headers)),
        408 | 500..=599 => Fault::Unreachable,
        other => Fault::Settings(other),
    }
}

/// Seconds; a date is not understood, for this machine's clock need not be theirs.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// The response with a bounded body; one that is a single JSON document becomes a stream of one event.
fn as_events(response: Response) -> Response {
    let whole = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    let body = bounded(response.bytes_stream());
    let body = if whole {
        let line = body.map(|piece| {
            // Line breaks between the values of a document mean nothing, and would end an event.
            piece.map(|bytes| {
                let bytes: Vec<u8> = bytes
                    .into_iter()
                    .filter(|b| !matches!(b, b'\n' | b'\r'))
                    .collect();
                bytes
            })
        });
        let begin = stream::once(async { Ok(b"data: ".to_vec()) });
        let end = stream::once(async { Ok(b"\n\ndata: [DONE]\n\n".to_vec()) });
        Body::wrap_stream(begin.chain(line).chain(end))
    } else {
        Body::wrap_stream(body)
    };
    let mut events = http::Response::new(body);
    events
        .headers_mut()
        .insert(CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"));
    Response::from(events)
}

/// A stream that fails where it is longer than it may be.
fn bounded<B: AsRef<[u8]>, E: std::error::Error + Send + Sync + 'static>(
    stream: impl Stream<Item = Result<B, E>>,
) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> {
    let mut left = MOST_BYTES;
    stream.map(move |piece| {
        let piece = piece.map_err(std::io::Error::other)?;
        let piece = piece.as_ref();
        left = left
            .checked_sub(piece.len())
            .ok_or_else(|| std::io::Error::other("more than an answer can be"))?;
        Ok(piece.to_vec())
    })
}
