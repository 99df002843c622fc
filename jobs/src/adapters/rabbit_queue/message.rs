//! What a hint looks like in the broker: a small JSON object, and a W3C `traceparent` among the headers where there is
//! one.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use serde::{Deserialize, Serialize};
use songwalker_schemas::{JobId, JobKind};
use uuid::Uuid;

use crate::ports::Hint;
use crate::trace::is_traceparent;

const TRACE: &str = "traceparent";
/// Written to disk before it is confirmed.
const PERSISTENT: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Body {
    job_id: Uuid,
    kind: JobKind,
    class: String,
    quarantine: bool,
}

/// Body and properties of a hint.
pub(super) fn written(hint: &Hint) -> (Vec<u8>, BasicProperties) {
    let body = Body {
        job_id: hint.job_id.0,
        kind: hint.kind,
        class: hint.class.clone(),
        quarantine: hint.quarantine,
    };
    let mut properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into());
    if let Some(trace) = hint.trace.as_deref().filter(|trace| is_traceparent(trace)) {
        let mut headers = FieldTable::default();
        headers.insert(TRACE.into(), AMQPValue::LongString(trace.into()));
        properties = properties.with_headers(headers);
    }
    // Texts, a boolean: it is always written.
    (serde_json::to_vec(&body).unwrap_or_default(), properties)
}

/// The hint of a delivery; nothing where it is none of ours.
pub(super) fn read(delivery: &Delivery) -> Option<Hint> {
    let body: Body = serde_json::from_slice(&delivery.data).ok()?;
    Some(Hint {
        job_id: JobId(body.job_id),
        quarantine: body.quarantine,
        kind: body.kind,
        class: body.class,
        trace: trace(delivery),
    })
}

fn trace(delivery: &Delivery) -> Option<String> {
    let headers = delivery.properties.headers().as_ref()?;
    let AMQPValue::LongString(trace) = headers.inner().get(TRACE)? else {
        return None;
    };
    let trace = std::str::from_utf8(trace.as_bytes()).ok()?;
    is_traceparent(trace).then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(hint: &Hint) -> Delivery {
        let (body, properties) = written(hint);
        let mut delivery = Delivery::mock(1, "".into(), "".into(), false, body);
        delivery.properties = properties;
        delivery
    }

    #[test]
    fn a_hint_is_read_back_as_it_was_written() {
        let plain = Hint::of(JobId(Uuid::from_u128(7)));
        let traced = Hint {
            quarantine: true,
            class: "standard".to_owned(),
            trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            ..plain.clone()
        };
        for hint in [plain, traced] {
            let delivery = delivered(&hint);
            assert_eq!(delivery.properties.delivery_mode(), &Some(PERSISTENT));
            assert_eq!(read(&delivery), Some(hint));
        }
    }

    #[test]
    fn what_is_no_trace_does_not_travel() {
        for text in [
            "canary",
            "00-0af7-b7ad-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            let hint = Hint {
                trace: Some(text.to_owned()),
                ..Hint::of(JobId(Uuid::nil()))
            };
            assert_eq!(
                read(&delivered(&hint)).and_then(|hint| hint.trace),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_hint_is_not_read() {
        for body in [
            "",
            "{}",
            "null",
            r#"{"job_id":"x","kind":"patch","class":"","quarantine":false}"#,
        ] {
            let delivery = Delivery::mock(1, "".into(), "".into(), false, body.as_bytes().to_vec());
            assert_eq!(read(&delivery), None, "{body}");
        }
    }
}
