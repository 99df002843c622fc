//! A refined bundle: whole, the same twice, with a JSON Patch that the standard's own crate turns the parent into the
//! child with.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use serde_json::json;
use songwalker_generator::package::layout;
use songwalker_generator::pipeline::{self, Generated, Hooks};
use songwalker_generator::refine::{self, Parent};
use songwalker_generator::verify::verify;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::refinement::Refinement;

fn parent() -> Parent {
    let request = pipeline::Request {
        prompt: "warm analog pad".to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 3,
        variations: 0,
        parent: None,
    };
    let made = pipeline::generate(&request, &Hooks::none()).expect("made");
    Parent::of_zip(&made.bundle.zip).expect("a bundle")
}

fn refined(parent: &Parent, words: &str) -> Generated {
    let request = refine::Request {
        words,
        parent,
        seed: 0,
        variations: 0,
    };
    refine::refine(&request, &Hooks::none()).expect("refined")
}

fn applied(parent: &PatchSpec, refinement: &Refinement) -> Vec<u8> {
    let patch: json_patch::Patch = serde_json::from_value(json!(refinement.patch)).expect("a JSON Patch");
    let mut document = parent.to_value();
    json_patch::patch(&mut document, &patch).expect("it applies");
    PatchSpec::from_value(document).expect("a patch").to_canonical()
}

#[test]
fn a_refined_bundle_is_whole_and_the_same_twice_and_its_patch_leads_to_it() {
    let parent = parent();
    for words in [
        "darker and shorter",
        "no reverb, 800 Hz cutoff",
        "mono and an octave lower",
        "more movement",
    ] {
        let made = refined(&parent, words);
        let report = verify(&made.bundle.zip).expect("a sound bundle");
        assert_eq!(report.provenance.parent, parent.sha256);
        let stored: Refinement =
            serde_json::from_slice(&made.bundle.files[layout::REFINEMENT]).expect("a refinement");
        assert_eq!(Some(&stored), made.refinement.as_ref());
        assert_eq!(
            applied(&parent.patch, &stored),
            made.patch.to_canonical(),
            "{words}"
        );
        assert_eq!(made.bundle.zip, refined(&parent, words).bundle.zip, "{words}");
    }
}

#[test]
fn values_given_in_units_are_where_they_were_asked_to_be() {
    let parent = parent();
    let child = refined(&parent, "cutoff at 800 Hz, no chorus, 128 bpm").patch;
    assert!((child.modules.filter[0].cutoff_hz - 800.0).abs() < 1e-6);
    assert_eq!(child.meta.tempo_bpm, Some(128.0));
    let low = refined(&parent, "an octave lower").patch;
    for (was, is) in parent.patch.modules.osc.iter().zip(&low.modules.osc) {
        assert_eq!(is.transpose, was.transpose - 12);
    }
}

#[test]
fn what_is_not_spoken_of_keeps_its_parameters() {
    let parent = parent();
    let made = refined(&parent, "shorter");
    let ours = ["/modules/env/", "/modules/fx/", "/modules/voicing/master_db"];
    for operation in json!(made.refinement.expect("one").patch)
        .as_array()
        .expect("a list")
    {
        let path = operation["path"].as_str().expect("a path");
        assert!(ours.iter().any(|start| path.starts_with(start)), "{path}");
    }
}
