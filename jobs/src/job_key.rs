//! The job key (R2): what makes two requests the same. A keyed hash, so that it says nothing about the prompt to who
//! has not the user's secret.

use serde_json::json;
use songwalker_schemas::canonical;
use songwalker_schemas::job::{JobKind, PlannerChoice};

/// Every field of a request that can change an artifact, in normal form.
#[derive(Debug)]
pub struct KeyFields<'a> {
    /// What is made.
    pub kind: JobKind,
    /// The prompt.
    pub prompt: &'a str,
    /// The tags, sorted.
    pub tags: &'a [String],
    /// The template.
    pub template_id: Option<&'a str>,
    /// The seed.
    pub seed: u64,
    /// How many variations.
    pub variations: u8,
    /// The planner, settled: never `auto`.
    pub planner: PlannerChoice,
    /// The language model that it asks, where it asks one.
    pub model: Option<&'a str>,
    /// The parent's manifest hash.
    pub parent: Option<&'a str>,
    /// The generator.
    pub generator_version: &'a str,
}

/// The key, lower-case hex.
#[must_use]
pub fn job_key(secret: &[u8; 32], fields: &KeyFields) -> String {
    let mut fields_of = json!({
        "kind": fields.kind, "prompt": fields.prompt, "tags": fields.tags, "template_id": fields.template_id,
        "seed": fields.seed, "variations": fields.variations, "planner": fields.planner,
        "parent": fields.parent, "generator_version": fields.generator_version,
    });
    // Keys of requests that no model has to do with stay what they were before there were models.
    if let Some(model) = fields.model {
        fields_of["model"] = json!(model);
    }
    let text = canonical::to_string(&fields_of);
    blake3::keyed_hash(secret, text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> KeyFields<'static> {
        KeyFields {
            kind: JobKind::Patch,
            prompt: "warm pad",
            tags: &[],
            template_id: None,
            seed: 0,
            variations: 3,
            planner: PlannerChoice::Embedded,
            model: None,
            parent: None,
            generator_version: "1",
        }
    }

    #[test]
    fn r2_every_field_and_the_secret_change_the_key() {
        let secret = [7; 32];
        let tags = ["x".to_owned()];
        let base = job_key(&secret, &fields());
        assert_eq!(base, job_key(&secret, &fields()));
        let others = [
            job_key(&[8; 32], &fields()),
            job_key(
                &secret,
                &KeyFields {
                    prompt: "warm  pad",
                    ..fields()
                },
            ),
            job_key(
                &secret,
                &KeyFields {
                    tags: &tags,
                    ..fields()
                },
            ),
            job_key(
                &secret,
                &KeyFields {
                    template_id: Some("x"),
                    ..fields()
                },
            ),
            job_key(&secret, &KeyFields { seed: 1, ..fields() }),
            job_key(
                &secret,
                &KeyFields {
                    variations: 2,
                    ..fields()
                },
            ),
            job_key(
                &secret,
                &KeyFields {
                    planner: PlannerChoice::Llm,
                    ..fields()
                },
            ),
            job_key(
                &secret,
                &KeyFields {
                    model: Some("small"),
                    ..fields()
                },
            ),
            job_key(
                &secret,
                &KeyFields {
                    parent: Some("x"),
                    ..fields()
                },
            ),
            job_key(
                &secret,
                &KeyFields {
                    generator_version: "2",
                    ..fields()
                },
            ),
        ];
        let mut all: Vec<&String> = others.iter().chain([&base]).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), others.len() + 1);
    }
}
