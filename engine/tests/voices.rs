//! Which voices sound: those that fall silent are freed, those that are replaced fade, those that wait come back.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

#[path = "support/tones.rs"]
mod tones;

use songwalker_engine::math;
use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::lfo::LfoMode;
use songwalker_schemas::patch::rate::RateMode;
use songwalker_schemas::patch::voicing::{Override, Priority, VoicingMode};
use songwalker_schemas::patch::{Route, Source};
use tones::sine;

const RATE: u32 = 44_100;

fn player(patch: &PatchSpec) -> PatchPlayer {
    PatchPlayer::new(patch, RATE, 0).expect("a player")
}

fn press(player: &mut PatchPlayer, key: u8) {
    let velocity = 0.8;
    assert!(player.handle(0, Event::NoteOn { key, velocity }));
}

fn let_go(player: &mut PatchPlayer, key: u8) {
    assert!(player.handle(0, Event::NoteOff { key, lift: 0.5 }));
}

/// The next seconds, left and right.
fn play(player: &mut PatchPlayer, seconds: f64) -> [Vec<f32>; 2] {
    let frames = (seconds * f64::from(RATE)) as usize;
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    player.process(&mut left, &mut right);
    [left, right]
}

fn level(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|x| f64::from(x * x)).sum();
    math::sqrt(power / samples.len().max(1) as f64)
}

/// The sounding key, by zero crossings of a sine.
fn key(samples: &[f32]) -> f64 {
    let crossings = samples
        .windows(2)
        .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
        .count();
    math::hz_to_note(crossings as f64 * f64::from(RATE) / samples.len() as f64)
}

#[test]
fn a_voice_without_sustain_is_freed_when_its_key_goes_up_and_not_before() {
    let mut patch = sine();
    let env = &mut patch.modules.env[0];
    (env.decay_s, env.sustain, env.release_s) = (0.05, 0.0, 4.0);
    let mut player = player(&patch);
    press(&mut player, 60);
    play(&mut player, 0.5);
    assert_eq!(player.sounding(), 1, "a held key keeps its voice");
    let_go(&mut player, 60);
    play(&mut player, 0.01);
    assert_eq!(player.sounding(), 0);
}

#[test]
fn a_whole_chord_replaced_by_another_fades_for_fifty_milliseconds() {
    let mut patch = sine();
    patch.modules.voicing.voices = 8;
    let mut player = player(&patch);
    (40..48).for_each(|key| press(&mut player, key));
    play(&mut player, 0.2);
    (60..68).for_each(|key| press(&mut player, key));
    play(&mut player, 0.04);
    assert_eq!(player.sounding(), 16, "the old voices fade beside the new");
    play(&mut player, 0.02);
    assert_eq!(player.sounding(), 8);
}

#[test]
fn a_voice_that_is_taken_does_not_click() {
    for override_mode in [Override::Kill, Override::Steal] {
        let mut patch = sine();
        // Slow enough that the new note itself has nothing above 12 kHz.
        patch.modules.env[0].attack_s = 0.05;
        patch.modules.voicing.voices = 2;
        patch.modules.voicing.override_mode = override_mode;
        let mut player = player(&patch);
        press(&mut player, 45);
        press(&mut player, 50);
        play(&mut player, 0.5);
        // At eight places of the wave that ends.
        for taken in 0..8 {
            press(&mut player, 52 + taken);
            let [left, right] = play(&mut player, 0.1 + 0.001 * f64::from(taken));
            let clicks = tones::high_share([&left, &right]);
            assert!(clicks <= -50.0, "{override_mode}, note {taken}: {clicks:.1} dB");
        }
    }
}

