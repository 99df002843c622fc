//! Which raw values (Vital's own scales, by parameter) each effect reads, and how they become its parameters.
//!
//! Routes may push a raw value anywhere, so everything is held here within what the effect can take; frequencies of
//! notes and powers of two are bounded before they are computed.

use songwalker_schemas::params;

use super::chorus::ChorusParams;
use super::compressor::{CompressorBand, CompressorBands, CompressorParams};
use super::delay::{DelayParams, DelayStyle, LONGEST_S};
use super::distortion::{DistortionKind, DistortionParams, FilterPlace};
use super::eq::{BandMode, EqBand, EqParams};
use super::flanger::FlangerParams;
use super::phaser::PhaserParams;
use super::reverb::ReverbParams;
use crate::filter::FilterControls;
use crate::math::fast;

/// A raw value's place in the flat array.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot(usize);

impl Slot {
    fn new(path: &str) -> Self {
        let id = params::id(path);
        debug_assert!(id.is_some(), "no parameter is called {path}");
        Self(id.map_or(usize::MAX, |id| id.index()))
    }

    /// The raw value, 0 where it is missing or not a number.
    fn raw(self, raw: &[f32]) -> f32 {
        raw.get(self.0)
            .copied()
            .filter(|value| value.is_finite())
            .unwrap_or(0.0)
    }

    fn within(self, raw: &[f32], low: f32, high: f32) -> f32 {
        self.raw(raw).clamp(low, high)
    }

    /// A note number 0..150 as Hz.
    fn note_hz(self, raw: &[f32]) -> f32 {
        440.0 * fast::exp2((self.within(raw, 0.0, 150.0) - 69.0) * (1.0 / 12.0))
    }

    /// 2 to the raw value, the latter within ±12.
    fn exp2(self, raw: &[f32]) -> f32 {
        fast::exp2(self.within(raw, -12.0, 12.0))
    }

    /// The word of that index, the last one beyond.
    fn choose<T: Copy, const N: usize>(self, raw: &[f32], words: [T; N]) -> T {
        let index = self.within(raw, 0.0, (N - 1) as f32) + 0.5;
        words[(index as usize).min(N - 1)]
    }
}

/// A frequency that is free or follows the tempo.
#[derive(Debug, Clone, Copy)]
struct RateSlots {
    mode: Slot,
    free: Slot,
    sync: Slot,
}

impl RateSlots {
    fn new(path: &str, free: &str) -> Self {
        Self {
            mode: Slot::new(&format!("{path}/mode")),
            free: Slot::new(&format!("{path}/{free}")),
            sync: Slot::new(&format!("{path}/sync")),
        }
    }

    /// In Hz; note values by vital-laws §8: 2^(index − 8) cycles a beat, 0 for freeze, dotted ×2/3, triplet ×3/2.
    fn hz(self, raw: &[f32], bpm: f64) -> f64 {
        let index = f64::from(self.sync.raw(raw).clamp(0.0, 12.0)).round_ties_even();
        let beats_per_second = bpm.clamp(1.0, 1_000.0) / 60.0;
        let synced = if index < 0.5 {
            0.0
        } else {
            f64::from(fast::exp2((index - 8.0) as f32)) * beats_per_second
        };
        self.mode.choose(
            raw,
            [
                f64::from(self.free.exp2(raw)),
                synced,
                synced * (2.0 / 3.0),
                synced * 1.5,
            ],
        )
    }

    /// The duration of a cycle in seconds, at most [`LONGEST_S`].
    fn seconds(self, raw: &[f32], bpm: f64) -> f32 {
        let hz = self.hz(raw, bpm);
        if hz > 0.0 {
            (1.0 / hz).min(f64::from(LONGEST_S)) as f32
        } else {
            LONGEST_S
        }
    }
}

