//! Numbers as the pages write them: sizes, quantities with their units, days.

use songwalker_schemas::Timestamp;
use songwalker_schemas::table::Row;
use time::{Month, OffsetDateTime};

/// A size in decimal units: `861 kB`, `1.2 MB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..999_500 => format!("{} kB", (bytes + 500) / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// About three digits, a true minus, no idle zeros.
pub fn short(value: f64) -> String {
    let text = match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    match text {
        "-0" => "0".to_owned(),
        _ => text.replace('-', "−"),
    }
}

/// A span in the unit that suits it.
pub fn span_ms(ms: f64) -> String {
    match ms {
        ms if ms < 0.5 => "0 ms".to_owned(),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms => format!("{} s", short(ms / 1e3)),
    }
}

/// A parameter's value with its unit.
pub fn quantity(row: &Row, value: f64) -> String {
    match row.unit {
        "s" => span_ms(value * 1e3),
        "Hz" if value.abs() >= 1_000.0 => format!("{} kHz", short(value / 1e3)),
        "" if row.min == 0.0 && row.max == 1.0 => format!("{:.0} %", value * 100.0),
        "" => short(value),
        unit => format!("{} {unit}", short(value)),
    }
}

/// The day of a moment, UTC: `27 November 2026`. Nothing beyond the year 9999.
pub fn day(moment: Timestamp) -> Option<String> {
    let nanoseconds = i128::from(moment.as_millis()) * 1_000_000;
    let date = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .ok()?
        .date();
    Some(format!("{} {} {}", date.day(), month(date.month()), date.year()))
}

const fn month(month: Month) -> &'static str {
    match month {
        Month::January => "January",
        Month::February => "February",
        Month::March => "March",
        Month::April => "April",
        Month::May => "May",
        Month::June => "June",
        Month::July => "July",
        Month::August => "August",
        Month::September => "September",
        Month::October => "October",
        Month::November => "November",
        Month::December => "December",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::params;

    #[test]
    fn sizes_change_their_unit_where_they_should() {
        for (size, wanted) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1 kB"),
            (860_385, "860 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (5_000_000, "5.0 MB"),
        ] {
            assert_eq!(bytes(size), wanted);
        }
    }

    #[test]
    fn numbers_have_few_digits_and_a_true_minus() {
        for (value, wanted) in [
            (0.0, "0"),
            (-0.001, "0"),
            (1.0, "1"),
            (-6.5, "−6.5"),
            (12.34, "12.3"),
            (99.96, "100"),
            (261.354, "261"),
        ] {
            assert_eq!(short(value), wanted);
        }
    }

    #[test]
    fn quantities_carry_the_unit_that_suits_them() {
        let row = |path| params::id(path).unwrap().row();
        assert_eq!(quantity(row("/modules/env/0/release_s"), 0.09), "90 ms");
        assert_eq!(quantity(row("/modules/env/0/release_s"), 2.327_065), "2.33 s");
        assert_eq!(quantity(row("/modules/filter/0/cutoff_hz"), 12_000.0), "12 kHz");
        assert_eq!(quantity(row("/modules/filter/0/cutoff_hz"), 261.6), "262 Hz");
        assert_eq!(quantity(row("/modules/fx/reverb/mix"), 0.838), "84 %");
        assert_eq!(quantity(row("/modules/filter/0/drive_db"), 6.5), "6.5 dB");
    }

    #[test]
    fn a_day_is_written_out() {
        assert_eq!(
            day(Timestamp::from_millis(1_700_000_000_123)),
            Some("14 November 2023".to_owned())
        );
        assert_eq!(day(Timestamp::from_millis(i64::MAX)), None);
    }
}
