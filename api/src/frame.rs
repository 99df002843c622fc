//! What every answer has, whoever gives it: the headers that keep browsers from guessing and embedding, a form for
//! errors that nobody of ours wrote, a count, a span in the log. Stands outermost; knows patterns of addresses, never
//! the addresses themselves, because a share's address is its secret (R10).

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, ResponseError, web};
use songwalker_jobs::trace;
use songwalker_schemas::ErrorCode;
use tokio_util::context::TokioContext;
use tracing::Instrument;

use crate::error::{self, ApiError};
use crate::meter;
use crate::state::ApiState;

/// Says that an answer's form is its own affair, though it is no success and no envelope.
#[derive(Debug, Clone, Copy)]
pub struct OwnForm;

/// Around every request.
///
/// # Errors
/// What the services within could not even answer.
pub async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let began = Instant::now();
    let method = known(request.method());
    let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let span = tracing::info_span!(
        "request",
        http.method = method,
        http.route = route,
        http.status = tracing::field::Empty,
        user.id = tracing::field::Empty,
        job.id = tracing::field::Empty,
        key.id = tracing::field::Empty,
        share.id = tracing::field::Empty,
        webhook.id = tracing::field::Empty,
        subject.id = tracing::field::Empty,
    );
    let parent = request.headers().get("traceparent");
    trace::continues(&span, parent.and_then(|parent| parent.to_str().ok()));
    let mut answer = inner(request, next).instrument(span.clone()).await?;
    finish(answer.headers_mut());
    let status = answer.status().as_u16();
    let took = began.elapsed();
    meter::answered(method, &route, status, took);
    span.record("http.status", status);
    span.in_scope(|| tracing::debug!(http.duration_ms = took.as_millis(), "request answered"));
    Ok(answer)
}

async fn inner<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let state = request.app_data::<web::Data<ApiState>>().cloned();
    let Some(state) = state else {
        return Err(ApiError::internal().into());
    };
    if let Err(error) = state.hosts.check(request.method(), request.headers()) {
        return Ok(request.into_response(error.error_response()));
    }
    let answer = TokioContext::new(next.call(request), state.runtime.clone()).await?;
    Ok(enveloped(answer.map_into_boxed_body()))
}

/// An error that came without the envelope gets one.
fn enveloped(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    let is_json = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let is_own = answer.request().extensions().get::<OwnForm>().is_some();
    if is_json || is_own || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let code = ErrorCode::ALL
        .iter()
        .copied()
        .find(|code| error::status(*code) == status && *code != ErrorCode::Usage)
        .unwrap_or(if status.is_server_error() {
            ErrorCode::Internal
        } else {
            ErrorCode::InvalidRequest
        });
    let message = status.canonical_reason().unwrap_or("refused").to_lowercase();
    let (request, _) = answer.into_parts();
    let envelope = ApiError::new(code, message).under(status);
    ServiceResponse::new(request, envelope.error_response())
}

/// Headers that are the same everywhere; what an answer says of its own stays.
fn finish(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// A method's name; one that nobody knows is the client's own word, and not repeated.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "PUT" => "PUT",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// What no route takes.
pub async fn not_found() -> Result<&'static str, ApiError> {
    Err(ApiError::not_found("address"))
}

/// What a route takes by other methods only.
#[must_use]
pub fn method_not_allowed(allowed: &str) -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, format!("this takes {allowed}"))
        .under(StatusCode::METHOD_NOT_ALLOWED)
        .with(header::ALLOW, allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::{App, test};
    use tokio::runtime::{Builder, Handle};

    async fn where_it_runs() -> String {
        Handle::current().id().to_string()
    }

    #[tokio::test]
    async fn what_a_request_opens_lives_on_the_runtime_of_the_process() {
        let system = songwalker_jobs::testing::system().await;
        let state = ApiState::of_test(&system);
        let answered = std::thread::spawn(|| {
            let own = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let own_id = own.handle().id().to_string();
            let answer = own.block_on(async {
                let app = App::new()
                    .app_data(web::Data::new(state))
                    .route("/", web::get().to(where_it_runs))
                    .wrap(from_fn(around));
                let app = test::init_service(app).await;
                let asked = test::TestRequest::get().insert_header((header::HOST, "localhost"));
                test::call_and_read_body(&app, asked.to_request()).await
            });
            (own_id, answer)
        });
        let (own, answer) = tokio::task::spawn_blocking(|| answered.join())
            .await
            .expect("joined")
            .expect("answered");
        assert_eq!(answer, Handle::current().id().to_string());
        assert_ne!(answer, own);
    }
}
