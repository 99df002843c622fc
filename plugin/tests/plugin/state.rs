//! What a project keeps: everything comes back, and what is wrong leaves the old sound.

use crate::desk::{Desk, content, on, peak};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nice_plug::params::Params as _;
use songwalker_generator::templates;
use songwalker_plugin::content::{Content, PatchContent, Playable, Variation};
use songwalker_plugin::rack::{Channels, Other, Output, Rack, Routing};
use songwalker_plugin::state::{self, StateError};
use songwalker_schemas::PatchSpec;
use std::io::Write as _;

/// A patch as a file would give it: its numbers in canonical form.
fn as_read(patch: &PatchSpec) -> PatchSpec {
    PatchSpec::from_json(&patch.to_canonical()).expect("a patch")
}

fn full() -> Rack {
    let mut rack = Rack::default();
    let mut templates = templates::all().map(|template| {
        let assets = songwalker_generator::assets::PatchAssets::default();
        Playable::new(as_read(&template.base), assets)
    });
    let mut sound = || templates.next().expect("templates enough");
    let place = rack.add().expect("a place");
    let variation = |name: &str, sound| Variation {
        name: name.to_owned(),
        sound,
    };
    let slot = rack.slots[place].as_mut().expect("just added");
    slot.content = Content::Patch(PatchContent {
        base: sound(),
        variations: vec![variation("darker", sound()), variation("wider", sound())],
        chosen: 2,
        warnings: Vec::new(),
    });
    slot.other = Some(Other {
        content: content(&PatchSpec::default()),
        macros: [0.25; 8],
    });
    slot.trim_db = -3.5;
    slot.routing = Routing {
        channels: Channels::One(4),
        keys: (36, 72),
        velocities: (10, 120),
        transpose: -5,
        output: Output::Own,
    };
    rack.slots[15] = Some(songwalker_plugin::rack::Slot::new(Content::Empty));
    rack
}

#[test]
fn a_rack_comes_back_whole() {
    let rack = full();
    let text = state::write(&rack).expect("a text");
    let back = state::read(&text).expect("a rack");
    assert_eq!(state::write(&back).expect("a text"), text);
    let (slot, was) = (
        back.slots[1].as_ref().expect("a slot"),
        rack.slots[1].as_ref().expect("a slot"),
    );
    assert_eq!(slot.routing, was.routing);
    assert_eq!(slot.trim_db, was.trim_db);
    let sound = |content: &Content| content.sound().expect("a sound").patch.clone();
    assert_eq!(
        sound(&slot.content),
        sound(&was.content),
        "the variation that was chosen"
    );
    let other = slot.other.as_ref().expect("the other side");
    assert_eq!((other.content.name(), other.macros), ("Init", [0.25; 8]));
    let places: Vec<usize> = back.present().map(|(place, _)| place).collect();
    assert_eq!(places, [0, 1, 15]);
}

#[test]
fn sixteen_slots_of_one_patch_are_kept_once() {
    let one = state::write(&Rack::default()).expect("a text").len();
    let mut rack = Rack::default();
    while let Some(place) = rack.add() {
        rack.slots[place] = rack.slots[0].clone();
    }
    let sixteen = state::write(&rack).expect("a text").len();
    assert!(
        sixteen < one + one / 2,
        "{one} bytes for one, {sixteen} for sixteen"
    );
    assert!(one < 10_000, "{one} bytes");
}

fn packed(json: &str) -> String {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(json.as_bytes()).expect("memory");
    STANDARD.encode(packed.finish().expect("memory"))
}

#[test]
fn what_is_newer_damaged_or_made_up_is_refused() {
    let newer = state::read(&packed(r#"{"version":2,"everything":"else"}"#));
    assert!(matches!(newer, Err(StateError::TooNew(2))));
    let text = state::write(&full()).expect("a text");
    for hostile in [
        "",
        "%%%",
        &text[..text.len() / 2],
        &packed("{}"),
        &packed(r#"{"version":1,"patches":{},"slots":[{"place":99,"content":{"kind":"empty"}}]}"#),
        &packed(r#"{"version":1,"patches":{},"slots":[{"place":0,"content":{"kind":"patch","base":"ab"}}]}"#),
        &packed(
            r#"{"version":1,"patches":{"ab":{}},"slots":[{"place":0,"content":{"kind":"patch","base":"ab"}}]}"#,
        ),
    ] {
        assert!(state::read(hostile).is_err(), "{hostile:.40}");
    }
}

#[test]
fn a_project_that_cannot_be_read_leaves_the_old_sound_and_a_message() {
    let mut desk = Desk::with(&PatchSpec::default());
    let mut fields = desk.params.serialize_fields();
    fields.insert("rack".to_owned(), format!("{:?}", packed(r#"{"version":7}"#)));
    desk.params.deserialize_fields(&fields);
    let told = desk.instance.newest_message().expect("a message");
    assert!(
        told.is_error && told.text.contains("newer SongWalker"),
        "{}",
        told.text
    );
    assert!(peak(&desk.play(4_096, &[256], &[(0, on(60))]).main[0]) > 0.01);
    // What this plugin cannot read is saved as it came, until somebody changes something.
    let kept = desk.params.serialize_fields();
    assert_eq!(kept["rack"], fields["rack"]);
    desk.instance.route(0, |routing, _| routing.transpose = 1);
    let changed = desk.params.serialize_fields();
    assert_ne!(changed["rack"], fields["rack"]);
    assert!(state::read(changed["rack"].trim_matches('"')).is_ok());
}

#[test]
fn a_project_is_opened_while_audio_runs_and_sounds_as_it_was_saved() {
    let saved = Desk::with(&as_read(&templates::all().nth(3).expect("a template").base));
    let fields = saved.params.serialize_fields();
    let mut fresh = Desk::new();
    for (slot, was) in fresh.params.slots[0]
        .macros
        .iter()
        .zip(&saved.params.slots[0].macros)
    {
        // The framework restores the parameters first.
        songwalker_plugin::params::put(&slot.amount, was.amount.value());
    }
    fresh.params.deserialize_fields(&fields);
    let mut saved = saved;
    let play = |desk: &mut Desk| desk.play(24_000, &[256], &[(0, on(52))]).main;
    assert!(play(&mut fresh) == play(&mut saved));
}
