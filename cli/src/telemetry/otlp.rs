//! Traces by OTLP over HTTP. Spans wait in a line of bounded length for a thread that sends them; where the collector is
//! slow or away, they are dropped there, and nobody waits for it.
//!
//! Only our own spans leave, at `info`: what other crates put into theirs is whatever passes through them (R10).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use reqwest::Url;
use songwalker_jobs::{Config, trace};
use songwalker_schemas::ErrorCode;
use tokio::runtime::Handle;
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;

use crate::client::transport;
use crate::failure::Failure;
use crate::logging::{Listener, is_ours};

/// What others set for every program that sends traces.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// How long the collector may take for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long the end of the process waits for what is still to be sent.
const LAST: Duration = Duration::from_secs(3);

/// Traces that are being sent.
pub struct Traces(SdkTracerProvider);

/// Starts sending them, where a collector is named.
///
/// # Errors
/// The address of the collector is none.
pub fn start(config: &Config, part: Option<&str>) -> Result<Option<(Traces, Listener)>, Failure> {
    let settings = &config.telemetry;
    let of_all = || std::env::var(ENDPOINT).ok().filter(|url| !url.is_empty());
    let Some(endpoint) = settings.otlp_endpoint.clone().or_else(of_all) else {
        return Ok(None);
    };
    let wrong = |problem: String| {
        Failure::new(
            ErrorCode::InvalidRequest,
            format!("traces cannot be sent: {problem}"),
        )
        .with_hint("telemetry.otlp_endpoint is an address such as http://127.0.0.1:4318")
    };
    let base = Url::parse(&endpoint).map_err(|error| wrong(error.to_string()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector {
            client: transport::http(&base)?,
            runtime: Handle::current(),
            is_away: AtomicBool::new(false),
        })
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(ANSWER)
        .build()
        .map_err(|error| wrong(error.to_string()))?;
    let name = match part {
        Some(part) => format!("{}-{part}", settings.service_name),
        None => settings.service_name.clone(),
    };
    let of_process = [
        KeyValue::new("service.name", name),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            settings.sample_ratio,
        ))))
        .with_resource(Resource::builder_empty().with_attributes(of_process).build())
        .build();
    let listener = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("songwalker"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|said| is_ours(said) && *said.level() <= Level::INFO))
        .boxed();
    trace::install(Box::new(Contexts));
    Ok(Some((Traces(provider), listener)))
}

impl Traces {
    /// Sends what waits, as far as that goes within [`LAST`].
    pub async fn finish(self) {
        let shutdown = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST));
        let _ = tokio::time::timeout(2 * LAST, shutdown).await;
    }
}

/// The way to the collector. It is taken by a thread that knows no runtime, so each request is a task of ours.
#[derive(Debug)]
struct Collector {
    client: reqwest::Client,
    runtime: Handle,
    is_away: AtomicBool,
}

impl Collector {
    /// Says once that the collector went, and once that it came.
    fn tell(&self, takes: bool) {
        let was_away = self.is_away.swap(!takes, Ordering::Relaxed);
        if takes && was_away {
            tracing::info!("traces are taken again");
        } else if !takes && !was_away {
            tracing::warn!("the collector takes no traces; they are dropped until it does");
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(ANSWER);
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let answer = client.execute(request).await?;
            let status = answer.status();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        });
        let sent = sending.await;
        self.tell(matches!(&sent, Ok(Ok((status, _))) if status.is_success()));
        // The error would print the address.
        let (status, body) = sent?.map_err(reqwest::Error::without_url)?;
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        Ok(answer)
    }
}

/// The names of spans among processes.
struct Contexts;

impl trace::Tracer for Contexts {
    fn parent_of(&self, span: &Span) -> Option<String> {
        let context = span.context();
        let spoken = context.span();
        let named = spoken.span_context();
        named.is_valid().then(|| {
            format!(
                "00-{}-{}-{:02x}",
                named.trace_id(),
                named.span_id(),
                named.trace_flags().to_u8() & 1
            )
        })
    }

    fn continues(&self, span: &Span, traceparent: &str) {
        let mut parts = traceparent.split('-').skip(1);
        let mut next = || parts.next().unwrap_or_default();
        let (trace, parent, flags) = (next(), next(), next());
        let (Ok(trace), Ok(parent), Ok(flags)) = (
            TraceId::from_hex(trace),
            SpanId::from_hex(parent),
            u8::from_str_radix(flags, 16),
        ) else {
            return;
        };
        let remote = SpanContext::new(
            trace,
            parent,
            TraceFlags::new(flags & 1),
            true,
            TraceState::default(),
        );
        if remote.is_valid() {
            // A span that nobody hears has no parent either.
            let _ = span.set_parent(Context::new().with_remote_span_context(remote));
        }
    }
}
