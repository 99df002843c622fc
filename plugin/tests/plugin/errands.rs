//! What goes wrong while something is fetched is told, and what sounds goes on to the bit; what was replaced comes back.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::desk::{Desk, RATE, content, off, on, peak};
use crate::fake::{Fake, say};
use songwalker_plugin::errands::Errands;
use songwalker_plugin::instance::{Instance, Putting};
use songwalker_plugin::load::MAX_BYTES;
use songwalker_plugin::params::put;
use songwalker_plugin::settings::Settings;
use songwalker_schemas::PatchSpec;

/// Longest wait for an errand.
const PATIENCE: Duration = Duration::from_secs(60);

fn errands(instance: &Arc<Instance>, server: &str) -> (Errands, Receiver<()>) {
    let (ended, heard) = channel();
    let settings = Settings {
        server: server.to_owned(),
        ..Settings::default()
    };
    let notify = Arc::new(move || ended.send(()).unwrap_or_default());
    (Errands::new(instance.clone(), settings, notify), heard)
}

/// The error that an errand ends with.
fn problem(instance: &Instance, heard: &Receiver<()>) -> String {
    loop {
        heard.recv_timeout(PATIENCE).expect("the errand ends");
        if let Some(message) = instance.newest_message() {
            assert!(message.is_error, "{message:?}");
            instance.clear_messages();
            return message.text;
        }
    }
}

