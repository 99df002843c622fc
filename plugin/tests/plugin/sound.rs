//! The sound without a host: the engine's bits, slots, swaps, limits.

use crate::desk::{Desk, Played, RATE, content, off, on, peak};
use songwalker_engine::render::{Note, RenderRequest, render};
use songwalker_generator::templates;
use songwalker_plugin::VOICES_OF_A_SLOT;
use songwalker_plugin::instance::Putting;
use songwalker_plugin::params::put;
use songwalker_plugin::rack::{Channels, Output};
use songwalker_plugin::sound::VOICES_IN_ALL;
use songwalker_plugin::sound::action::Action;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::{Route, Source};

const SECOND: usize = RATE as usize;

/// Notes as (key, first frame, last frame): a chord, and one that begins off the grid.
const NOTES: [(u8, usize, usize); 4] = [
    (48, 0, 30_000),
    (55, 0, 31_000),
    (60, 5_001, 20_003),
    (72, 33_333, 40_000),
];

fn actions() -> Vec<(usize, Action)> {
    let mut actions: Vec<_> = NOTES
        .iter()
        .flat_map(|(key, start, end)| [(*start, on(*key)), (*end, off(*key))])
        .collect();
    actions.sort_by_key(|(frame, _)| *frame);
    actions
}

fn rendered(patch: &PatchSpec) -> [Vec<f32>; 2] {
    let s = |frame: usize| frame as f64 / f64::from(RATE);
    let request = RenderRequest {
        sample_rate: RATE,
        bpm: patch.meta.tempo_bpm.unwrap_or(120.0),
        seed: 0,
        notes: NOTES
            .iter()
            .map(|(key, start, end)| Note {
                start_s: s(*start),
                hold_s: s(*end - *start),
                key: *key,
                velocity: 100.0 / 127.0,
            })
            .collect(),
        seconds: 1.0,
        warm_up_s: 0.0,
        macros: Vec::new(),
    };
    let audio = render(patch, &request, &|| false).expect("a render");
    [audio.left, audio.right]
}

fn bits(sides: &[Vec<f32>; 2]) -> Vec<u32> {
    sides.iter().flatten().map(|sample| sample.to_bits()).collect()
}

#[test]
fn a_slot_at_default_parameters_has_the_bits_of_a_render_whatever_the_blocks() {
    let some = templates::all().step_by(7).map(|template| &template.base);
    let patches: Vec<PatchSpec> = some.cloned().chain([PatchSpec::default()]).collect();
    assert!(patches.len() > 5);
    for patch in &patches {
        let wanted = bits(&rendered(patch));
        for lengths in [&[512][..], &[1, 63, 64, 65, 333, 4096, 7]] {
            let played = Desk::with(patch).play(SECOND, lengths, &actions());
            assert!(
                bits(&played.main) == wanted,
                "{} in blocks of {lengths:?}",
                patch.name
            );
        }
    }
}

#[test]
fn a_new_instance_sounds_and_an_empty_slot_does_not() {
    let played = Desk::new().play(SECOND / 4, &[256], &[(0, on(60))]);
    assert!(peak(&played.main[0]) > 0.01);
    let mut desk = Desk::new();
    desk.instance.remove(0);
    assert_eq!(desk.instance.add(), Some(0));
    let played = desk.play(SECOND / 4, &[256], &[(0, on(60))]);
    assert_eq!(peak(&played.main[0]), 0.0);
}

#[test]
fn slots_are_reached_by_their_channels_and_keys_and_transposed() {
    let mut desk = Desk::new();
    desk.instance
        .route(0, |routing, _| routing.channels = Channels::One(3));
    let on_channel = |channel| Action::On {
        channel,
        key: 60,
        velocity: 1.0,
    };
    assert_eq!(
        peak(&desk.play(4_096, &[128], &[(0, on_channel(2))]).main[0]),
        0.0
    );
    assert!(peak(&desk.play(4_096, &[128], &[(0, on_channel(3))]).main[0]) > 0.0);
    let mut low = Desk::new();
    low.instance.route(0, |routing, _| routing.transpose = -12);
    let transposed = low.play(8_192, &[128], &[(0, on(60))]);
    let played = Desk::new().play(8_192, &[128], &[(0, on(48))]);
    assert_eq!(bits(&transposed.main), bits(&played.main));
}

