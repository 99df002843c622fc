//! The document of this API, and a page to browse it: both built in, nothing comes from elsewhere.

use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa_swagger_ui::Config;

use super::Answer;
use crate::conditional::{Tag, not_modified};
use crate::document;
use crate::error::ApiError;

/// Read this document
#[utoipa::path(get, path = "/openapi.json", tag = "service", operation_id = "getOpenApi",
    responses(
        (status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json", headers(("ETag" = String, description = "Names this answer."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn openapi(request: HttpRequest) -> Answer {
    static TAG: LazyLock<Tag> = LazyLock::new(|| Tag::of(document::text().as_bytes()));
    if TAG.is_known(request.headers()) {
        return Ok(not_modified(&TAG));
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, TAG.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(document::text()))
}

/// What the page needs beyond a page of ours: styles that it writes itself and pictures within its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the page is called, in place of the program that draws it.
const TITLE: &str = "<title>SongWalker API</title>";
const THEIR_TITLE: &str = "<title>Swagger UI</title>";

/// `/docs`: where the page is.
pub async fn moved() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

/// `/docs/…`: the page and what it is made of.
pub async fn page(file: web::Path<String>) -> Answer {
    static CONFIG: LazyLock<Arc<Config<'static>>> =
        LazyLock::new(|| Arc::new(Config::from("/openapi.json").validator_url("none")));
    let served = utoipa_swagger_ui::serve(&file, Arc::clone(&CONFIG)).map_err(|error| {
        tracing::error!(error = %error, "page of the document not made");
        ApiError::internal()
    })?;
    let served = served.ok_or_else(|| ApiError::not_found("file"))?;
    let mut bytes = served.bytes.into_owned();
    if served.content_type.starts_with("text/html") && !served.gzpipped {
        bytes = String::from_utf8_lossy(&bytes)
            .replace(THEIR_TITLE, TITLE)
            .into_bytes();
    }
    let mut answer = HttpResponse::Ok();
    if served.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(answer
        .content_type(served.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(bytes))
}