#[test]
fn keys_come_back_in_turns() {
    let back = |priority: Priority| {
        let mut patch = sine();
        patch.modules.voicing.mode = VoicingMode::Mono;
        patch.modules.voicing.priority = priority;
        let mut player = player(&patch);
        for key in [48, 55, 60] {
            press(&mut player, key);
            play(&mut player, 0.1);
        }
        let_go(&mut player, 60);
        play(&mut player, 0.2);
        press(&mut player, 64);
        play(&mut player, 0.2);
        let_go(&mut player, 64);
        play(&mut player, 0.3);
        let [left, _] = play(&mut player, 1.0);
        key(&left).round()
    };
    assert_eq!(back(Priority::Oldest), 48.0);
    assert_eq!(back(Priority::Newest), 55.0);
    assert_eq!(back(Priority::RoundRobin), 55.0, "48 had its turn");
}

#[test]
fn sides_have_amplitudes_of_their_own() {
    let mut patch = sine();
    patch.modules.env[0].sustain = 1.0;
    patch.modulation.routes = vec![Route::new(Source::Stereo, "/modules/env/0/sustain", -0.5)];
    let mut player = player(&patch);
    press(&mut player, 60);
    play(&mut player, 2.0);
    let [left, right] = play(&mut player, 0.5);
    // Half the sustain is a quarter of the amplitude.
    let decibels = math::gain_to_db(level(&left) / level(&right));
    assert!((decibels + 12.04).abs() < 0.05, "{decibels} dB");
}

#[test]
fn one_key_of_two_is_bent_and_its_next_note_is_straight_again() {
    let mut player = player(&sine());
    press(&mut player, 57);
    assert!(player.handle(
        0,
        Event::KeyBend {
            key: 57,
            semitones: 3.5
        }
    ));
    let bent = key(&play(&mut player, 0.5)[0][4_410..]);
    assert!((bent - 60.5).abs() < 0.2, "{bent}");
    assert!(player.handle(
        0,
        Event::KeyBend {
            key: 58,
            semitones: 9.0
        }
    ));
    let other = key(&play(&mut player, 0.5)[0]);
    assert!(
        (other - 60.5).abs() < 0.2,
        "another key's bend moved it to {other}"
    );
    let_go(&mut player, 57);
    play(&mut player, 0.5);
    press(&mut player, 57);
    let straight = key(&play(&mut player, 0.5)[0][4_410..]);
    assert!((straight - 57.0).abs() < 0.2, "{straight}");
}

#[test]
fn a_lower_limit_fades_the_oldest_voices_and_a_higher_one_is_the_patchs_own() {
    let mut patch = sine();
    patch.modules.voicing.voices = 6;
    let mut player = player(&patch);
    (50..56).for_each(|key| press(&mut player, key));
    play(&mut player, 0.1);
    player.set_polyphony(2);
    assert_eq!((player.playing(), player.sounding()), (2, 6), "the others fade");
    play(&mut player, 0.1);
    assert_eq!(player.sounding(), 2);
    player.set_polyphony(64);
    (60..70).for_each(|key| press(&mut player, key));
    play(&mut player, 0.01);
    assert_eq!(player.playing(), 6);
}

#[test]
fn a_synced_lfo_stands_where_the_song_is() {
    let mut patch = sine();
    let lfo = &mut patch.modules.lfo[0];
    lfo.mode = LfoMode::Sync;
    (lfo.rate.mode, lfo.rate.hz) = (RateMode::Hz, 0.5);
    patch
        .modulation
        .routes
        .push(Route::new(Source::Lfo0, "/modules/osc/0/level", 0.5));
    let sound = |from_s: f64, seek_s: Option<f64>| {
        let mut player = player(&patch);
        play(&mut player, from_s);
        if let Some(seconds) = seek_s {
            player.seek(seconds);
        }
        press(&mut player, 57);
        level(&play(&mut player, 0.1)[0])
    };
    let there = sound(1.0, None);
    assert!((sound(0.0, Some(1.0)) - there).abs() < 0.02 * there);
    assert!(
        (sound(0.0, None) - there).abs() > 0.2 * there,
        "the LFO is not heard"
    );
}
