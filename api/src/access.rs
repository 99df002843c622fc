//! Who may do what: stands before every operation that is not open to all. Finds the caller by key or session, counts
//! the request, asks for the scope that the table of operations names, and only then lets the handler run. Another
//! user's things are not found: that is the job domain's word, not this file's.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, ResponseError, web};
use futures::FutureExt;
use songwalker_jobs::access::{self, Caller};
use songwalker_jobs::ports::Decision;
use songwalker_jobs::sessions;
use songwalker_schemas::{ErrorCode, Scope};
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;

use crate::error::{ApiError, whole_seconds};
use crate::peer;
use crate::state::ApiState;

/// The cookie of a browser's session.
pub const COOKIE: &str = "songwalker_session";
/// Beside the cookie, with everything that changes something.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// How often a peer without a key that works may ask in a minute.
const FAILURES_PER_MINUTE: u32 = 120;
/// How often a peer may ask for shares in a minute: a page with its sound and picture is a handful of requests.
const GUESTS_PER_MINUTE: u32 = 600;

/// Who may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Everybody, but not too often: the address itself holds the secret.
    Guest,
    /// Whoever has a key or a session.
    Caller,
    /// Whoever has a key or a session with that scope.
    Scope(Scope),
}

/// The caller of an operation that is not open to all.
#[derive(Debug, Clone)]
pub struct Signed(pub Caller);

impl FromRequest for Signed {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("operation without a caller");
            ApiError::internal()
        }))
    }
}

/// Lets a request through to its handler, or answers in its place.
///
/// # Errors
/// Never: what is refused is an answer too.
pub async fn gate<B: MessageBody + 'static>(
    wanted: Access,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(state) = request.app_data::<web::Data<ApiState>>().cloned() else {
        return Ok(refuse(request, &ApiError::internal()));
    };
    let counted = match admit(&state, wanted, &request).await {
        Ok((caller, counted)) => {
            if let Some(caller) = caller {
                tracing::Span::current().record("user.id", tracing::field::display(caller.user_id));
                request.extensions_mut().insert(Signed(caller));
            }
            counted
        }
        Err((error, counted)) => {
            let mut answer = refuse(request, &error);
            tell(answer.headers_mut(), counted);
            return Ok(answer);
        }
    };
    let of_request = request.request().clone();
    let mut answer = match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(answer)) => answer.map_into_boxed_body(),
        Ok(Err(error)) => ServiceResponse::from_err(error, of_request),
        Err(_) => {
            tracing::error!("request panicked");
            ServiceResponse::new(of_request, ApiError::internal().error_response())
        }
    };
    tell(answer.headers_mut(), counted);
    Ok(answer)
}

type Admitted = (Option<Caller>, Option<Decision>);

async fn admit(
    state: &ApiState,
    wanted: Access,
    request: &ServiceRequest,
) -> Result<Admitted, (ApiError, Option<Decision>)> {
    let scope = match wanted {
        Access::Open => return Ok((None, None)),
        Access::Guest => {
            count_peer(state, request, "guest", GUESTS_PER_MINUTE).await?;
            return Ok((None, None));
        }
        Access::Caller => None,
        Access::Scope(scope) => Some(scope),
    };
    let caller = match caller(state, request).await {
        Ok(caller) => caller,
        Err(error) if error.code() == ErrorCode::Unauthenticated => {
            // Whoever has a key that works is never kept out by others who have none.
            count_peer(state, request, "failed", FAILURES_PER_MINUTE).await?;
            return Err((error, None));
        }
        Err(error) => return Err((error, None)),
    };
    let counted = count(state, &caller).await.map_err(|error| (error, None))?;
    if let Some(wait) = counted.and_then(|decision| decision.retry_after) {
        return Err((ApiError::rate_limited(wait), counted));
    }
    if let Some(Err(error)) = scope.map(|scope| caller.needs(scope)) {
        return Err((error.into(), counted));
    }
    Ok((Some(caller), counted))
}

