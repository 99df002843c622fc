//! Moments as the API writes them (RFC 3339, UTC) as milliseconds, and a fixed sequence of moments that look random.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Milliseconds since 1970 of a field of a job.
pub fn millis(job: &Value, field: &str) -> Result<f64> {
    job[field]
        .as_str()
        .with_context(|| format!("no {field} in {job}"))
        .and_then(parse)
}

fn parse(text: &str) -> Result<f64> {
    let numbers = |part: &str, by: char| -> Result<Vec<f64>> {
        part.split(by)
            .map(|n| n.parse().with_context(|| format!("{text}: not a moment")))
            .collect()
    };
    let (date, time) = text
        .strip_suffix('Z')
        .and_then(|t| t.split_once('T'))
        .with_context(|| format!("{text}: not a moment in UTC"))?;
    let (date, time) = (numbers(date, '-')?, numbers(time, ':')?);
    ensure!(date.len() == 3 && time.len() == 3, "{text}: not a moment");
    let day = days(date[0] as i64, date[1] as i64, date[2] as i64) as f64;
    Ok(((day * 24.0 + time[0]) * 60.0 + time[1]) * 60_000.0 + (time[2] * 1000.0).round())
}

/// Days since 1970-01-01 of a date of our calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Shares of a span, 0..1, by a linear congruence (Knuth's MMIX): the same ones each time.
pub fn shares() -> impl Iterator<Item = f64> {
    let mut state = 12_345_u64;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_counted_from_1970() {
        assert_eq!(parse("1970-01-01T00:00:00Z").unwrap(), 0.0);
        assert_eq!(parse("2000-03-01T00:00:00.5Z").unwrap(), 951_868_800_500.0);
        assert_eq!(parse("2024-02-29T23:59:59.123Z").unwrap(), 1_709_251_199_123.0);
        assert!(parse("2024-02-29 23:59:59").is_err());
    }

    #[test]
    fn shares_fill_the_span_and_repeat() {
        let drawn: Vec<f64> = shares().take(100).collect();
        assert_eq!(drawn, shares().take(100).collect::<Vec<_>>());
        for tenth in 0..10 {
            let range = f64::from(tenth) / 10.0..f64::from(tenth + 1) / 10.0;
            assert!(drawn.iter().any(|share| range.contains(share)), "{range:?}");
        }
    }
}