macro_rules! slots {
    ($(#[$meta:meta])* $name:ident at $root:literal { $($field:ident = $path:literal),* $(,)? } $({ $($rate:ident = $rate_path:literal by $free:literal),* $(,)? })?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name { $($field: Slot,)* $($($rate: RateSlots,)*)? }

        impl $name {
            pub(crate) fn new() -> Self {
                Self {
                    $($field: Slot::new(concat!("/modules/fx/", $root, "/", $path)),)*
                    $($($rate: RateSlots::new(concat!("/modules/fx/", $root, "/", $rate_path), $free),)*)?
                }
            }
        }
    };
}

slots! {
    /// The chorus's.
    ChorusSlots at "chorus" {
        mix = "mix", voices = "voices", depth = "depth", delay_1 = "delay_1_ms", delay_2 = "delay_2_ms",
        feedback = "feedback", filter = "filter_hz", spread = "spread",
    } { rate = "rate" by "hz" }
}

impl ChorusSlots {
    pub(crate) fn read(&self, raw: &[f32], bpm: f64) -> ChorusParams {
        ChorusParams {
            mix: self.mix.within(raw, 0.0, 1.0),
            voices: (self.voices.within(raw, 1.0, 4.0) + 0.5) as u32,
            rate_hz: self.rate.hz(raw, bpm) as f32,
            depth: self.depth.within(raw, 0.0, 1.0),
            delay_1_s: self.delay_1.exp2(raw),
            delay_2_s: self.delay_2.exp2(raw),
            feedback: self.feedback.within(raw, -0.95, 0.95),
            filter_hz: self.filter.note_hz(raw),
            spread: self.spread.within(raw, 0.0, 1.0),
        }
    }
}

slots! {
    /// One band of the compressor.
    LowSlots at "compressor/low" {
        upper = "upper_threshold_db", lower = "lower_threshold_db", upper_ratio = "upper_ratio",
        lower_ratio = "lower_ratio", gain = "gain_db",
    }
}
slots! {
    /// One band of the compressor.
    MiddleSlots at "compressor/band" {
        upper = "upper_threshold_db", lower = "lower_threshold_db", upper_ratio = "upper_ratio",
        lower_ratio = "lower_ratio", gain = "gain_db",
    }
}
slots! {
    /// One band of the compressor.
    HighSlots at "compressor/high" {
        upper = "upper_threshold_db", lower = "lower_threshold_db", upper_ratio = "upper_ratio",
        lower_ratio = "lower_ratio", gain = "gain_db",
    }
}

slots! {
    /// The compressor's.
    CompressorSlots at "compressor" { mix = "mix", bands = "bands", attack = "attack", release = "release" }
}

macro_rules! compressor_band {
    ($slots:expr, $raw:ident) => {{
        let slots = $slots;
        CompressorBand {
            upper_threshold_db: slots.upper.within($raw, -80.0, 0.0),
            lower_threshold_db: slots.lower.within($raw, -80.0, 0.0),
            upper_ratio: slots.upper_ratio.within($raw, 0.0, 1.0),
            lower_ratio: slots.lower_ratio.within($raw, -1.0, 1.0),
            gain_db: slots.gain.within($raw, -30.0, 30.0),
        }
    }};
}

/// The compressor's with its bands'.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AllCompressorSlots {
    whole: CompressorSlots,
    low: LowSlots,
    middle: MiddleSlots,
    high: HighSlots,
}

impl AllCompressorSlots {
    pub(crate) fn new() -> Self {
        Self {
            whole: CompressorSlots::new(),
            low: LowSlots::new(),
            middle: MiddleSlots::new(),
            high: HighSlots::new(),
        }
    }

    pub(crate) fn read(&self, raw: &[f32]) -> CompressorParams {
        use CompressorBands::{High, Low, Multi, Single};
        CompressorParams {
            bands: self.whole.bands.choose(raw, [Multi, Low, High, Single]),
            attack: self.whole.attack.within(raw, 0.0, 1.0),
            release: self.whole.release.within(raw, 0.0, 1.0),
            mix: self.whole.mix.within(raw, 0.0, 1.0),
            band: [
                compressor_band!(&self.low, raw),
                compressor_band!(&self.middle, raw),
                compressor_band!(&self.high, raw),
            ],
        }
    }
}

slots! {
    /// The delay's.
    DelaySlots at "delay" {
        mix = "mix", style = "style", feedback = "feedback", filter = "filter_hz", spread = "filter_spread",
    } { left = "time" by "seconds", right = "time_right" by "seconds" }
}

impl DelaySlots {
    pub(crate) fn read(&self, raw: &[f32], bpm: f64) -> DelayParams {
        use DelayStyle::{MidPingPong, Mono, PingPong, Stereo};
        DelayParams {
            style: self.style.choose(raw, [Mono, Stereo, PingPong, MidPingPong]),
            mix: self.mix.within(raw, 0.0, 1.0),
            left_s: self.left.seconds(raw, bpm),
            right_s: self.right.seconds(raw, bpm),
            feedback: self.feedback.within(raw, -1.0, 1.0),
            filter_hz: self.filter.note_hz(raw),
            filter_spread: self.spread.within(raw, 0.0, 1.0),
        }
    }
}

slots! {
    /// The distortion's.
    DistortionSlots at "distortion" {
        mix = "mix", kind = "kind", drive = "drive_db", order = "filter/order", filter = "filter/hz",
        resonance = "filter/resonance", blend = "filter/blend",
    }
}

