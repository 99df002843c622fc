//! What a collector was told: spans, out of the bodies that were posted to it.

use std::collections::BTreeMap;

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;

use crate::sink::Sink;

/// A span.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// Which process said it: `service.name`.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The trace, 32 digits.
    pub trace: String,
    /// Its own id, 16 digits.
    pub id: String,
    /// Its parent's id; empty where it has none.
    pub parent: String,
    /// Its attributes as text.
    pub attributes: BTreeMap<String, String>,
}

/// The spans that were posted so far.
///
/// # Errors
/// A body is no export of traces.
pub fn spans(sink: &Sink) -> Result<Vec<Spoken>> {
    let mut all = Vec::new();
    for taken in sink.taken() {
        let export = ExportTraceServiceRequest::decode(taken.body.as_slice())?;
        for of_process in export.resource_spans {
            let about = of_process.resource.map(|resource| texts(&resource.attributes));
            let service = about
                .and_then(|mut about| about.remove("service.name"))
                .unwrap_or_default();
            for span in of_process.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                all.push(Spoken {
                    service: service.clone(),
                    name: span.name,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    attributes: texts(&span.attributes),
                });
            }
        }
    }
    Ok(all)
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes
        .iter()
        .filter_map(|one| Some((one.key.clone(), text(one.value.as_ref()?.value.as_ref()?))))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
