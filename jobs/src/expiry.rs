//! How long a key or a share works: the word of its maker, in the form that the wire has (`90d`, `12h`).
//!
//! Narrower than the configuration's spans: no zero, no milliseconds, no leading noughts, so that what is accepted is
//! exactly what the API's document says.

use std::time::Duration;

use songwalker_schemas::{ErrorCode, Fault};

use crate::config::Span;

/// Where the field stands in every request that has it.
const POINTER: &str = "/expires_in";

/// The span that `text` says, at most `most`.
///
/// # Errors
/// The fault, where it is of another form or longer.
pub fn parse(text: &str, most: Span) -> Result<Duration, Fault> {
    let fault = |problem: String| Fault {
        pointer: POINTER.to_owned(),
        problem,
    };
    if !is_of_form(text) {
        return Err(fault(
            "a whole number from 1 on with s, m, h or d, such as 12h or 90d".to_owned(),
        ));
    }
    match text.parse::<Span>() {
        Ok(span) if span <= most => Ok(span.duration()),
        _ => Err(fault(format!("at most {most}"))),
    }
}

/// The same as a refusal, for requests that have no other field.
///
/// # Errors
/// As [`parse`].
pub fn parse_alone(text: &str, most: Span) -> Result<Duration, crate::JobsError> {
    parse(text, most).map_err(|fault| crate::JobsError::refused_for(ErrorCode::InvalidRequest, vec![fault]))
}

/// `^[1-9][0-9]{0,7}[smhd]$`.
fn is_of_form(text: &str) -> bool {
    let Some(number) = text.strip_suffix(['s', 'm', 'h', 'd']) else {
        return false;
    };
    (1..=8).contains(&number.len())
        && number.bytes().all(|digit| digit.is_ascii_digit())
        && !number.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_the_documented_form_are_read_up_to_the_longest() {
        let most = Span::from_days(365);
        assert_eq!(parse("90d", most), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(parse("12h", most), Ok(Duration::from_secs(12 * 3_600)));
        assert_eq!(parse("1s", most), Ok(Duration::from_secs(1)));
        assert_eq!(parse("365d", most), Ok(Duration::from_secs(365 * 86_400)));
        for long in ["366d", "99999999d", "31536001s"] {
            let fault = parse(long, most).unwrap_err();
            assert_eq!(
                (fault.pointer.as_str(), fault.problem.as_str()),
                (POINTER, "at most 365d")
            );
        }
    }

    #[test]
    fn spans_of_another_form_are_refused() {
        for bad in [
            "",
            "0s",
            "01d",
            "1",
            "d",
            "1ms",
            "1 d",
            "-1d",
            "+1d",
            "1.5h",
            "123456789s",
            "1D",
            "١d",
            "1d ",
            "keep",
        ] {
            assert!(parse(bad, Span::from_days(365)).is_err(), "{bad:?}");
        }
    }
}