#[test]
fn a_key_that_goes_up_ends_its_note_though_the_slot_is_transposed_otherwise_by_then() {
    let mut desk = Desk::new();
    desk.play(4_096, &[128], &[(0, on(60))]);
    desk.instance.route(0, |routing, _| routing.transpose = 7);
    desk.play(4 * SECOND, &[512], &[(0, off(60))]);
    assert_eq!(desk.sound.sounding(), 0);
}

#[test]
fn two_slots_are_summed_and_one_goes_to_its_own_output_alone() {
    let both = || {
        let desk = Desk::new();
        desk.instance
            .install(
                desk.instance.claim(1),
                Putting::of(content(&PatchSpec::default())),
            )
            .expect("plays");
        desk
    };
    let one = Desk::new().play(8_192, &[256], &[(0, on(60))]);
    let sum = both().play(8_192, &[256], &[(0, on(60))]);
    for (one, sum) in one.main[0].iter().zip(&sum.main[0]) {
        assert_eq!(one + one, *sum);
    }
    let mut apart = both();
    apart.instance.route(1, |routing, _| routing.output = Output::Own);
    let apart = apart.play(8_192, &[256], &[(0, on(60))]);
    assert_eq!(bits(&apart.main), bits(&one.main));
    assert_eq!(bits(&apart.own), bits(&one.main));
}

#[test]
fn volume_pan_and_expression_scale_and_arrive_without_a_jump() {
    let mut desk = Desk::new();
    let before = desk.play(SECOND / 2, &[256], &[(0, on(60))]);
    put(&desk.params.slots[0].volume, -12.0);
    put(&desk.params.slots[0].pan, -1.0);
    let after = desk.play(SECOND / 2, &[256], &[]);
    let late = SECOND / 4;
    let ratio = peak(&after.main[0][late..]) / peak(&before.main[0][late..]);
    assert!((ratio - 0.2512).abs() < 0.01, "{ratio}");
    assert_eq!(peak(&after.main[1][late..]), 0.0);
    let half = Action::Expression {
        channel: 0,
        value: 0.5,
    };
    let soft = desk.play(SECOND / 2, &[256], &[(0, half)]);
    let ratio = peak(&soft.main[0][late..]) / peak(&after.main[0][late..]);
    assert!((ratio - 0.25).abs() < 0.01, "{ratio}");
}

/// The widest step between neighbouring samples.
fn widest_step(samples: &[f32]) -> f32 {
    samples
        .windows(2)
        .fold(0.0, |widest, pair| (pair[1] - pair[0]).abs().max(widest))
}

/// A sine, whose steps are small.
fn sine(level: f64) -> PatchSpec {
    let mut patch = PatchSpec::default();
    let osc = &mut patch.modules.osc[0];
    osc.wavetable.name.0 = "sine".to_owned();
    osc.level = level;
    patch
}

#[test]
fn a_swap_fades_over_fifty_milliseconds_and_the_chord_goes_on_in_the_new_sound() {
    let mut desk = Desk::with(&sine(0.7));
    let before = desk.play(SECOND, &[256], &[(0, on(60)), (0, on(64))]);
    let mut other = sine(0.7);
    other.modules.voicing.voice_transpose = 12;
    desk.instance
        .install(desk.instance.claim(0), Putting::of(content(&other)))
        .expect("plays");
    let fading = desk.play(SECOND / 10, &[256], &[]);
    let after = desk.play(SECOND / 2, &[256], &[]);
    // The new sound is an octave up: twice the steps of the old one, and no more in between.
    let own = widest_step(&before.main[0][SECOND / 2..]);
    assert!(widest_step(&fading.main[0]) < 3.2 * own, "a click");
    assert!(peak(&after.main[0]) > 0.5 * peak(&before.main[0][SECOND / 2..]));
    desk.play(4 * SECOND, &[512], &[(0, off(60)), (0, off(64))]);
    assert_eq!(
        desk.sound.sounding(),
        0,
        "keys that went up end the new sound's notes"
    );
    desk.play(512, &[512], &[]);
    assert_eq!(
        desk.instance.collect(),
        1,
        "the old instrument is dropped outside of the audio thread"
    );
}

