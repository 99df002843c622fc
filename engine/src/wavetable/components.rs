//! Imported wavetables: from components to the spectra of 257 frames (vital-laws §3).
//!
//! Each group is a chain: a source writes a frame, what follows changes it; the table's frame is the mean of its groups.
//! Everything is computed in double precision, once, when a patch is loaded; frames that only repeat the one before
//! are not computed again. Input may be anything that [`WavetableAsset::check`] accepts.

mod changes;
mod cycles;
mod lines;
mod place;
mod shepard;
mod waves;
mod work;

use songwalker_schemas::asset::WavetableAsset;
use songwalker_schemas::asset::component::{Component, Path};

use super::frames::Frames;
use super::{LAST_BIN, LAST_FRAME, SAMPLES};
use place::{Place, place};
use work::Work;

/// A component with what can be computed once for all frames.
enum Prepared<'a> {
    Waves(waves::Source<'a>),
    Cycles(cycles::Source<'a>),
    Shepard(shepard::Source),
    /// Anything else, and the positions of its keyframes.
    Plain(&'a Component, Vec<u16>),
}

impl<'a> Prepared<'a> {
    fn new(component: &'a Component, work: &mut Work) -> Self {
        match component {
            Component::Waves(spec) => Self::Waves(waves::Source::new(spec, work)),
            Component::Cycles(spec) => Self::Cycles(cycles::Source::new(spec)),
            Component::Shepard(spec) => Self::Shepard(shepard::Source::new(spec, work)),
            other => Self::Plain(other, other.positions()),
        }
    }

    /// Where `frame` lies between the keyframes: frames at equal places are equal.
    fn place(&self, frame: u16) -> Place {
        let along = |path: Path, positions: &[u16]| place(path, positions, frame);
        match self {
            Self::Waves(source) => source.place(frame),
            Self::Cycles(source) => source.place(frame),
            Self::Shepard(source) => source.place(frame),
            Self::Plain(component, at) => match component {
                Component::Lines(spec) => lines::at(spec, at, frame),
                Component::PhaseShift(spec) => along(spec.path, at),
                Component::Window(spec) => along(spec.path, at),
                Component::Filter(spec) => along(spec.path, at),
                Component::Slew(spec) => along(spec.path, at),
                Component::Fold(spec) => along(spec.path, at),
                Component::Warp(spec) => along(spec.path, at),
                Component::Waves(_) | Component::Cycles(_) | Component::Shepard(_) => Place::only(0),
            },
        }
    }

    fn apply(&mut self, place: &Place, work: &mut Work) {
        match self {
            Self::Waves(source) => source.apply(place, work),
            Self::Cycles(source) => source.apply(place, work),
            Self::Shepard(source) => source.apply(place, work),
            Self::Plain(component, _) => match component {
                Component::Lines(spec) => lines::apply(spec, place, work),
                Component::PhaseShift(spec) => changes::shift_phases(spec, place, work),
                Component::Window(spec) => changes::window(spec, place, work),
                Component::Filter(spec) => changes::filter(spec, place, work),
                Component::Slew(spec) => changes::slew(spec, place, work),
                Component::Fold(spec) => changes::fold(spec, place, work),
                Component::Warp(spec) => changes::warp(spec, place, work),
                Component::Waves(_) | Component::Cycles(_) | Component::Shepard(_) => {}
            },
        }
    }
}

/// The frames of a table.
pub(super) fn frames(asset: &WavetableAsset) -> Frames {
    let mut work = Work::new();
    let mut groups: Vec<Vec<Prepared<'_>>> = asset
        .groups
        .iter()
        .map(|group| {
            group
                .components
                .iter()
                .map(|c| Prepared::new(c, &mut work))
                .collect()
        })
        .collect();
    let mut before: Option<Vec<Place>> = None;
    // Different frames one after the other, and how often each follows.
    let mut waves: Vec<(Vec<f64>, u16)> = Vec::new();
    for frame in 0..=LAST_FRAME {
        let places: Vec<Place> = groups.iter().flatten().map(|part| part.place(frame)).collect();
        if before.as_ref() == Some(&places)
            && let Some((_, times)) = waves.last_mut()
        {
            *times += 1;
            continue;
        }
        waves.push((frame_of(&mut groups, &places, &mut work), 1));
        before = Some(places);
    }
    finish(asset, &mut waves, &mut work)
}

/// One frame: the mean of the groups.
fn frame_of(groups: &mut [Vec<Prepared<'_>>], places: &[Place], work: &mut Work) -> Vec<f64> {
    let mut sum = vec![0.0; SAMPLES];
    let mut place = places.iter();
    for group in &mut *groups {
        work.silence();
        for (part, place) in group.iter_mut().zip(&mut place) {
            part.apply(place, work);
        }
        for (sum, x) in sum.iter_mut().zip(&work.samples) {
            *sum += x;
        }
    }
    let share = 1.0 / groups.len().max(1) as f64;
    // What is no number, or beyond all bounds, would stay in filters for ever.
    sum.iter()
        .map(|x| {
            if x.is_finite() {
                (x * share).clamp(-1e6, 1e6)
            } else {
                0.0
            }
        })
        .collect()
}

/// DC and level of the whole table, and the way into single precision.
fn finish(asset: &WavetableAsset, waves: &mut [(Vec<f64>, u16)], work: &mut Work) -> Frames {
    // From the lowest to the highest point, 0 among them.
    let span = |wave: &[f64]| {
        let (low, high) = wave
            .iter()
            .fold((0.0_f64, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        high - low
    };
    let widest = waves.iter().map(|(wave, _)| span(wave)).fold(0.0, f64::max);
    let gain = if asset.normalize && widest > 0.0 {
        2.0 / widest
    } else {
        1.0
    };
    let mut frames = Frames::new();
    let (mut re, mut im) = (vec![0.0_f32; LAST_BIN + 1], vec![0.0_f32; LAST_BIN + 1]);
    for (wave, times) in waves {
        work.samples.copy_from_slice(wave);
        work.analyse();
        if asset.remove_dc {
            work.re[0] = 0.0;
        }
        for k in 0..LAST_BIN {
            (re[k], im[k]) = ((work.re[k] * gain) as f32, (work.im[k] * gain) as f32);
        }
        frames.push(&re, &im);
        for _ in 1..*times {
            frames.push_same();
        }
    }
    frames
}

#[cfg(test)]
mod tests;