impl DistortionSlots {
    pub(crate) fn read(&self, raw: &[f32]) -> DistortionParams {
        use DistortionKind::{BitCrush, DownSample, HardClip, LinearFold, SineFold, SoftClip};
        DistortionParams {
            kind: self.kind.choose(
                raw,
                [SoftClip, HardClip, LinearFold, SineFold, BitCrush, DownSample],
            ),
            drive_db: self.drive.within(raw, -30.0, 30.0),
            mix: self.mix.within(raw, 0.0, 1.0),
            filter: self
                .order
                .choose(raw, [FilterPlace::None, FilterPlace::Pre, FilterPlace::Post]),
            filter_hz: self.filter.note_hz(raw),
            filter_resonance: self.resonance.within(raw, 0.0, 1.0),
            filter_blend: self.blend.within(raw, 0.0, 2.0),
        }
    }
}

slots! {
    /// The equaliser's.
    EqSlots at "eq" {
        low_mode = "low/mode", low_hz = "low/hz", low_gain = "low/gain_db", low_resonance = "low/resonance",
        mid_mode = "band/mode", mid_hz = "band/hz", mid_gain = "band/gain_db", mid_resonance = "band/resonance",
        high_mode = "high/mode", high_hz = "high/hz", high_gain = "high/gain_db", high_resonance = "high/resonance",
    }
}

impl EqSlots {
    pub(crate) fn read(&self, raw: &[f32]) -> EqParams {
        let band = |mode: Slot, hz: Slot, gain: Slot, resonance: Slot| {
            let resonance = resonance.within(raw, 0.0, 1.0);
            EqBand {
                mode: mode.choose(raw, [BandMode::Gain, BandMode::Cut]),
                hz: hz.note_hz(raw),
                gain_db: gain.within(raw, -15.0, 15.0),
                resonance: resonance * resonance,
            }
        };
        EqParams {
            bands: [
                band(self.low_mode, self.low_hz, self.low_gain, self.low_resonance),
                band(self.mid_mode, self.mid_hz, self.mid_gain, self.mid_resonance),
                band(self.high_mode, self.high_hz, self.high_gain, self.high_resonance),
            ],
        }
    }
}

slots! {
    /// The effect filter's.
    FilterSlots at "filter" {
        mix = "mix", cutoff = "cutoff_hz", resonance = "resonance", drive = "drive_db", blend = "blend",
        keytrack = "keytrack", blend_transpose = "blend_transpose", formant_x = "formant/x", formant_y = "formant/y",
        formant_transpose = "formant/transpose", formant_resonance = "formant/resonance",
        formant_spread = "formant/spread",
    }
}

impl FilterSlots {
    /// Both sides' controls; `note` is what the cutoff follows.
    pub(crate) fn read(&self, raw: &[f32], note: f32) -> FilterControls {
        let tracked = self.keytrack.within(raw, -1.0, 1.0) * (note - 60.0);
        FilterControls {
            cutoff_note: self.cutoff.raw(raw) + tracked,
            resonance: self.resonance.within(raw, 0.0, 1.0),
            drive_db: self.drive.within(raw, 0.0, 20.0),
            blend: self.blend.within(raw, 0.0, 2.0),
            mix: self.mix.within(raw, 0.0, 1.0),
            blend_transpose: self.blend_transpose.raw(raw),
            formant_x: self.formant_x.raw(raw),
            formant_y: self.formant_y.raw(raw),
            formant_transpose: self.formant_transpose.raw(raw),
            formant_resonance: self.formant_resonance.raw(raw),
            formant_spread: self.formant_spread.raw(raw),
        }
    }
}

slots! {
    /// The flanger's.
    FlangerSlots at "flanger" {
        mix = "mix", center = "center_hz", depth = "depth", feedback = "feedback", phase = "phase",
    } { rate = "rate" by "hz" }
}

impl FlangerSlots {
    pub(crate) fn read(&self, raw: &[f32], bpm: f64) -> FlangerParams {
        FlangerParams {
            mix: self.mix.within(raw, 0.0, 0.5),
            rate_hz: self.rate.hz(raw, bpm) as f32,
            center_hz: self.center.note_hz(raw),
            depth: self.depth.within(raw, 0.0, 1.0),
            feedback: self.feedback.within(raw, -1.0, 1.0),
            phase: self.phase.within(raw, -1.0, 2.0),
        }
    }
}

slots! {
    /// The phaser's.
    PhaserSlots at "phaser" {
        mix = "mix", center = "center_hz", depth = "depth_st", feedback = "feedback", phase = "phase", blend = "blend",
    } { rate = "rate" by "hz" }
}

