//! What players and renders must bear at their edges. Each test keeps the defect that it once showed in its name.
#![expect(clippy::expect_used, reason = "what is missing in a test fails it")]

use songwalker_engine::audio::Audio;
use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_engine::render::{Note, RenderRequest, render};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::{Route, Source};
use songwalker_schemas::patch::{FilterModel, Fx};

fn played(patch: &PatchSpec, request: &RenderRequest) -> Audio {
    render(patch, request, &|| false).expect("renders")
}

fn peak(audio: &Audio, from_s: f64) -> f32 {
    let from = (from_s * f64::from(audio.sample_rate)) as usize;
    audio.left[from..]
        .iter()
        .chain(&audio.right[from..])
        .fold(0.0, |peak, x| peak.max(x.abs()))
}

#[test]
fn an_open_filter_at_a_low_sample_rate_stays_finite() {
    for model in [FilterModel::Analog, FilterModel::Dirty, FilterModel::Diode] {
        for rate in [8_000, 11_025, 16_000] {
            let mut patch = PatchSpec::default();
            for fx in &mut patch.modules.fx {
                if let Fx::Filter(filter) = fx {
                    filter.enabled = true;
                    filter.model = model;
                    filter.cutoff_hz = 21_000.0;
                    filter.drive_db = 10.0;
                }
            }
            let audio = played(
                &patch,
                &RenderRequest {
                    sample_rate: rate,
                    ..RenderRequest::note(60, 1.0, 0.5, 1.0)
                },
            );
            assert!(
                audio.left.iter().all(|x| x.is_finite()) && peak(&audio, 0.0) > 0.01,
                "{model} at {rate}"
            );
        }
    }
}

#[test]
fn more_events_at_one_moment_than_the_queue_holds_are_all_played() {
    let patch = PatchSpec::default();
    let notes = (0..1_500)
        .map(|i| Note {
            start_s: 0.01,
            hold_s: 0.05,
            key: (i % 128) as u8,
            velocity: 0.5,
        })
        .collect();
    let audio = played(
        &patch,
        &RenderRequest {
            notes,
            ..RenderRequest::note(60, 0.5, 0.1, 1.0)
        },
    );
    assert!(peak(&audio, 0.0) > 0.1);
    assert_eq!(peak(&audio, 0.8), 0.0, "a note hangs");
}

#[test]
fn a_key_that_was_struck_twice_falls_silent_when_it_goes_up() {
    let mut player = PatchPlayer::new(&PatchSpec::default(), 44_100, 0).expect("a player");
    let (mut left, mut right) = (vec![0.0; 4_096], vec![0.0; 4_096]);
    player.handle(
        0,
        Event::NoteOn {
            key: 60,
            velocity: 0.8,
        },
    );
    player.handle(
        1_000,
        Event::NoteOn {
            key: 60,
            velocity: 0.8,
        },
    );
    player.handle(2_000, Event::NoteOff { key: 60, lift: 0.5 });
    for _ in 0..20 {
        player.process(&mut left, &mut right);
    }
    assert_eq!(player.sounding(), 0);
}

#[test]
fn a_warm_up_shorter_than_its_note_leaves_nothing_hanging() {
    let audio = played(
        &PatchSpec::default(),
        &RenderRequest {
            warm_up_s: 0.01,
            ..RenderRequest::note(60, 0.8, 0.1, 1.0)
        },
    );
    assert_eq!(peak(&audio, 0.6), 0.0);
}

#[test]
fn a_route_runs_after_everything_that_moves_its_amount() {
    let chain = |order: [Source; 2]| {
        let mut patch = PatchSpec::default();
        patch.modules.filter[0].enabled = true;
        patch.modules.filter[0].cutoff_hz = 60.0;
        patch.modulation.routes = vec![
            Route::new(Source::Velocity, "/modules/filter/0/cutoff_hz", 0.0),
            Route::new(
                order[0],
                "/modulation/routes/0/amount",
                if order[0] == Source::Note { 0.0 } else { 0.01 },
            ),
            Route::new(
                order[1],
                "/modulation/routes/0/amount",
                if order[1] == Source::Note { 0.0 } else { 0.01 },
            ),
        ];
        let slow = patch
            .modulation
            .routes
            .iter()
            .position(|r| r.source == Source::Note)
            .expect("there");
        patch.modulation.routes.push(Route::new(
            Source::Velocity,
            format!("/modulation/routes/{slow}/amount"),
            1.0,
        ));
        peak(&played(&patch, &RenderRequest::note(60, 1.0, 0.5, 0.6)), 0.1)
    };
    let (one, other) = (
        chain([Source::Note, Source::Velocity]),
        chain([Source::Velocity, Source::Note]),
    );
    assert!((one - other).abs() < 1e-6, "{one} and {other}");
}