/// Who asks: a key goes before a session.
async fn caller(state: &ApiState, request: &ServiceRequest) -> Result<Caller, ApiError> {
    let headers = request.headers();
    if headers.contains_key(header::AUTHORIZATION) {
        let token = bearer(headers).ok_or_else(unauthenticated)?;
        return Ok(access::by_bearer(&state.system, token).await?);
    }
    let cookie = request.cookie(COOKIE).ok_or_else(unauthenticated)?;
    let (caller, csrf_token) = access::by_session(&state.system, cookie.value()).await?;
    let sent = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !request.method().is_safe() && !sessions::is_csrf_token(&csrf_token, sent) {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            "a session needs its X-CSRF-Token to change something",
        ));
    }
    Ok(caller)
}

/// The one bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    let is_one = values.next().is_none();
    (is_one && scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}

fn unauthenticated() -> ApiError {
    songwalker_jobs::JobsError::Unauthenticated.into()
}

/// Counts a request of a user, where the user's plan has a limit.
async fn count(state: &ApiState, caller: &Caller) -> Result<Option<Decision>, ApiError> {
    let Some(limit) = caller.plan.requests_per_minute else {
        return Ok(None);
    };
    if !state.system.config.quotas.enabled {
        return Ok(None);
    }
    let limit = u32::try_from(limit).unwrap_or(0);
    let who = format!("user:{}", caller.user_id);
    let decision = state.system.limiter.take(&who, limit).await;
    Ok(Some(decision.map_err(songwalker_jobs::JobsError::from)?))
}

/// Counts a request of somebody whom nobody knows. What is left is told to those alone who have nothing left.
async fn count_peer(
    state: &ApiState,
    request: &ServiceRequest,
    what: &str,
    per_minute: u32,
) -> Result<(), (ApiError, Option<Decision>)> {
    if !state.system.config.quotas.enabled {
        return Ok(());
    }
    let proxies = &state.system.config.server.trusted_proxies;
    let who = format!("{what}:{}", peer::name(request.head(), proxies));
    let decision = state
        .system
        .limiter
        .take(&who, per_minute)
        .await
        .map_err(|error| (songwalker_jobs::JobsError::from(error).into(), None))?;
    match decision.retry_after {
        Some(wait) => Err((ApiError::rate_limited(wait), Some(decision))),
        None => Ok(()),
    }
}

fn refuse(request: ServiceRequest, error: &ApiError) -> ServiceResponse<BoxBody> {
    request.into_response(error.error_response())
}

/// Says how many requests are left.
fn tell(headers: &mut HeaderMap, counted: Option<Decision>) {
    let Some(decision) = counted else { return };
    for (name, number) in [
        ("ratelimit-limit", u64::from(decision.limit)),
        ("ratelimit-remaining", u64::from(decision.remaining)),
        ("ratelimit-reset", whole_seconds(decision.reset)),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_is_taken_and_nothing_else() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer swk_x"]).as_deref(), Some("swk_x"));
        assert_eq!(of(&["bearer  swk_x"]).as_deref(), Some("swk_x"));
        for other in [
            &["Basic x"][..],
            &["swk_x"],
            &["Bearer"],
            &[""],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(of(other), None, "{other:?}");
        }
    }

    async fn boom() -> &'static str {
        panic!("the canary of a panic");
    }

    #[tokio::test]
    async fn a_panic_becomes_a_fault_of_ours_without_its_words() {
        let system = songwalker_jobs::testing::system().await;
        let state = ApiState::of_test(&system);
        let app = actix_web::test::init_service(
            actix_web::App::new().app_data(web::Data::new(state)).route(
                "/",
                web::get()
                    .to(boom)
                    .wrap(actix_web::middleware::from_fn(|request, next| {
                        gate(Access::Open, request, next)
                    })),
            ),
        )
        .await;
        let request = actix_web::test::TestRequest::get().to_request();
        let answer = actix_web::test::call_service(&app, request).await;
        assert_eq!(answer.status(), 500);
        let body = actix_web::test::read_body(answer).await;
        let text = std::str::from_utf8(&body).unwrap();
        assert!(
            text.contains("\"internal\"") && !text.contains("canary"),
            "{text}"
        );
    }
}
