//! Canaries: secrets that a test plants, and the search for them in whatever form they may turn up: as they are,
//! percent-encoded, escaped as JSON, in base64 at any place of a longer text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A secret that may turn up nowhere.
#[derive(Debug, Clone)]
pub struct Canary {
    /// What it is.
    pub name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// A secret that is this text.
    #[must_use]
    pub fn new(name: &'static str, text: &str) -> Self {
        let mut forms = vec![("plain", text.as_bytes().to_vec())];
        let mut add = |form: &'static str, text: String| {
            if forms.iter().all(|(_, known)| known != text.as_bytes()) {
                forms.push((form, text.into_bytes()));
            }
        };
        add("escaped as JSON", json(text));
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        add("percent-encoded", percent(text, plain));
        add("percent-encoded", small_percent(text, plain));
        add("percent-encoded throughout", percent(text, |_| false));
        add("percent-encoded throughout", small_percent(text, |_| false));
        add(
            "as of a form",
            percent(text, |byte| plain(byte) || byte == b' ').replace(' ', "+"),
        );
        for before in 0..3 {
            add(
                "base64",
                within_base64(text, before, |bytes| STANDARD_NO_PAD.encode(bytes)),
            );
            add(
                "base64",
                within_base64(text, before, |bytes| URL_SAFE_NO_PAD.encode(bytes)),
            );
        }
        Self { name, forms }
    }

    /// In which form it is in `place`, and what stands around it.
    #[must_use]
    pub fn find(&self, place: &[u8]) -> Option<String> {
        self.forms.iter().find_map(|(form, bytes)| {
            let at = position(place, bytes)?;
            let around = &place[at.saturating_sub(200)..(at + bytes.len() + 100).min(place.len())];
            Some(format!("{form}: …{}…", String::from_utf8_lossy(around)))
        })
    }
}

/// Where `needle` begins in `hay`: quick, for logs are long.
fn position(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = hay.get(from..)?.iter().position(|byte| *byte == first) {
        if hay[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn percent(text: &str, stays: impl Fn(u8) -> bool) -> String {
    encoded(text, stays, |byte| format!("%{byte:02X}"))
}

fn small_percent(text: &str, stays: impl Fn(u8) -> bool) -> String {
    encoded(text, stays, |byte| format!("%{byte:02x}"))
}

fn encoded(text: &str, stays: impl Fn(u8) -> bool, code: impl Fn(u8) -> String) -> String {
    let one = |byte: u8| {
        if stays(byte) {
            char::from(byte).to_string()
        } else {
            code(byte)
        }
    };
    text.bytes().map(one).collect()
}

fn json(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
        escaped
    })
}

/// What of the base64 of a longer text depends on this part of it alone, where `before` bytes stand in its first group.
fn within_base64(text: &str, before: usize, encode: impl Fn(&[u8]) -> String) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text.as_bytes());
    let encoded = encode(&bytes);
    let from = [0, 2, 3][before];
    let whole = bytes.len() / 3 * 4;
    encoded[from..whole.max(from)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_found_in_every_form_and_not_where_it_is_not() {
        let secret = "zq7xk dünnes Pad/+";
        let canary = Canary::new("prompt", secret);
        let mut places = vec![
            format!("prompt={secret}"),
            "GET /?q=zq7xk%20d%C3%BCnnes%20Pad%2F%2B HTTP/1.1".to_owned(),
            "GET /?q=zq7xk%20d%c3%bcnnes%20Pad%2f%2b HTTP/1.1".to_owned(),
            "q=zq7xk+d%C3%BCnnes+Pad%2F%2B&x".to_owned(),
            "{\"prompt\":\"zq7xk d\\u00fcnnes Pad/+\"}".to_owned(),
        ];
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "!", "!!"] {
                places.push(STANDARD_NO_PAD.encode(format!("{before}{secret}{after}")));
                places.push(URL_SAFE_NO_PAD.encode(format!("{before}{secret}{after}")));
            }
        }
        for place in &places {
            let text = format!("some line {place} goes on");
            assert!(canary.find(text.as_bytes()).is_some(), "{place}");
        }
        for place in ["", "zq7x", "cHJvbXB0", "a warm pad"] {
            assert_eq!(canary.find(place.as_bytes()), None, "{place}");
        }
    }
}
