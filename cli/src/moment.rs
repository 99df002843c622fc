//! Times as people read them: how far away, and the second in UTC. Programs get the whole moment.

use songwalker_jobs::clock::{Clock, SystemClock};
use songwalker_schemas::Timestamp;

/// The second, in UTC.
pub fn second(at: Timestamp) -> String {
    let text = at.to_string();
    let whole: String = text
        .chars()
        .take("2026-01-31T12:00:00".len())
        .map(|c| if c == 'T' { ' ' } else { c })
        .collect();
    format!("{whole} UTC")
}

/// What is past: how long ago, and when.
pub fn past(at: Timestamp) -> String {
    format!("{} ({})", age(SystemClock::new().now(), at), second(at))
}

/// How long ago, in the unit that fits.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.since(then).as_secs();
    match seconds {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "yesterday".to_owned(),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_the_unit_that_fits() {
        let ago = |seconds: i64| age(Timestamp(seconds * 1_000), Timestamp(0));
        assert_eq!(
            [0, 59, 60, 3_599, 7_200, 90_000, 172_800].map(ago),
            [
                "just now",
                "just now",
                "1 min ago",
                "59 min ago",
                "2 h ago",
                "yesterday",
                "2 days ago"
            ]
        );
        assert_eq!(
            age(Timestamp(0), Timestamp(9_000)),
            "just now",
            "a clock that was set back"
        );
    }

    #[test]
    fn a_second_has_no_fraction() {
        assert_eq!(second(Timestamp(1_700_000_000_123)), "2023-11-14 22:13:20 UTC");
        assert_eq!(second(Timestamp(1_700_000_000_000)), "2023-11-14 22:13:20 UTC");
    }
}
