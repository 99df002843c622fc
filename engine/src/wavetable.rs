//! Wavetables: what an oscillator reads.
//!
//! A table has 257 frames of 2,048 samples, given by a few keyframes that are computed, never recorded. Frames between
//! two keyframes follow Vital's spectral interpolation (vital-laws §3, style 1): per harmonic the square root of the
//! magnitude goes linearly and is squared, the phase takes the shortest arc. So a `.vital` file that carries the
//! keyframes as Wave Source (interpolation 1, style 1) morphs exactly as we do.
//!
//! Invariant: a computed table has no DC and nothing in its last bin, and each keyframe spans 2 from peak to peak, so
//! that equal waves are equally loud in all tables. Frames in between may span more: a file that carries the keyframes
//! of [`Wavetable::waveforms`] must say `full_normalize: false`, or its level differs. An imported table
//! ([`components`]) is as its components make it, DC included.

mod basic;
mod catalogue;
mod components;
mod drawing;
mod fm;
mod frames;
mod instruments;
mod scatter;
mod series;
mod shape;
pub mod spectral;
mod twister;
mod vocal;

use songwalker_schemas::asset::WavetableAsset;

use crate::math::fast;
use frames::Frames;

pub use catalogue::{Description, by_name, catalogue, keyframes, names};
pub use drawing::{Drawer, Wave};
pub use shape::Shape;
pub use spectral::Morph;

/// Samples of a frame.
pub const SAMPLES: usize = 2048;
/// The highest bin of a frame's spectrum, always empty: harmonics are 1..=1023.
pub const LAST_BIN: usize = SAMPLES / 2;
/// Position of the last frame; positions are 0..=256.
pub const LAST_FRAME: u16 = 256;
/// A harmonic below this share of its greatest amplitude over all keyframes is kept at this share (−120 dB), with the
/// phase of a keyframe that has it: else its phase between the keyframes would be that of rounding noise.
const CARRIED: f64 = 1e-6;

/// The spectrum of one keyframe; every list has [`LAST_BIN`] + 1 elements, bin k is harmonic k.
#[derive(Debug, Clone)]
struct Keyframe {
    position: u16,
    /// Square root of the amplitude.
    root: Vec<f32>,
    /// Phase of the cosine in cycles, −½..½.
    phase: Vec<f32>,
    /// The same as the transform of the waveform.
    re: Vec<f32>,
    im: Vec<f32>,
}

/// A wavetable, ready to be drawn from by a [`Drawer`].
#[derive(Debug, Clone)]
pub struct Wavetable {
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// Some frames, from which the others follow.
    Keys(Vec<Keyframe>),
    /// Every frame.
    Frames(Frames),
}

impl Wavetable {
    /// The table of these keyframes: (position 0..=256, shape), positions rising. Each is brought to 2 from peak to peak.
    /// Without keyframes the table is silent.
    #[must_use]
    pub fn of_shapes(shapes: Vec<(u16, Shape)>) -> Self {
        let (positions, mut shapes): (Vec<u16>, Vec<Shape>) = shapes.into_iter().unzip();
        for shape in &mut shapes {
            shape.normalise();
        }
        Self::of_keyframes(&positions, shapes)
    }