impl PhaserSlots {
    pub(crate) fn read(&self, raw: &[f32], bpm: f64) -> PhaserParams {
        PhaserParams {
            mix: self.mix.within(raw, 0.0, 1.0),
            rate_hz: self.rate.hz(raw, bpm) as f32,
            center_hz: self.center.note_hz(raw),
            depth_st: self.depth.within(raw, -48.0, 96.0),
            feedback: self.feedback.within(raw, 0.0, 1.0),
            phase: self.phase.within(raw, -1.0, 2.0),
            blend: self.blend.within(raw, 0.0, 2.0),
        }
    }
}

slots! {
    /// The reverb's.
    ReverbSlots at "reverb" {
        mix = "mix", decay = "decay_s", size = "size", predelay = "predelay_s", pre_low = "pre_low_hz",
        pre_high = "pre_high_hz", low_hz = "low_shelf/hz", low_gain = "low_shelf/gain_db", high_hz = "high_shelf/hz",
        high_gain = "high_shelf/gain_db", mod_amount = "mod_amount", mod_rate = "mod_hz",
    }
}

impl ReverbSlots {
    pub(crate) fn read(&self, raw: &[f32]) -> ReverbParams {
        let amount = self.mod_amount.within(raw, 0.0, 1.0);
        ReverbParams {
            mix: self.mix.within(raw, 0.0, 1.0),
            decay_s: self.decay.exp2(raw),
            size: self.size.within(raw, 0.0, 1.0),
            predelay_s: self.predelay.within(raw, 0.0, 0.3),
            pre_low_hz: self.pre_low.note_hz(raw),
            pre_high_hz: self.pre_high.note_hz(raw),
            low_shelf_hz: self.low_hz.note_hz(raw),
            low_shelf_db: self.low_gain.within(raw, -24.0, 0.0),
            high_shelf_hz: self.high_hz.note_hz(raw),
            high_shelf_db: self.high_gain.within(raw, -24.0, 0.0),
            mod_amount: amount * amount,
            mod_hz: self.mod_rate.exp2(raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::PatchSpec;

    #[test]
    fn a_new_patch_reads_as_vitals_defaults() {
        let raw = PatchSpec::default().raw_values();
        let chorus = ChorusSlots::new().read(&raw, 120.0);
        assert!(
            (chorus.delay_1_s - 0.001_953_125).abs() < 1e-8 && (chorus.filter_hz - 261.625_6).abs() < 1e-2
        );
        assert!(
            (f64::from(chorus.rate_hz) - 0.125).abs() < 1e-6,
            "4/1 at 120 bpm is 8 s"
        );
        let delay = DelaySlots::new().read(&raw, 120.0);
        assert_eq!((delay.left_s, delay.style), (0.25, DelayStyle::Mono));
        let reverb = ReverbSlots::new().read(&raw);
        assert!((reverb.decay_s - 1.0).abs() < 1e-5 && (reverb.mod_amount - 0.05).abs() < 1e-5);
        assert!((reverb.pre_high_hz - 4_698.636).abs() < 0.1);
        let eq = EqSlots::new().read(&raw);
        assert!((eq.bands[1].resonance - 0.447_3 * 0.447_3).abs() < 1e-4);
        let compressor = AllCompressorSlots::new().read(&raw);
        assert!(
            (compressor.band[1].gain_db - 11.7).abs() < 1e-5 && compressor.bands == CompressorBands::Multi
        );
        assert_eq!(FilterSlots::new().read(&raw, 72.0).cutoff_note.round(), 60.0);
        assert_eq!(PhaserSlots::new().read(&raw, 120.0).depth_st, 24.0);
        assert_eq!(DistortionSlots::new().read(&raw).kind, DistortionKind::SoftClip);
        assert_eq!(FlangerSlots::new().read(&raw, 120.0).mix, 0.5);
    }

    #[test]
    fn note_values_follow_the_tempo_dotted_is_longer_and_triplet_shorter() {
        let slots = DelaySlots::new();
        let mut raw = PatchSpec::default().raw_values();
        let mode = params::id("/modules/fx/delay/time/mode")
            .expect("it is in the table")
            .index();
        let time = |raw: &[f32], bpm| slots.read(raw, bpm).left_s;
        assert_eq!(time(&raw, 60.0), 0.5);
        raw[mode] = 2.0;
        assert!((time(&raw, 120.0) - 0.375).abs() < 1e-6);
        raw[mode] = 3.0;
        assert!((time(&raw, 120.0) - 0.25 * 2.0 / 3.0).abs() < 1e-6);
        raw[mode] = 0.0;
        assert!((time(&raw, 120.0) - 0.25).abs() < 1e-6);
    }
}
