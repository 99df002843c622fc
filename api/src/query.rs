//! The part of an address behind the question mark: every parameter is known, in order and there once, or the request
//! is refused with all that is wrong with it. A misspelt filter must not list everything.

use std::collections::BTreeMap;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, ResponseError, web};
use songwalker_schemas::limits::MAX_PAGE;
use songwalker_schemas::{ErrorCode, Faults};

use crate::error::ApiError;

/// Before operations that take no parameters: refuses whatever is given.
///
/// # Errors
/// What the service within could not even answer.
pub async fn refuse_any<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match Query::of(request.request(), &[]).done(()) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(error) => Ok(request.into_response(error.error_response())),
    }
}

/// Parameters by name, and what was wrong so far.
#[derive(Debug)]
pub struct Query {
    given: BTreeMap<String, String>,
    faults: Faults,
}

impl Query {
    /// The parameters of a request, of which these are known.
    #[must_use]
    pub fn of(request: &HttpRequest, known: &[&str]) -> Self {
        Self::parse(request.query_string(), known)
    }

    /// Where a page begins and how long it is, where nothing else may be asked.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn place(request: &HttpRequest) -> Result<(Option<String>, Option<u64>), ApiError> {
        let mut query = Self::of(request, &["cursor", "limit"]);
        let place = (query.cursor(), query.number("limit", MAX_PAGE));
        query.done(place)
    }

    fn parse(text: &str, known: &[&str]) -> Self {
        let mut query = Self {
            given: BTreeMap::new(),
            faults: Faults::new(),
        };
        let pairs = match web::Query::<Vec<(String, String)>>::from_query(text) {
            Ok(pairs) => pairs.into_inner(),
            Err(_) => {
                query.faults.push("", "the query cannot be read");
                Vec::new()
            }
        };
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                query.faults.push(place(&name), "unknown parameter");
            } else if query.given.insert(name.clone(), value).is_some() {
                query.faults.push(place(&name), "given twice");
            }
        }
        query
    }

    /// A text of at most so many characters.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        self.read(name, &format!("at most {most} characters"), |text| {
            (text.chars().count() <= most).then(|| text.to_owned())
        })
    }

    /// A cursor: the place behind which a page begins, as the page before told it.
    pub fn cursor(&mut self) -> Option<String> {
        self.read("cursor", "not one of ours", |text| {
            let (at, id) = text.split_once('.')?;
            let hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let is_ours = (1..=15).contains(&at.len()) && id.len() == 32 && hex(at) && hex(id);
            is_ours.then(|| text.to_owned())
        })
    }

    /// One of the words that `read` knows.
    pub fn word<T>(&mut self, name: &str, words: &[&str], read: fn(&str) -> Option<T>) -> Option<T> {
        self.read(name, &format!("must be one of {}", words.join(", ")), read)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "must be true or false", |text| text.parse().ok())
    }

    /// A whole number from 1 to `most`.
    pub fn number(&mut self, name: &str, most: u64) -> Option<u64> {
        self.read(
            name,
            &format!("must be a whole number from 1 to {most}"),
            |text| {
                let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse()
                    .ok()
                    .filter(|number| is_plain && (1..=most).contains(number))
            },
        )
    }

    fn read<T>(&mut self, name: &str, problem: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.given.get(name)?;
        let value = read(text);
        if value.is_none() {
            self.faults.push(place(name), problem);
        }
        value
    }

    /// The result, where nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub fn done<T>(self, result: T) -> Result<T, ApiError> {
        self.faults
            .into_result(result)
            .map_err(|faults| ApiError::faulty(ErrorCode::InvalidRequest, &faults))
    }
}

fn place(name: &str) -> String {
    let shown: String = name.chars().take(64).collect();
    format!("/{}", shown.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_listed() {
        let mut query = Query::parse(
            "starred=yes&limit=0&limit=5&stat=x&q=a%20b",
            &["starred", "limit", "q"],
        );
        assert_eq!(query.flag("starred"), None);
        assert_eq!(query.number("limit", 100), Some(5));
        assert_eq!(query.text("q", 3).as_deref(), Some("a b"));
        assert_eq!(query.faults.as_slice().len(), 3);
        assert!(query.done(()).is_err());
    }

    #[test]
    fn only_what_a_page_told_is_a_cursor() {
        let id = "0198c0de000070008000000000000000";
        let read = |text: &str| Query::parse(&format!("cursor={text}"), &["cursor"]).cursor();
        assert!(read(&format!("18bcfe56800.{id}")).is_some());
        for other in [
            String::new(),
            "18bcfe56800".to_owned(),
            format!(".{id}"),
            format!("-1.{id}"),
            format!("{}.{id}", "f".repeat(16)),
            format!("1.{}", &id[1..]),
            format!("1.{}", id.to_uppercase()),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    #[test]
    fn what_is_in_order_passes() {
        let mut query = Query::parse("starred=false", &["starred", "limit"]);
        assert_eq!(query.flag("starred"), Some(false));
        assert_eq!(query.number("limit", 100), None);
        assert!(query.done(()).is_ok());
        for wrong in ["0", "101", "+5", "5.0", "", "99999999999999999999"] {
            let mut query = Query::parse(&format!("limit={}", wrong.replace('+', "%2B")), &["limit"]);
            assert_eq!(query.number("limit", 100), None, "{wrong}");
            assert!(query.done(()).is_err(), "{wrong}");
        }
    }
}
