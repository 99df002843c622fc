//! A browser's session: opened with a key, so that the page need not keep one.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};
use songwalker_jobs::access::{self, Credential};
use songwalker_jobs::{account, sessions};
use songwalker_schemas::wire::Session;

use super::{Answer, State};
use crate::access::{COOKIE, Signed};
use crate::peer;

/// Sign in
///
/// Opens a session for a browser: a cookie that no script sees. Whatever changes something must carry `X-CSRF-Token`
/// beside it. The session ends with the key that opened it.
#[utoipa::path(post, path = "/v1/session", tag = "account", operation_id = "signIn",
    responses((status = 200, description = "Who is signed in.", body = Session, headers(
        ("Set-Cookie" = String, description = "The session's cookie.")))))]
pub async fn open(state: State, signed: Signed, request: HttpRequest) -> Answer {
    let session = sessions::create(&state.system, &signed.0).await?;
    let user = account::me(&state.system, &signed.0).await?;
    let life = session.expires_at.since(state.system.clock.now());
    let cookie = cookie(&state, &request, session.cookie.expose())
        .max_age(Duration::seconds(
            i64::try_from(life.as_secs()).unwrap_or(i64::MAX),
        ))
        .finish();
    let csrf_token = Some(session.csrf_token.expose().to_owned());
    Ok(HttpResponse::Ok()
        .cookie(cookie)
        .json(Session { user, csrf_token }))
}

/// See who is signed in
#[utoipa::path(get, path = "/v1/session", tag = "account", operation_id = "getSession",
    responses((status = 200, description = "Who is signed in. Where a key asks, there is no CSRF token.", body = Session)))]
pub async fn show(state: State, signed: Signed, request: HttpRequest) -> Answer {
    let user = account::me(&state.system, &signed.0).await?;
    let csrf_token = match (signed.0.credential, request.cookie(COOKIE)) {
        (Credential::Session, Some(cookie)) => {
            let (_, token) = access::by_session(&state.system, cookie.value()).await?;
            Some(token.expose().to_owned())
        }
        _ => None,
    };
    Ok(HttpResponse::Ok().json(Session { user, csrf_token }))
}

/// Sign out
///
/// Ends the session. Where a key asks, there is none to end, which is fine.
#[utoipa::path(delete, path = "/v1/session", tag = "account", operation_id = "signOut",
    responses((status = 204, description = "It is ended.")))]
pub async fn end(state: State, signed: Signed, request: HttpRequest) -> Answer {
    if let (Credential::Session, Some(known)) = (signed.0.credential, request.cookie(COOKIE)) {
        sessions::end(&state.system, known.value()).await?;
    }
    let mut gone = cookie(&state, &request, "").finish();
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// A browser keeps no cookie for TLS that came without: on this machine the server is reached by plain HTTP too.
fn cookie(state: &State, request: &HttpRequest, value: &str) -> actix_web::cookie::CookieBuilder<'static> {
    let is_tls = state.hosts.is_public_tls(request.headers())
        || peer::is_tls(request.head(), &state.system.config.server.trusted_proxies);
    Cookie::build(COOKIE, value.to_owned())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_tls)
}
