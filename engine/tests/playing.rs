//! What a player does with notes: block sizes, velocity, mono, legato, glide, pedal, stealing.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

#[path = "support/tones.rs"]
#[expect(dead_code, reason = "only the tone is played")]
mod tones;

use songwalker_engine::audio::Audio;
use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_engine::render::{Note, RenderError, RenderRequest, render};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::voicing::{Override, Priority, VoicingMode};
use songwalker_schemas::patch::{Route, Source};

const RATE: u32 = 44_100;

/// A plain sine with fixed phase and short envelopes.
fn sine() -> PatchSpec {
    let mut patch = tones::sine();
    patch.modules.env[0].release_s = 0.01;
    patch
}

fn played(patch: &PatchSpec, request: &RenderRequest) -> Audio {
    render(patch, request, &|| false).expect("a render")
}

fn rms(samples: &[f32]) -> f64 {
    (samples.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

fn db(ratio: f64) -> f64 {
    songwalker_engine::math::gain_to_db(ratio)
}

fn seconds(audio: &Audio, from: f64, to: f64) -> &[f32] {
    let rate = f64::from(audio.sample_rate);
    &audio.left[(from * rate) as usize..(to * rate) as usize]
}

/// Frequency by counting rising zero crossings.
fn pitch_hz(samples: &[f32]) -> f64 {
    let crossings: Vec<f64> = samples
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[0] < 0.0 && pair[1] >= 0.0)
        .map(|(i, pair)| i as f64 + f64::from(pair[0] / (pair[0] - pair[1])))
        .collect();
    match (crossings.first(), crossings.last()) {
        (Some(first), Some(last)) if crossings.len() > 1 => {
            f64::from(RATE) * (crossings.len() - 1) as f64 / (last - first)
        }
        _ => 0.0,
    }
}

fn semitones(hz: f64, key: f64) -> f64 {
    songwalker_engine::math::hz_to_note(hz) - key
}

fn with_notes(notes: &[(f64, f64, u8)], length: f64) -> RenderRequest {
    let notes = notes.iter().map(|(start_s, hold_s, key)| Note {
        start_s: *start_s,
        hold_s: *hold_s,
        key: *key,
        velocity: 1.0,
    });
    RenderRequest {
        notes: notes.collect(),
        ..RenderRequest::note(60, 1.0, 1.0, length)
    }
}

#[test]
fn a_note_sounds_at_its_pitch_and_ends() {
    let audio = played(&sine(), &RenderRequest::note(69, 1.0, 0.5, 1.0));
    assert_eq!(audio.frames(), 44_100);
    assert!((pitch_hz(seconds(&audio, 0.1, 0.4)) - 440.0).abs() < 0.05);
    assert!(rms(seconds(&audio, 0.1, 0.4)) > 0.1);
    assert!(
        rms(seconds(&audio, 0.6, 1.0)) < 1e-6,
        "it goes on after its release"
    );
}

#[test]
fn the_default_level_is_vitals() {
    let audio = played(&sine(), &RenderRequest::note(60, 1.0, 1.0, 1.0));
    let level = db(rms(seconds(&audio, 0.2, 0.9)));
    assert!(
        (level + 15.0).abs() < 0.1,
        "a sine at default level is at {level} dBFS"
    );
}

#[test]
fn velocity_acts_squared() {
    let mut patch = sine();
    patch.modules.voicing.velocity_to_amp = 1.0;
    let level = |velocity| {
        rms(seconds(
            &played(&patch, &RenderRequest::note(60, velocity, 1.0, 1.0)),
            0.2,
            0.9,
        ))
    };
    assert!((db(level(0.5) / level(1.0)) + 12.04).abs() < 0.05);
    patch.modules.voicing.velocity_to_amp = 0.5;
    let level = |velocity| {
        rms(seconds(
            &played(&patch, &RenderRequest::note(60, velocity, 1.0, 1.0)),
            0.2,
            0.9,
        ))
    };
    assert!((db(level(0.5) / level(1.0)) + 5.0).abs() < 0.05);
}

#[test]
fn sustain_acts_squared() {
    let mut patch = sine();
    patch.modules.env[0].decay_s = 0.05;
    patch.modules.env[0].sustain = 0.5;
    let audio = played(&patch, &RenderRequest::note(60, 1.0, 1.0, 1.0));
    let full = played(&sine(), &RenderRequest::note(60, 1.0, 1.0, 1.0));
    let change = db(rms(seconds(&audio, 0.3, 0.9)) / rms(seconds(&full, 0.3, 0.9)));
    assert!((change + 12.04).abs() < 0.05, "{change} dB");
}

/// Everything that could depend on block sizes, in one patch.
fn busy() -> PatchSpec {
    let mut patch = PatchSpec::default();
    patch.modules.osc[0].unison.voices = 4;
    patch.modules.sample.enabled = true;
    patch.modules.filter[0].enabled = true;
    patch.modules.voicing.glide_s = 0.1;
    patch.modules.voicing.voices = 3;
    for kind in ["reverb", "delay", "chorus", "phaser", "distortion"] {
        let pointer = patch
            .pointer(&format!("/modules/fx/{kind}/enabled"))
            .expect("it is there");
        assert!(patch.set(&pointer, 1.0));
    }
    patch.modulation.routes = vec![
        Route::bipolar(Source::Lfo0, "/modules/filter/0/cutoff_hz", 0.3),
        Route::bipolar(Source::Random1, "/modules/osc/0/tune_cents", 0.1),
        Route::new(Source::Env2, "/modules/osc/0/wavetable/position", 0.5),
    ];
    patch
}

#[test]
fn the_bits_do_not_depend_on_the_block_size() {
    let patch = busy();
    let frames = 30_000_usize;
    let events = [
        (
            0,
            Event::NoteOn {
                key: 48,
                velocity: 0.8,
            },
        ),
        (
            4_001,
            Event::NoteOn {
                key: 55,
                velocity: 0.6,
            },
        ),
        (9_000, Event::NoteOff { key: 48, lift: 0.0 }),
        (9_000, Event::PitchBend(0.3)),
        (
            12_345,
            Event::NoteOn {
                key: 60,
                velocity: 0.9,
            },
        ),
        (
            12_352,
            Event::NoteOn {
                key: 64,
                velocity: 0.9,
            },
        ),
        (20_031, Event::NoteOff { key: 60, lift: 0.0 }),
    ];
    let play = |sizes: &[usize]| {
        let mut player = PatchPlayer::new(&patch, RATE, 7).expect("a player");
        let mut audio = Audio::silence(RATE, frames);
        let (mut done, mut next, mut turn) = (0, 0, 0);
        while done < frames {
            let count = sizes[turn % sizes.len()].min(frames - done);
            turn += 1;
            while next < events.len() && events[next].0 < done + count {
                assert!(player.handle(events[next].0 - done, events[next].1));
                next += 1;
            }
            player.process(
                &mut audio.left[done..done + count],
                &mut audio.right[done..done + count],
            );
            done += count;
        }
        audio
    };
    let whole = play(&[frames]);
    assert!(rms(&whole.left) > 0.01);
    for sizes in [&[1_usize][..], &[64], &[128], &[37, 4096, 1, 511], &[63, 65]] {
        let pieces = play(sizes);
        let same = whole
            .left
            .iter()
            .zip(&pieces.left)
            .chain(whole.right.iter().zip(&pieces.right));
        assert!(
            same.into_iter().all(|(a, b)| a.to_bits() == b.to_bits()),
            "blocks of {sizes:?} sound different"
        );
    }
}

#[test]
fn the_bits_do_not_depend_on_how_many_notes_were_announced() {
    let patch = busy();
    let request = with_notes(
        &[(0.0, 0.3, 48), (0.05, 0.2, 52), (0.1, 0.4, 55), (0.2, 0.1, 60)],
        0.8,
    );
    let offline = played(&patch, &request);
    let mut player = PatchPlayer::new(&patch, RATE, 0).expect("a player");
    player.set_tempo(120.0);
    for note in &request.notes {
        let at = |s: f64| (s * f64::from(RATE)).round() as usize;
        player.handle(
            at(note.start_s),
            Event::NoteOn {
                key: note.key,
                velocity: 1.0,
            },
        );
        player.handle(
            at(note.start_s + note.hold_s),
            Event::NoteOff {
                key: note.key,
                lift: 0.5,
            },
        );
    }
    let mut live = Audio::silence(RATE, offline.frames());
    player.process(&mut live.left, &mut live.right);
    assert!(
        offline
            .left
            .iter()
            .zip(&live.left)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
}

#[test]
fn a_seed_repeats_and_another_differs() {
    let patch = busy();
    let with = |seed| {
        played(
            &patch,
            &RenderRequest {
                seed,
                ..RenderRequest::note(60, 0.8, 0.3, 0.5)
            },
        )
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn mono_plays_one_note_and_comes_back_to_the_held_one() {
    let mut patch = sine();
    patch.modules.voicing.mode = VoicingMode::Mono;
    patch.modules.voicing.priority = Priority::Newest;
    let audio = played(&patch, &with_notes(&[(0.0, 1.5, 57), (0.5, 0.5, 69)], 2.0));
    assert!(semitones(pitch_hz(seconds(&audio, 0.2, 0.45)), 57.0).abs() < 0.02);
    assert!(semitones(pitch_hz(seconds(&audio, 0.65, 0.95)), 69.0).abs() < 0.02);
    assert!(
        semitones(pitch_hz(seconds(&audio, 1.15, 1.45)), 57.0).abs() < 0.02,
        "the held note did not come back"
    );
    assert!(rms(seconds(&audio, 1.6, 2.0)) < 1e-6);
}

#[test]
fn poly_plays_them_together() {
    let one = played(&sine(), &with_notes(&[(0.0, 1.0, 57)], 1.0));
    let two = played(&sine(), &with_notes(&[(0.0, 1.0, 57), (0.0, 1.0, 64)], 1.0));
    let rise = db(rms(seconds(&two, 0.2, 0.9)) / rms(seconds(&one, 0.2, 0.9)));
    assert!(
        (rise - 3.0).abs() < 0.2,
        "two notes are {rise} dB louder than one"
    );
}

#[test]
fn legato_keeps_the_envelope_running() {
    let mut patch = sine();
    patch.modules.voicing.mode = VoicingMode::Mono;
    patch.modules.env[0].decay_s = 0.2;
    patch.modules.env[0].sustain = 0.3;
    let notes = with_notes(&[(0.0, 1.0, 57), (0.5, 0.5, 64)], 1.0);
    patch.modules.voicing.legato = true;
    let tied = rms(seconds(&played(&patch, &notes), 0.52, 0.56));
    patch.modules.voicing.legato = false;
    let struck = rms(seconds(&played(&patch, &notes), 0.52, 0.56));
    assert!(struck > 5.0 * tied, "struck {struck}, tied {tied}");
}

#[test]
fn glide_takes_its_time_in_semitones() {
    let mut patch = sine();
    patch.modules.voicing.mode = VoicingMode::Mono;
    patch.modules.voicing.legato = true;
    patch.modules.voicing.glide_s = 0.4;
    let audio = played(&patch, &with_notes(&[(0.0, 2.0, 57), (0.5, 1.5, 69)], 2.0));
    let at = |s: f64| semitones(pitch_hz(seconds(&audio, s - 0.01, s + 0.01)), 57.0);
    assert!(at(0.45).abs() < 0.05);
    assert!(
        (at(0.6) - 3.0).abs() < 0.2,
        "after a quarter of the way at {}",
        at(0.6)
    );
    assert!((at(0.8) - 9.0).abs() < 0.2);
    assert!((at(1.1) - 12.0).abs() < 0.05);
    patch.modules.voicing.glide_octave_scaled = true;
    let audio = played(&patch, &with_notes(&[(0.0, 2.0, 57), (0.5, 1.5, 81)], 2.0));
    let at = |s: f64| semitones(pitch_hz(seconds(&audio, s - 0.01, s + 0.01)), 57.0);
    assert!((at(0.9) - 12.0).abs() < 0.2, "two octaves take twice as long");
}

#[test]
fn glide_needs_a_held_note_unless_it_is_always_on() {
    let mut patch = sine();
    patch.modules.voicing.mode = VoicingMode::Mono;
    patch.modules.voicing.glide_s = 1.0;
    let notes = with_notes(&[(0.0, 0.2, 57), (0.5, 1.0, 69)], 1.5);
    let start = |patch: &PatchSpec| semitones(pitch_hz(seconds(&played(patch, &notes), 0.52, 0.6)), 57.0);
    assert!((start(&patch) - 12.0).abs() < 0.05);
    patch.modules.voicing.glide_always = true;
    assert!(start(&patch) < 2.0);
}

#[test]
fn the_pedal_holds_what_the_hand_let_go() {
    let mut player = PatchPlayer::new(&sine(), RATE, 0).expect("a player");
    let mut audio = Audio::silence(RATE, 44_100);
    player.handle(0, Event::Sustain(true));
    player.handle(
        0,
        Event::NoteOn {
            key: 60,
            velocity: 1.0,
        },
    );
    player.handle(4_410, Event::NoteOff { key: 60, lift: 0.0 });
    player.handle(22_050, Event::Sustain(false));
    player.process(&mut audio.left, &mut audio.right);
    assert!(rms(seconds(&audio, 0.3, 0.45)) > 0.1);
    assert!(rms(seconds(&audio, 0.6, 1.0)) < 1e-6);
    assert_eq!(player.sounding(), 0, "a silent voice was not freed");
}

#[test]
fn the_pitch_wheel_bends_by_its_range() {
    let mut patch = sine();
    patch.modules.voicing.bend_range_st = 12;
    let mut player = PatchPlayer::new(&patch, RATE, 0).expect("a player");
    let mut audio = Audio::silence(RATE, 44_100);
    player.handle(
        0,
        Event::NoteOn {
            key: 57,
            velocity: 1.0,
        },
    );
    player.handle(0, Event::PitchBend(0.5));
    player.process(&mut audio.left, &mut audio.right);
    assert!((semitones(pitch_hz(seconds(&audio, 0.2, 0.8)), 57.0) - 6.0).abs() < 0.02);
}

/// The loudest jump that the band above a sine's own slope shows.
fn worst_jump(samples: &[f32]) -> f32 {
    samples
        .windows(3)
        .map(|w| (w[2] - 2.0 * w[1] + w[0]).abs())
        .fold(0.0, f32::max)
}

#[test]
fn stealing_does_not_click() {
    for mode in [Override::Kill, Override::Steal] {
        let mut patch = sine();
        patch.modules.voicing.voices = 2;
        patch.modules.voicing.override_mode = mode;
        patch.modules.env[0].attack_s = 0.02;
        patch.modules.env[0].release_s = 0.05;
        let calm = played(&patch, &with_notes(&[(0.0, 2.0, 45), (0.1, 2.0, 48)], 1.0));
        let notes: Vec<(f64, f64, u8)> = (0..12)
            .map(|i| (0.07 * f64::from(i), 0.5, 45 + i as u8))
            .collect();
        let busy = played(&patch, &with_notes(&notes, 1.0));
        let (calm, busy) = (worst_jump(&calm.left), worst_jump(&busy.left));
        assert!(busy < 12.0 * calm, "{mode}: {busy} against {calm}");
    }
}

#[test]
fn more_notes_than_voices_stay_bounded_and_end() {
    let mut patch = sine();
    patch.modules.voicing.voices = 3;
    let notes: Vec<(f64, f64, u8)> = (0..60)
        .map(|i| (0.01 * f64::from(i), 0.2, 30 + i as u8))
        .collect();
    let audio = played(&patch, &with_notes(&notes, 2.0));
    assert!(audio.left.iter().all(|x| x.is_finite() && x.abs() < 2.2));
    assert!(rms(seconds(&audio, 1.5, 2.0)) < 1e-6);
}

#[test]
fn a_macro_moves_the_sound_and_its_default_does_not() {
    use songwalker_schemas::patch::MacroTarget;
    let mut patch = PatchSpec::default();
    patch.modules.filter[0].enabled = true;
    patch.modules.osc[0].wavetable.name.0 = "saw".to_owned();
    let plain = played(&patch, &RenderRequest::note(48, 1.0, 0.4, 0.5));
    patch.macros[0].targets.push(MacroTarget {
        path: "/modules/filter/0/cutoff_hz".into(),
        amount: 0.4,
        curve: 0.0,
    });
    let request = RenderRequest::note(48, 1.0, 0.4, 0.5);
    assert_eq!(plain, played(&patch, &request));
    let turned = played(
        &patch,
        &RenderRequest {
            macros: vec![(0, 1.0)],
            ..request
        },
    );
    let edge = |audio: &Audio| {
        let sum = |f: fn(f32, f32) -> f32| {
            audio
                .left
                .windows(2)
                .map(|w| f64::from(f(w[0], w[1])))
                .sum::<f64>()
        };
        sum(|a, b| (b - a) * (b - a)) / sum(|a, _| a * a)
    };
    assert!(
        edge(&turned) > 3.0 * edge(&plain),
        "the brightness knob does not brighten"
    );
}

#[test]
fn a_warm_up_is_thrown_away() {
    let mut request = RenderRequest::note(60, 1.0, 0.3, 0.5);
    let cold = played(&sine(), &request);
    request.warm_up_s = 1.0;
    let warm = played(&sine(), &request);
    assert_eq!(warm.frames(), cold.frames());
    let apart: f32 = cold
        .left
        .iter()
        .zip(&warm.left)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(apart < 1e-5, "a plain patch changed by {apart}");
}

#[test]
fn a_render_can_be_cancelled_and_refuses_nonsense() {
    let request = RenderRequest::note(60, 1.0, 1.0, 2.0);
    assert_eq!(render(&sine(), &request, &|| true), Err(RenderError::Cancelled));
    let bad = RenderRequest {
        bpm: 0.0,
        ..request.clone()
    };
    assert!(matches!(
        render(&sine(), &bad, &|| false),
        Err(RenderError::Invalid(_))
    ));
    let bad = RenderRequest {
        seconds: f64::NAN,
        ..request.clone()
    };
    assert!(matches!(
        render(&sine(), &bad, &|| false),
        Err(RenderError::Invalid(_))
    ));
    let mut patch = sine();
    patch.modules.osc[0].wavetable.name.0 = "nowhere".to_owned();
    assert!(matches!(
        render(&patch, &request, &|| false),
        Err(RenderError::Player(_))
    ));
}
