//! Parts of an answer (RFC 9110, `Range`): one stretch of bytes. Anything else that a client may ask for is ignored,
//! and it gets everything, as the rules allow.

use actix_web::http::header::{self, HeaderMap};

use crate::conditional::Tag;

/// What of an answer is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything.
    All,
    /// From the first to the last of these bytes, both counted.
    Some {
        /// The first.
        first: usize,
        /// The last.
        last: usize,
    },
    /// The client asked for bytes that there are not.
    Nothing,
}

/// What a request asks of `length` bytes.
#[must_use]
pub fn part(headers: &HeaderMap, length: usize, tag: &Tag) -> Part {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &header::HeaderValue| value.to_str().ok())
    };
    let Some(range) = text(header::RANGE) else {
        return Part::All;
    };
    // A part of something else would not fit to what the client has.
    if text(header::IF_RANGE).is_some_and(|known| known != tag.as_str()) {
        return Part::All;
    }
    parse(range, length).unwrap_or(Part::All)
}

/// `None`: not of the form of one stretch.
fn parse(range: &str, length: usize) -> Option<Part> {
    let (unit, stretch) = range.trim().split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || stretch.contains(',') {
        return None;
    }
    let (first, last) = stretch.trim().split_once('-')?;
    let (first, last) = (digits(first.trim())?, digits(last.trim())?);
    let end = length.checked_sub(1);
    Some(match (first, last, end) {
        (None, None, _) => return None,
        (Some(first), Some(last), _) if last < first => return None,
        (_, _, None) | (None, Some(0), _) => Part::Nothing,
        (Some(first), _, Some(end)) if first > end => Part::Nothing,
        (Some(first), last, Some(end)) => Part::Some {
            first,
            last: last.unwrap_or(end).min(end),
        },
        (None, Some(count), Some(end)) => Part::Some {
            first: length.saturating_sub(count),
            last: end,
        },
    })
}

/// `Some(None)` for nothing; numbers that are too large count as the largest.
fn digits(text: &str) -> Option<Option<usize>> {
    if text.is_empty() {
        return Some(None);
    }
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| Some(text.parse().unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn asked(range: &str, length: usize) -> Part {
        let mut headers = HeaderMap::new();
        headers.append(header::RANGE, HeaderValue::from_str(range).unwrap());
        part(&headers, length, &Tag::named("x"))
    }

    const fn some(first: usize, last: usize) -> Part {
        Part::Some { first, last }
    }

    #[test]
    fn one_stretch_is_understood_in_all_its_forms() {
        assert_eq!(asked("bytes=0-0", 10), some(0, 0));
        assert_eq!(asked("bytes=2-5", 10), some(2, 5));
        assert_eq!(asked("bytes=2-", 10), some(2, 9));
        assert_eq!(asked("bytes=2-99", 10), some(2, 9));
        assert_eq!(asked("bytes=-3", 10), some(7, 9));
        assert_eq!(asked("bytes=-99", 10), some(0, 9));
        assert_eq!(asked("bytes=9-99999999999999999999999", 10), some(9, 9));
    }

    #[test]
    fn what_there_is_not_is_nothing_and_what_is_no_stretch_is_all() {
        for nothing in ["bytes=10-", "bytes=10-11", "bytes=-0"] {
            assert_eq!(asked(nothing, 10), Part::Nothing, "{nothing}");
        }
        assert_eq!(asked("bytes=0-", 0), Part::Nothing);
        for all in [
            "bytes=5-2",
            "bytes=-",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes",
            "",
        ] {
            assert_eq!(asked(all, 10), Part::All, "{all}");
        }
    }

    #[test]
    fn a_part_of_something_else_is_not_sent() {
        let mut headers = HeaderMap::new();
        headers.append(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        headers.append(header::IF_RANGE, HeaderValue::from_static("\"y\""));
        assert_eq!(part(&headers, 10, &Tag::named("x")), Part::All);
        assert_eq!(part(&headers, 10, &Tag::named("y")), some(0, 1));
    }
}