fn hostile_files(folder: &Path) -> Vec<&'static str> {
    let patch = PatchSpec::default().to_canonical();
    let newer = String::from_utf8(patch.clone())
        .expect("text")
        .replace(r#""schema_version":"1.0""#, r#""schema_version":"9.0""#);
    assert_ne!(newer.as_bytes(), patch, "the version stands elsewhere");
    let deep = "[".repeat(100_000);
    let files: [(&str, &[u8]); 6] = [
        ("cut.json", &patch[..patch.len() / 2]),
        ("newer.json", newer.as_bytes()),
        ("deep.json", deep.as_bytes()),
        ("broken.zip", b"PK\x03\x04 and no more"),
        ("made-up.vital", br#"{"settings": 3}"#),
        ("empty.zip", b""),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
    let huge = std::fs::File::create(folder.join("huge.json")).expect("a file");
    huge.set_len(MAX_BYTES as u64 + 1).expect("a hole");
    let mut names: Vec<_> = files.map(|(name, _)| name).to_vec();
    names.extend(["huge.json", "none.zip", "."]);
    names
}

#[test]
fn whatever_is_wrong_with_a_file_or_a_server_is_told_and_the_sound_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = hostile_files(folder.path());
    let lies = Fake::new(|_, _, stream| say(stream, "200 OK", b"<html>no bundle</html>"));
    let refuses = Fake::new(|_, _, stream| say(stream, "404 Not Found", b"{}"));
    let vanishes = Fake::new(|_, _, _| ());
    let links = [&lies, &refuses, &vanishes].map(|server| server.link());

    let mut desk = Desk::new();
    let mut quiet = Desk::new();
    let (errands, heard) = errands(&desk.instance, "");
    let mut told = Vec::new();
    let mut play = |desk: &mut Desk| {
        let half = RATE as usize / 2;
        let ours = desk.play(half, &[256, 31], &[(0, on(60)), (half - 64, off(60))]);
        let theirs = quiet.play(half, &[256, 31], &[(0, on(60)), (half - 64, off(60))]);
        assert!(peak(&ours.main[0]) > 0.01);
        assert_eq!(ours, theirs, "what sounds has changed");
    };
    for name in names {
        errands.load_file(0, folder.path().join(name));
        told.push(problem(&desk.instance, &heard));
        play(&mut desk);
    }
    for link in links
        .iter()
        .map(String::as_str)
        .chain(["no link", "http://127.0.0.1:1/s/abc"])
    {
        errands.load_link(0, link.to_owned());
        told.push(problem(&desk.instance, &heard));
        play(&mut desk);
    }
    for text in &told {
        assert!(text.len() < 400 && text.ends_with('.'), "{text}");
    }
    assert!(
        told[1].contains("newer SongWalker") && told[7].contains("no such file"),
        "{told:#?}"
    );
    assert!(desk.instance.undo_told().is_none(), "nothing was replaced");
}

#[test]
fn a_server_that_lies_or_vanishes_makes_no_sound_and_says_so() {
    let desk = Desk::new();
    for answer in ["{}", "", "{\"job_id\":\"../../x\",\"state\":\"succeeded\"}"] {
        let server = Fake::new(move |_, _, stream| say(stream, "200 OK", answer.as_bytes()));
        let (errands, heard) = errands(&desk.instance, &server.address);
        errands.generate(0, "warm pad".to_owned(), 0);
        let text = problem(&desk.instance, &heard);
        assert!(text.contains("server"), "{text}");
        // The last word of an errand comes after its message.
        while errands.progress().is_some() {
            heard.recv_timeout(PATIENCE).expect("the errand ends");
        }
    }
    assert_eq!(desk.instance.rack().present().count(), 1);
}

#[test]
fn what_was_replaced_or_removed_comes_back_with_its_parameters() {
    let desk = Desk::new();
    let instance = &desk.instance;
    let first = &desk.params.slots[0];
    put(&first.volume, -12.0);
    let loud = first.normalized();
    let other = PatchSpec {
        name: "Other".to_owned(),
        ..PatchSpec::default()
    };
    instance
        .install(instance.claim(0), Putting::of(content(&other)))
        .expect("plays");
    instance.route(0, |routing, _| routing.transpose = 7);
    instance.remove(0);
    assert!(instance.rack().slots[0].is_none());

    assert_eq!(
        instance.undo_told().as_deref(),
        Some("Bring Other back to slot 1")
    );
    let before = instance.undo().expect("a step").remove(0);
    assert_eq!((before.place, &before.values), (0, &loud));
    let slot = instance.rack().slots[0].clone().expect("a slot");
    assert_eq!((slot.content.name(), slot.routing.transpose), ("Other", 7));

    instance.exchange(0, 3);
    assert!(instance.rack().slots[0].is_none());
    assert_eq!(instance.undo().map(|step| step.len()), Some(2));
    instance.undo().expect("a step");
    let slot = instance.rack().slots[0].clone().expect("a slot");
    assert_eq!((slot.content.name(), slot.routing.transpose), ("Init", 0));
    assert!(instance.undo().is_none() && instance.undo_told().is_none());
}

#[test]
fn a_new_sound_is_not_trimmed_as_the_one_before_it_was() {
    let mut desk = Desk::new();
    desk.instance.route(0, |_, trim_db| *trim_db = -6.0);
    let note = [(0, on(60))];
    let soft = peak(&desk.play(4_800, &[256], &note).main[0]);
    desk.instance
        .install(
            desk.instance.claim(0),
            Putting::of(content(&PatchSpec::default())),
        )
        .expect("plays");
    desk.play(9_600, &[256], &[(0, off(60))]);
    let loud = peak(&desk.play(4_800, &[256], &note).main[0]);
    assert!(loud > 1.8 * soft, "{loud} {soft}");
}

#[test]
fn what_was_asked_for_later_and_what_became_of_the_slot_win_over_a_late_sound() {
    let desk = Desk::new();
    let instance = &desk.instance;
    let named = |name: &str| {
        let patch = PatchSpec {
            name: name.to_owned(),
            ..PatchSpec::default()
        };
        Putting::of(content(&patch))
    };
    let name = || {
        instance.rack().slots[0]
            .as_ref()
            .map(|slot| slot.content.name().to_owned())
    };
    let (early, late) = (instance.claim(0), instance.claim(0));
    assert_eq!(instance.install(late, named("Late")), Ok(true));
    assert_eq!(instance.install(early, named("Early")), Ok(false));
    assert_eq!(name().as_deref(), Some("Late"));
    let waiting = instance.claim(0);
    instance.remove(0);
    assert_eq!(instance.install(waiting, named("Back")), Ok(false));
    assert_eq!(name(), None, "a slot that was taken away came back");
    let (here, there) = (instance.claim(1), instance.claim(2));
    assert_eq!(instance.install(here, named("Here")), Ok(true));
    instance.exchange(1, 2);
    assert_eq!(instance.install(there, named("There")), Ok(false));
    // A sound in a place without a slot makes one, with nothing of the one that was there.
    put(&desk.params.slots[0].mute, true);
    put(&desk.params.slots[0].attack, 0.5);
    assert_eq!(instance.install(instance.claim(0), named("New")), Ok(true));
    assert!(!desk.params.slots[0].mute.value() && desk.params.slots[0].attack.value() == 0.0);
}

#[test]
fn both_sides_of_a_comparison_keep_their_knobs_and_a_variation_what_was_turned() {
    let desk = Desk::new();
    let instance = &desk.instance;
    let template = songwalker_generator::templates::all().next().expect("a template");
    let one = content(&template.base);
    let at_rest = one.macros();
    instance
        .install(instance.claim(0), Putting::of(one))
        .expect("plays");
    let knobs = || desk.params.slots[0].macro_places();
    let turn = |value: f32| put(&desk.params.slots[0].macros[0].amount, value);
    turn(0.9);
    let (errands, heard) = errands(instance, "");
    errands.keep_other(0);
    turn(0.1);
    let settle = |wanted: f32| {
        while knobs()[0] != wanted {
            heard.recv_timeout(PATIENCE).expect("the errand ends");
        }
    };
    errands.compare(0);
    settle(0.9);
    errands.compare(0);
    settle(0.1);
    assert_eq!(knobs()[1..], at_rest[1..]);
    instance.undo().expect("a comparison can be undone");
    assert_eq!(knobs()[0], 0.9);
}