    /// The table of keyframes given as waveforms of [`SAMPLES`] samples, at their own level.
    #[must_use]
    pub fn of_waveforms<'a>(waveforms: impl IntoIterator<Item = (u16, &'a [f32; SAMPLES])>) -> Self {
        let (positions, shapes): (Vec<u16>, Vec<Shape>) = waveforms
            .into_iter()
            .map(|(position, wave)| (position, Shape::of_samples(wave)))
            .unzip();
        Self::of_keyframes(&positions, shapes)
    }

    fn of_keyframes(positions: &[u16], mut shapes: Vec<Shape>) -> Self {
        carry_phases(&mut shapes);
        let keys = positions.iter().zip(&shapes);
        Self {
            content: Content::Keys(
                keys.map(|(&position, shape)| Keyframe::new(position, shape))
                    .collect(),
            ),
        }
    }

    /// An imported table: its components are computed frame by frame, which takes some milliseconds.
    #[must_use]
    pub fn of_asset(asset: &WavetableAsset) -> Self {
        Self {
            content: Content::Frames(components::frames(asset)),
        }
    }

    /// Memory that the table takes, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let spectra = match &self.content {
            Content::Keys(keys) => 2 * keys.len(),
            Content::Frames(frames) => frames.different(),
        };
        spectra * 2 * (LAST_BIN + 1) * size_of::<f32>()
    }

    fn keys(&self) -> &[Keyframe] {
        match &self.content {
            Content::Keys(keys) => keys,
            Content::Frames(_) => &[],
        }
    }

    /// The keyframes of a computed table as waveforms: (position 0..=256, samples), at the scale in which the engine
    /// plays them.
    #[must_use]
    pub fn waveforms(&self) -> Vec<(u16, [f32; SAMPLES])> {
        let mut drawer = Drawer::new();
        let mut wave = Wave::silent();
        self.keys()
            .iter()
            .map(|key| {
                drawer.draw(self, key.position, LAST_BIN, Morph::NONE, &mut wave);
                (key.position, *wave.samples())
            })
            .collect()
    }

    /// Writes the bins 0..`re.len()` of the spectrum of a frame, as [`crate::fft::RealFft::inverse`] takes it.
    #[inline(always)]
    fn spectrum(&self, frame: u16, re: &mut [f32], im: &mut [f32]) {
        let bins = re.len();
        let keys = match &self.content {
            Content::Frames(frames) => {
                let (frame_re, frame_im) = frames.of(frame);
                re.copy_from_slice(&frame_re[..bins]);
                im.copy_from_slice(&frame_im[..bins]);
                return;
            }
            Content::Keys(keys) => keys,
        };
        let after = keys.iter().position(|key| key.position >= frame);
        let (a, b) = match after {
            Some(0) => (&keys[0], None),
            Some(i) if keys[i].position == frame => (&keys[i], None),
            Some(i) => (&keys[i - 1], Some(&keys[i])),
            None => match keys.last() {
                Some(last) => (last, None),
                None => {
                    re.fill(0.0);
                    im.fill(0.0);
                    return;
                }
            },
        };
        let Some(b) = b else {
            re.copy_from_slice(&a.re[..bins]);
            im.copy_from_slice(&a.im[..bins]);
            return;
        };
        let t = f32::from(frame - a.position) / f32::from(b.position - a.position);
        let (root_a, root_b) = (&a.root[..bins], &b.root[..bins]);
        let (phase_a, phase_b) = (&a.phase[..bins], &b.phase[..bins]);
        for k in 0..bins {
            [re[k], im[k]] = blended([root_a[k], root_b[k]], [phase_a[k], phase_b[k]], t);
        }
    }
}

impl Wavetable {
    /// One bin of a frame, as [`Self::spectrum`] writes it.
    #[inline(always)]
    fn bin(&self, frame: u16, k: usize) -> [f32; 2] {
        let keys = match &self.content {
            Content::Frames(frames) => {
                let (re, im) = frames.of(frame);
                return [re[k], im[k]];
            }
            Content::Keys(keys) => keys,
        };
        let after = keys.partition_point(|key| key.position < frame);
        let before = after.checked_sub(1).and_then(|before| keys.get(before));
        let (a, b) = match (before, keys.get(after)) {
            (_, Some(b)) if b.position == frame => (b, b),
            (Some(a), Some(b)) => (a, b),
            (Some(one), None) | (None, Some(one)) => (one, one),
            (None, None) => return [0.0; 2],
        };
        if a.position == b.position {
            return [a.re[k], a.im[k]];
        }
        let t = f32::from(frame - a.position) / f32::from(b.position - a.position);
        blended([a.root[k], b.root[k]], [a.phase[k], b.phase[k]], t)
    }
}

impl Keyframe {
    fn new(position: u16, shape: &Shape) -> Self {
        let mut key = Self {
            position: position.min(LAST_FRAME),
            root: shape.amplitude.iter().map(|a| a.sqrt() as f32).collect(),
            phase: shape.phase.iter().map(|&p| p as f32).collect(),
            re: vec![0.0; LAST_BIN + 1],
            im: vec![0.0; LAST_BIN + 1],
        };
        key.refresh();
        key
    }

    fn refresh(&mut self) {
        for k in 0..=LAST_BIN {
            let magnitude = self.root[k] * self.root[k] * LAST_BIN as f32;
            self.re[k] = magnitude * fast::cos_cycles(self.phase[k]);
            self.im[k] = magnitude * fast::sin_cycles(self.phase[k]);
        }
    }
}

/// A bin between two keyframes: the root of the magnitude goes straight, the phase takes the shortest arc.
#[inline(always)]
fn blended(root: [f32; 2], phase: [f32; 2], t: f32) -> [f32; 2] {
    let root = root[0] + t * (root[1] - root[0]);
    let phase = phase[0] + t * fast::wrap(phase[1] - phase[0]);
    let magnitude = root * root * LAST_BIN as f32;
    [
        magnitude * fast::cos_cycles(phase),
        magnitude * fast::sin_cycles(phase),
    ]
}

