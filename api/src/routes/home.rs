//! The home page of the server, and the style and scripts of all pages.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::Answer;
use crate::error::ApiError;
use crate::pages::{self, assets};

/// `/`
pub async fn page() -> Answer {
    let html = pages::home().map_err(|error| {
        tracing::error!(error = %error, "page not made");
        ApiError::internal()
    })?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, pages::csp()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(html))
}

/// `/assets/{name}`
pub async fn asset(name: web::Path<String>) -> Answer {
    let (bytes, content_type) = pages::asset(&name).ok_or_else(|| ApiError::not_found("file"))?;
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, assets::CACHE))
        .body(bytes))
}
