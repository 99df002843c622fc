//! The body of a request: JSON, bounded in size and time, checked wholly before it becomes a type.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, web};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use songwalker_schemas::{ErrorCode, Faults};

use crate::doubled;
use crate::error::ApiError;
use crate::form::{self, Form};
use crate::state::ApiState;

/// A body that must be there.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A body that may be left out; then it is the default.
#[derive(Debug)]
pub struct OptionalBody<T>(pub T);

type Read<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl<T: Form + DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Read<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            is_json(&request)?;
            let bytes = bounded(&request, payload).await?;
            parse(&bytes).map(Self)
        })
    }
}

impl<T: Form + DeserializeOwned + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = ApiError;
    type Future = Read<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            if request.headers().contains_key(header::CONTENT_TYPE) {
                is_json(&request)?;
            }
            let bytes = bounded(&request, payload).await?;
            if bytes.is_empty() {
                return Ok(Self(T::default()));
            }
            is_json(&request)?;
            parse(&bytes).map(Self)
        })
    }
}

/// The content type must say JSON: what a form on a foreign page sends does not.
fn is_json(request: &HttpRequest) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    let text = |name| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase())
    };
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    if parts.next() != Some("application/json") {
        return refused("the body must be application/json");
    }
    let is_utf8 = |part: &str| {
        part.is_empty()
            || part
                .strip_prefix("charset=")
                .is_none_or(|set| set.trim_matches('"') == "utf-8")
    };
    if !parts.all(is_utf8) {
        return refused("the body must be in UTF-8");
    }
    match text(header::CONTENT_ENCODING).as_deref() {
        None | Some("" | "identity") => Ok(()),
        Some(_) => refused("the body must not be compressed"),
    }
}

/// All bytes of a body that is neither larger nor slower than allowed.
async fn bounded(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, ApiError> {
    let Some(state) = request.app_data::<web::Data<ApiState>>() else {
        return Err(ApiError::internal());
    };
    let server = &state.system.config.server;
    let most = server.body_bytes;
    let too_large = || ApiError::new(ErrorCode::PayloadTooLarge, format!("at most {most} bytes"));
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let all = async {
        let mut bytes = web::BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk
                .map_err(|_| ApiError::new(ErrorCode::InvalidRequest, "the body did not come wholly"))?;
            if bytes.len() + chunk.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    let limit = server.client_timeout.duration();
    tokio::time::timeout(limit, all)
        .await
        .unwrap_or_else(|_| Err(ApiError::new(ErrorCode::Timeout, "the body did not come in time")))
}

fn parse<T: Form + DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!(
            "{} at line {}, column {}",
            what(&error),
            error.line(),
            error.column()
        );
        ApiError::fault(ErrorCode::InvalidJson, "", place)
    })?;
    if let Some(again) = doubled::first(bytes) {
        let place = format!("given twice at line {}, column {}", again.line, again.column);
        return Err(ApiError::fault(ErrorCode::InvalidJson, &again.pointer, place));
    }
    form::settle::<T>(&mut value);
    let mut faults = Faults::new();
    form::check::<T>(&value, &mut faults);
    if faults.is_empty() {
        serde_json::from_value(value).map_err(|_| {
            ApiError::fault(
                ErrorCode::InvalidRequest,
                "",
                "the body is not of the form that this takes",
            )
        })
    } else {
        Err(ApiError::faulty(ErrorCode::InvalidRequest, &faults))
    }
}

/// What is wrong with the text, without any of it.
fn what(error: &serde_json::Error) -> &'static str {
    if error.is_eof() {
        "the text ends too early"
    } else {
        "no JSON"
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;
    use songwalker_schemas::wire::CreateJob;

    use super::*;

    #[test]
    fn text_that_is_no_json_gets_its_place_and_nothing_of_it() {
        for (text, place) in [
            ("{\"prompt\": secret}", "no JSON at line 1, column 12"),
            ("{\n  \"prompt\":", "the text ends too early at line 2, column 11"),
            ("", "the text ends too early at line 1, column 0"),
            ("{\"prompt\": \"\\ud800\"}", "no JSON at line 1, column 19"),
        ] {
            let error = parse::<CreateJob>(text.as_bytes()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidJson, "{text}");
            let body = format!("{error:?}");
            assert!(body.contains(place), "{text}: {body}");
            assert!(!body.contains("secret"), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(
            parse::<CreateJob>(deep.as_bytes()).unwrap_err().status_code(),
            400
        );
    }

    #[test]
    fn a_body_in_order_is_read() {
        let read: CreateJob = parse(br#"{"prompt": "pad", "template_id": null}"#).unwrap();
        assert_eq!(read, CreateJob::new("pad"));
    }
}