#[test]
fn many_swaps_in_a_row_end_with_the_last_one_and_lose_no_instrument() {
    let mut desk = Desk::with(&sine(0.7));
    desk.play(SECOND / 4, &[256], &[(0, on(60))]);
    let mut given_back = desk.instance.collect();
    for level in 1..=20 {
        desk.instance
            .install(
                desk.instance.claim(0),
                Putting::of(content(&sine(f64::from(level) / 20.0))),
            )
            .expect("plays");
        desk.play(700, &[128], &[]);
        given_back += desk.instance.collect();
    }
    let swapped = desk.play(SECOND, &[256], &[]);
    given_back += desk.instance.collect();
    desk.play(512, &[512], &[]);
    given_back += desk.instance.collect();
    assert_eq!(given_back, 21, "one from before the first note, twenty since");
    let plain = Desk::with(&sine(1.0)).play(SECOND, &[256], &[(0, on(60))]);
    let ratio = peak(&swapped.main[0][SECOND / 2..]) / peak(&plain.main[0][SECOND / 2..]);
    assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
}

#[test]
fn mute_and_solo_decide_who_is_heard() {
    let mut desk = Desk::new();
    desk.instance
        .install(
            desk.instance.claim(1),
            Putting::of(content(&PatchSpec::default())),
        )
        .expect("plays");
    let loudness = |desk: &mut Desk| peak(&desk.play(SECOND / 4, &[256], &[]).main[0][SECOND / 8..]);
    desk.play(SECOND / 4, &[256], &[(0, on(60))]);
    let both = loudness(&mut desk);
    put(&desk.params.slots[0].solo, true);
    let one = loudness(&mut desk);
    assert!((both / one - 2.0).abs() < 0.05, "{both} {one}");
    put(&desk.params.slots[0].mute, true);
    assert_eq!(
        loudness(&mut desk),
        0.0,
        "a muted solo slot still silences the others"
    );
    put(&desk.params.slots[0].solo, false);
    assert!((loudness(&mut desk) / one - 1.0).abs() < 0.05);
    put(&desk.params.bypass, true);
    assert_eq!(loudness(&mut desk), 0.0);
}

#[test]
fn voices_stay_within_their_limits_per_slot_and_in_all() {
    let mut patch = sine(0.1);
    patch.modules.voicing.voices = 64;
    let mut desk = Desk::with(&patch);
    for place in 1..16 {
        desk.instance
            .install(desk.instance.claim(place), Putting::of(content(&patch)))
            .expect("plays");
    }
    let chord: Vec<_> = (20..100).map(|key| (0, on(key))).collect();
    desk.play(SECOND / 2, &[256], &chord);
    let sounding: Vec<u32> = (0..16).map(|place| desk.meters.voices(place)).collect();
    assert!(
        sounding
            .iter()
            .all(|voices| (1..=VOICES_OF_A_SLOT as u32).contains(voices))
    );
    let in_all: u32 = sounding.iter().sum();
    assert!(in_all as usize <= VOICES_IN_ALL && in_all > 200, "{in_all}");
}

#[test]
fn a_lower_polyphony_and_a_macro_are_heard_at_once_and_undone_without_a_trace() {
    let template = templates::all().next().expect("a template");
    let mut desk = Desk::with(&template.base);
    put(&desk.params.slots[0].polyphony, 1);
    desk.play(SECOND / 4, &[256], &[(0, on(48)), (0, on(60)), (0, on(64))]);
    assert_eq!(desk.meters.voices(0), 1);

    let turned = |value: Option<f32>| {
        let desk = Desk::with(&template.base);
        if let Some(value) = value {
            put(&desk.params.slots[0].macros[0].amount, value);
        }
        let mut desk = desk;
        let played: Played = desk.play(SECOND / 2, &[256], &[(0, on(60))]);
        bits(&played.main)
    };
    let at_rest = template.base.macros[0].value as f32;
    assert_ne!(turned(Some(1.0 - at_rest.round())), turned(None));
    assert_eq!(
        turned(Some(at_rest + 2e-7)),
        turned(None),
        "what a host rounds changes nothing"
    );
}

