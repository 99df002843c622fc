//! More voices than any machine plays in time: rendered offline none is lost, in real time some go.

use anyhow::{Result, ensure};
use songwalker_engine::render::{Note, render};
use songwalker_schemas::PatchSpec;

use super::{peak, request, same};
use crate::host::{Event, File};
use crate::states;

const RATE: u32 = 48_000;
const SLOTS: usize = 16;
/// Voices of a slot: 240 in all.
const VOICES: u8 = 15;
const FRAMES: usize = 24_000;
const VELOCITY: f64 = 100.0 / 127.0;

/// Three oscillators of sixteen voices each, in every voice of the slot.
fn heavy() -> Result<PatchSpec> {
    let mut patch = PatchSpec::default();
    patch.modules.voicing.voices = i64::from(VOICES);
    for osc in &mut patch.modules.osc {
        osc.enabled = true;
        osc.level = 0.05;
        osc.unison.voices = 16;
    }
    states::as_read(&patch)
}

fn keys() -> impl Iterator<Item = u8> {
    (0..VOICES).map(|key| 40 + 2 * key)
}

/// Renders sixteen slots both ways.
pub fn offline(file: &File) -> Result<String> {
    let patch = heavy()?;
    let state = states::framed(&vec![patch.clone(); SLOTS])?;
    let down: Vec<_> = keys()
        .map(|key| {
            let velocity = VELOCITY;
            (0, Event::On { key, velocity })
        })
        .collect();
    let play = |is_offline: bool| -> Result<_> {
        let mut instance = file.instance()?;
        ensure!(instance.load(&state)?, "the state is refused");
        instance.render_offline(is_offline)?;
        instance.start(f64::from(RATE), 64)?;
        instance.perform(FRAMES, &[64], &down)
    };

    let mut request = request(&patch, RATE);
    request.seconds = FRAMES as f64 / f64::from(RATE);
    request.notes = keys()
        .map(|key| Note {
            start_s: 0.0,
            hold_s: 10.0,
            key,
            velocity: VELOCITY,
        })
        .collect();
    let one = render(&patch, &request, &|| false)?;
    // Slots are summed one after the other, each sum rounded.
    let sum = |side: &[f32]| -> Vec<f32> {
        side.iter()
            .map(|sample| (0..SLOTS).fold(0.0, |sum, _| sum + sample))
            .collect()
    };
    let wanted = [sum(&one.left), sum(&one.right)];
    ensure!(
        same(&play(true)?, &wanted),
        "rendered offline, it is not sixteen times a slot"
    );

    let live = play(false)?;
    let end = FRAMES * 3 / 4..;
    let (left, all) = (energy(&live[0][end.clone()]), energy(&wanted[0][end]));
    ensure!(
        peak(&live[0]) > 0.0 && left > 0.0,
        "it fell silent instead of losing voices"
    );
    ensure!(left < 0.9 * all, "late again and again, it kept every voice");
    Ok(format!(
        "240 voices offline, every bit; in real time {:.0} % of their energy is left",
        100.0 * left / all
    ))
}

fn energy(samples: &[f32]) -> f64 {
    samples
        .iter()
        .map(|sample| f64::from(*sample) * f64::from(*sample))
        .sum()
}