/// Gives every harmonic that some keyframe has a phase in all of them; see [`CARRIED`].
fn carry_phases(shapes: &mut [Shape]) {
    for k in 1..LAST_BIN {
        let greatest = shapes.iter().map(|s| s.amplitude[k]).fold(0.0, f64::max);
        let least = CARRIED * greatest;
        for i in 0..shapes.len() {
            if shapes[i].amplitude[k] >= least {
                continue;
            }
            let nearest = (0..shapes.len())
                .filter(|&j| shapes[j].amplitude[k] > least)
                .min_by_key(|&j| i.abs_diff(j))
                .unwrap_or(i);
            shapes[i].phase[k] = shapes[nearest].phase[k];
            shapes[i].amplitude[k] = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(wave: &[f32; SAMPLES]) -> (f32, f32) {
        (
            wave.iter().copied().fold(0.0, f32::min),
            wave.iter().copied().fold(0.0, f32::max),
        )
    }

    #[test]
    fn every_named_table_is_finite_and_free_of_dc_and_its_keyframes_span_two() {
        let mut drawer = Drawer::new();
        let mut wave = Wave::silent();
        for name in names() {
            let table = by_name(name).unwrap();
            let mut widest = 0.0_f32;
            for frame in (0..=256).step_by(4) {
                drawer.draw(&table, frame, LAST_BIN, Morph::NONE, &mut wave);
                let samples = wave.samples();
                assert!(samples.iter().all(|x| x.is_finite()), "{name} {frame}");
                let mean = samples.iter().map(|&x| f64::from(x)).sum::<f64>() / SAMPLES as f64;
                assert!(mean.abs() < 1e-5, "{name} {frame} has DC {mean}");
                let (low, high) = span(samples);
                assert!(high - low > 1.0, "{name} {frame} spans only {}", high - low);
                widest = widest.max(high - low);
            }
            for (position, wave) in table.waveforms() {
                let (low, high) = span(&wave);
                assert!(
                    (high - low - 2.0).abs() < 0.01,
                    "{name} {position} spans {}",
                    high - low
                );
            }
            assert!(widest < 4.0, "{name} spans {widest} between its keyframes");
            let keys = table.keys();
            assert!(keys.len() <= 9, "{name} has {} keyframes", keys.len());
            assert!(
                keys.windows(2).all(|w| w[0].position < w[1].position),
                "{name}: positions rise"
            );
        }
    }

    #[test]
    fn there_are_enough_tables_with_distinct_names_and_words_about_them() {
        let entries = catalogue();
        assert!(entries.len() >= 24, "{}", entries.len());
        for (i, entry) in entries.iter().enumerate() {
            assert!(
                entries[..i].iter().all(|other| other.name != entry.name),
                "{}",
                entry.name
            );
            assert!(
                entry
                    .name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())
            );
            assert!(
                !entry.title.is_empty() && entry.description.ends_with('.'),
                "{}",
                entry.name
            );
        }
        assert!(by_name("no_such_table").is_none());
    }

    #[test]
    fn frames_between_keyframes_follow_the_square_root_law() {
        let sine = |amplitude: f64, phase: f64| {
            Shape::additive(8, move |k| (if k == 3 { amplitude } else { 0.0 }, phase))
        };
        let mut a = [0.0; SAMPLES];
        let mut b = [0.0; SAMPLES];
        a.copy_from_slice(
            &sine(1.0, 0.4)
                .samples()
                .iter()
                .map(|&x| x as f32)
                .collect::<Vec<_>>(),
        );
        b.copy_from_slice(
            &sine(0.25, -0.4)
                .samples()
                .iter()
                .map(|&x| x as f32)
                .collect::<Vec<_>>(),
        );
        let table = Wavetable::of_waveforms([(0, &a), (256, &b)]);
        let (mut re, mut im) = ([0.0; 9], [0.0; 9]);
        table.spectrum(128, &mut re, &mut im);
        let amplitude = (re[3] * re[3] + im[3] * im[3]).sqrt() / LAST_BIN as f32;
        assert!((amplitude - 0.75 * 0.75).abs() < 1e-5, "{amplitude}");
        // Half way on the short arc from 0.4 to −0.4 is ½ cycle: a sine upside down, whose transform is +i.
        assert!(re[3].abs() < 0.1 && im[3] > 500.0, "{} {}", re[3], im[3]);
    }

    #[test]
    fn waveforms_of_a_table_make_the_same_table() {
        let table = by_name("basic_shapes").unwrap();
        let waves = table.waveforms();
        let again = Wavetable::of_waveforms(waves.iter().map(|(p, w)| (*p, w)));
        let mut drawer = Drawer::new();
        let (mut one, mut two) = (Wave::silent(), Wave::silent());
        for frame in [0, 40, 96, 200, 256] {
            drawer.draw(&table, frame, LAST_BIN, Morph::NONE, &mut one);
            drawer.draw(&again, frame, LAST_BIN, Morph::NONE, &mut two);
            for (x, y) in one.samples().iter().zip(two.samples()) {
                assert!((x - y).abs() < 5e-3, "frame {frame}: {x} {y}");
            }
        }
    }
}