#[test]
fn mpe_bends_one_note_and_the_wheel_bends_them_all() {
    let steps = |channels: Channels, actions: &[(usize, Action)]| {
        let mut desk = Desk::with(&sine(0.7));
        desk.instance.route(0, |routing, _| routing.channels = channels);
        let played = desk.play(SECOND / 2, &[256], actions);
        let rising = |pair: &&[f32]| pair[0] < 0.0 && pair[1] >= 0.0;
        played.main[0][SECOND / 4..].windows(2).filter(rising).count()
    };
    let note = Action::On {
        channel: 4,
        key: 60,
        velocity: 1.0,
    };
    let bend = |channel, value| Action::Bend { channel, value };
    let straight = steps(Channels::Mpe, &[(0, note)]);
    let octave = steps(Channels::Mpe, &[(0, bend(4, 0.25)), (0, note)]);
    assert!(octave.abs_diff(2 * straight) <= 1, "{straight} {octave}");
    assert_eq!(steps(Channels::Mpe, &[(0, note), (0, bend(5, 0.25))]), straight);
    let wheel = steps(Channels::All, &[(0, note), (0, bend(9, 1.0))]);
    assert!(wheel > straight + 5, "two semitones up: {straight} {wheel}");
}

#[test]
fn what_mpe_says_before_a_note_holds_for_it() {
    let mut patch = sine(0.7);
    for source in [Source::Slide, Source::Aftertouch] {
        let route = Route::new(source, "/modules/osc/0/level", -0.6);
        patch.modulation.routes.push(route);
    }
    let loudness = |before: Option<Action>| {
        let mut desk = Desk::with(&patch);
        desk.instance
            .route(0, |routing, _| routing.channels = Channels::Mpe);
        let mut actions: Vec<_> = before.into_iter().map(|action| (0, action)).collect();
        actions.push((
            0,
            Action::On {
                channel: 4,
                key: 60,
                velocity: 1.0,
            },
        ));
        peak(&desk.play(SECOND / 4, &[256], &actions).main[0][SECOND / 8..])
    };
    let (channel, value) = (4, 1.0);
    let plain = loudness(None);
    let slid = loudness(Some(Action::Timbre { channel, value }));
    let pressed = loudness(Some(Action::Pressure { channel, value }));
    assert!(
        slid < 0.8 * plain && pressed < 0.8 * plain,
        "{plain} {slid} {pressed}"
    );
}

#[test]
fn another_channel_takes_pedal_and_bend_of_the_one_before_away() {
    let mut desk = Desk::with(&sine(0.7));
    let actions = [
        (
            0,
            Action::Pedal {
                channel: 0,
                down: true,
            },
        ),
        (0, on(60)),
        (4_800, off(60)),
    ];
    assert!(peak(&desk.play(SECOND, &[256], &actions).main[0][SECOND / 2..]) > 0.1);
    desk.instance
        .route(0, |routing, _| routing.channels = Channels::One(5));
    let after = desk.play(SECOND, &[256], &[]);
    assert_eq!(
        peak(&after.main[0][SECOND / 2..]),
        0.0,
        "the pedal holds for ever"
    );
    assert!(!desk.sound.is_heard());
}

#[test]
fn a_slot_that_is_taken_away_is_not_heard_for_ever_and_a_reset_ends_all() {
    let mut desk = Desk::with(&sine(0.7));
    desk.play(1_000, &[100], &[(0, on(60))]);
    desk.sound.reset();
    let after = desk.play(4_800, &[32], &[]);
    assert!(peak(&after.main[0][960..]) < 1e-6, "it goes on after 20 ms");
    desk.play(4_800, &[256], &[(0, on(60))]);
    assert!(desk.sound.is_heard());
    desk.instance.remove(0);
    desk.play(SECOND, &[256], &[]);
    assert!(!desk.sound.is_heard());
}
