//! An artifact as an answer: named by the hash of its bytes, whole or a part of it, to be kept under its name.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder, web::Bytes};
use songwalker_jobs::artifacts::Artifact;
use songwalker_schemas::ErrorCode;

use crate::conditional::{Tag, not_modified};
use crate::error::ApiError;
use crate::range::{self, Part};

/// What a browser does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Shows or plays it where it stands.
    Inline,
    /// Keeps it as a file.
    Attachment,
}

/// The answer, or what of it was asked for.
///
/// # Errors
/// Bytes were asked for that there are not (416).
pub fn answer(
    headers: &HeaderMap,
    artifact: Artifact,
    disposition: Disposition,
) -> Result<HttpResponse, ApiError> {
    let tag = Tag::named(&artifact.sha256);
    if tag.is_known(headers) {
        return Ok(not_modified(&tag));
    }
    let length = artifact.bytes.len();
    let all = Bytes::from_owner(artifact.bytes);
    let is_ranged = is_ranged(artifact.content_type);
    let part = if is_ranged {
        range::part(headers, length, &tag)
    } else {
        Part::All
    };
    let (mut answer, bytes) = match part {
        Part::All => (HttpResponse::Ok(), all),
        Part::Some { first, last } => {
            let mut answer = HttpResponse::PartialContent();
            answer.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
            (answer, all.slice(first..=last))
        }
        Part::Nothing => {
            let error = ApiError::new(ErrorCode::InvalidRequest, format!("there are {length} bytes"))
                .under(StatusCode::RANGE_NOT_SATISFIABLE)
                .with(header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Err(error);
        }
    };
    name(&mut answer, disposition, &artifact.filename);
    if is_ranged {
        answer.insert_header((header::ACCEPT_RANGES, "bytes"));
    }
    Ok(answer
        .insert_header((header::ETAG, tag.as_str()))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .content_type(artifact.content_type)
        .body(bytes))
}

/// Sound and archives are large, and players jump; a part of a document is of no use to anybody.
fn is_ranged(content_type: &str) -> bool {
    content_type.starts_with("audio/") || content_type == "application/zip"
}

fn name(answer: &mut HttpResponseBuilder, disposition: Disposition, filename: &str) {
    let word = match disposition {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
    };
    let name: HeaderName = header::CONTENT_DISPOSITION;
    answer.insert_header((name, format!("{word}; {}", filename_parameters(filename))));
}

/// Twice: in ASCII for old readers, and whole in the form of RFC 5987.
fn filename_parameters(filename: &str) -> String {
    let plain: String = filename
        .chars()
        .map(|c| {
            if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut whole = String::new();
    for byte in filename.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    format!("filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_letters_stays_within_its_header() {
        assert_eq!(
            filename_parameters("Größe \"1\".zip"),
            "filename=\"Gr__e _1_.zip\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.zip"
        );
        let hostile = filename_parameters("a\r\nSet-Cookie: x=\\\"");
        assert!(!hostile.contains(['\r', '\n', '\\']), "{hostile}");
    }
}
