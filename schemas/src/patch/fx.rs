//! The nine effects.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choice::choice;
use crate::patch::filter::{FilterModel, FilterStyle, Formant};
use crate::patch::rate::{ChorusRate, DelayTime, FlangerRate, PhaserRate};
use crate::table::{Described, Module, Row, module};

choice! {
    /// The kinds of effect, in Vital's own order.
    FxType {
        /// Several detuned delays.
        Chorus = "chorus",
        /// Three bands, upwards and downwards.
        Compressor = "compressor",
        /// Echo.
        Delay = "delay",
        /// Waveshaping.
        Distortion = "distortion",
        /// Three bands of equaliser.
        Eq = "eq",
        /// A filter over the whole sound.
        Filter = "filter",
        /// A short swept delay.
        Flanger = "flanger",
        /// Swept all-passes.
        Phaser = "phaser",
        /// A room.
        Reverb = "reverb",
    }
}

choice! {
    /// Which bands the compressor works in.
    CompressorBands {
        /// Low, band and high.
        Multi = "multi",
        /// Low and the rest.
        Low = "low",
        /// High and the rest.
        High = "high",
        /// All in one, by the band's parameters.
        Single = "single",
    }
}

choice! {
    /// How the two delay lines are connected.
    DelayStyle {
        /// Both alike.
        Mono = "mono",
        /// Left and right apart.
        Stereo = "stereo",
        /// Right, left, right.
        PingPong = "ping_pong",
        /// Both cross over.
        MidPingPong = "mid_ping_pong",
    }
}

choice! {
    /// The distortion's curve.
    DistortionKind {
        /// tanh.
        SoftClip = "soft_clip",
        /// Cut off.
        HardClip = "hard_clip",
        /// Folded straight.
        LinearFold = "linear_fold",
        /// Folded round.
        SineFold = "sine_fold",
        /// Fewer levels.
        BitCrush = "bit_crush",
        /// Fewer samples.
        DownSample = "down_sample",
    }
}

choice! {
    /// Where the distortion's filter stands.
    DistortionFilterOrder {
        /// Nowhere.
        None = "none",
        /// Before the curve.
        Pre = "pre",
        /// After it.
        Post = "post",
    }
}

choice! {
    /// What the low band of the equaliser does.
    EqLowMode {
        /// Raises or lowers all below.
        Shelf = "shelf",
        /// Removes all below.
        HighPass = "high_pass",
    }
}

choice! {
    /// What the middle band of the equaliser does.
    EqBandMode {
        /// Raises or lowers around it.
        Peak = "peak",
        /// Removes it.
        Notch = "notch",
    }
}

choice! {
    /// What the high band of the equaliser does.
    EqHighMode {
        /// Raises or lowers all above.
        Shelf = "shelf",
        /// Removes all above.
        LowPass = "low_pass",
    }
}

module! {
    /// Several detuned delays: width and warmth.
    Chorus {
        enabled: flag(false) "on" "Chorus" "Switches the chorus on.";
        mix: real(0.0, 1.0, 0.5, "", Linear, true) "dry_wet" "Mix" "Share of the effect.";
        voices: int(1, 4, 4, "pairs", false) "voices" "Voices" "Pairs of delay taps.";
        rate: group(ChorusRate) "" "Rate" "How fast the delays move.";
        depth: real(0.0, 1.0, 0.5, "", Linear, true) "mod_depth" "Depth" "How far the delays move.";
        delay_1_ms: real(0.976563, 20.0, 1.953125, "ms", ExponentialMs, true) "delay_1" "Delay 1" "Shortest delay.";
        delay_2_ms: real(0.976563, 20.0, 7.8125, "ms", ExponentialMs, true) "delay_2" "Delay 2" "Longest delay.";
        feedback: real(-0.95, 0.95, 0.4, "", Linear, true) "feedback" "Feedback" "How much comes round again.";
        filter_hz: real(12.978272, 21096.163762, 261.625565, "Hz", Note, true) "cutoff" "Filter" "Centre of the delays' filter.";
        spread: real(0.0, 1.0, 1.0, "", Linear, true) "spread" "Filter spread" "Width of the delays' filter.";
    }
}

module! {
    /// One band of the compressor.
    LowBand {
        upper_threshold_db: real(-80.0, 0.0, -28.0, "dB", Linear, false) "upper_threshold" "Low upper threshold" "Above it the band gets softer.";
        lower_threshold_db: real(-80.0, 0.0, -35.0, "dB", Linear, false) "lower_threshold" "Low lower threshold" "Below it the band gets louder.";
        upper_ratio: real(0.0, 1.0, 0.9, "", Linear, false) "upper_ratio" "Low upper ratio" "How much softer.";
        lower_ratio: real(-1.0, 1.0, 0.8, "", Linear, false) "lower_ratio" "Low lower ratio" "How much louder.";
        gain_db: real(-30.0, 30.0, 16.3, "dB", Linear, true) "gain" "Low gain" "Level of the band.";
    }
}

module! {
    /// One band of the compressor.
    MidBand {
        upper_threshold_db: real(-80.0, 0.0, -25.0, "dB", Linear, false) "upper_threshold" "Band upper threshold" "Above it the band gets softer.";
        lower_threshold_db: real(-80.0, 0.0, -36.0, "dB", Linear, false) "lower_threshold" "Band lower threshold" "Below it the band gets louder.";
        upper_ratio: real(0.0, 1.0, 0.857, "", Linear, false) "upper_ratio" "Band upper ratio" "How much softer.";
        lower_ratio: real(-1.0, 1.0, 0.8, "", Linear, false) "lower_ratio" "Band lower ratio" "How much louder.";
        gain_db: real(-30.0, 30.0, 11.7, "dB", Linear, true) "gain" "Band gain" "Level of the band.";
    }
}

module! {
    /// One band of the compressor.
    HighBand {
        upper_threshold_db: real(-80.0, 0.0, -30.0, "dB", Linear, false) "upper_threshold" "High upper threshold" "Above it the band gets softer.";
        lower_threshold_db: real(-80.0, 0.0, -35.0, "dB", Linear, false) "lower_threshold" "High lower threshold" "Below it the band gets louder.";
        upper_ratio: real(0.0, 1.0, 1.0, "", Linear, false) "upper_ratio" "High upper ratio" "How much softer.";
        lower_ratio: real(-1.0, 1.0, 0.8, "", Linear, false) "lower_ratio" "High lower ratio" "How much louder.";
        gain_db: real(-30.0, 30.0, 16.3, "dB", Linear, true) "gain" "High gain" "Level of the band.";
    }
}

module! {
    /// Evens the level out, band by band.
    Compressor {
        enabled: flag(false) "on" "Compressor" "Switches the compressor on.";
        mix: real(0.0, 1.0, 1.0, "", Linear, true) "mix" "Mix" "Share of the effect.";
        bands: choice(CompressorBands::Multi) "enabled_bands" "Bands" "Which bands it works in.";
        attack: real(0.0, 1.0, 0.5, "", Linear, true) "attack" "Attack" "How slowly it grips.";
        release: real(0.0, 1.0, 0.5, "", Linear, true) "release" "Release" "How slowly it lets go.";
        low: group(LowBand) "low_" "Low band" "Below 120 Hz.";
        band: group(MidBand) "band_" "Middle band" "120 Hz to 2.5 kHz, or all.";
        high: group(HighBand) "high_" "High band" "Above 2.5 kHz.";
    }
}

module! {
    /// Echo.
    Delay {
        enabled: flag(false) "on" "Delay" "Switches the delay on.";
        mix: real(0.0, 1.0, 0.3334, "", Linear, true) "dry_wet" "Mix" "Share of the effect.";
        style: choice(DelayStyle::Mono) "style" "Style" "How the lines are connected.";
        time: group(DelayTime) "" "Time" "Time of the echo, or of its left side.";
        time_right: group(DelayTime) "aux_" "Right time" "Time of the right side.";
        feedback: real(-1.0, 1.0, 0.5, "", Linear, true) "feedback" "Feedback" "How much comes round again.";
        filter_hz: real(12.978272, 21096.163762, 261.625565, "Hz", Note, true) "filter_cutoff" "Filter" "Centre of the echo's filter.";
        filter_spread: real(0.0, 1.0, 1.0, "", Linear, true) "filter_spread" "Filter spread" "Width of the echo's filter.";
    }
}

module! {
    /// The distortion's filter.
    DistortionFilter {
        order: choice(DistortionFilterOrder::None) "order" "Filter order" "Where the filter stands.";
        hz: real(12.978272, 21096.163762, 830.609395, "Hz", Note, true) "cutoff" "Filter cutoff" "Where the filter acts.";
        resonance: real(0.0, 1.0, 0.5, "", Linear, true) "resonance" "Filter resonance" "Emphasis at the cutoff.";
        blend: real(0.0, 2.0, 0.0, "", Linear, true) "blend" "Filter blend" "Low-pass 0, band-pass 1, high-pass 2.";
    }
}

module! {
    /// Waveshaping: harmonics from level.
    Distortion {
        enabled: flag(false) "on" "Distortion" "Switches the distortion on.";
        mix: real(0.0, 1.0, 1.0, "", Linear, true) "mix" "Mix" "Share of the effect.";
        kind: choice(DistortionKind::SoftClip) "type" "Kind" "The curve.";
        drive_db: real(-30.0, 30.0, 0.0, "dB", Linear, true) "drive" "Drive" "Level into the curve.";
        filter: group(DistortionFilter) "filter_" "Filter" "A filter before or after the curve.";
    }
}

module! {
    /// Low band of the equaliser.
    EqLow {
        mode: choice(EqLowMode::Shelf) "mode" "Low mode" "Shelf or high-pass.";
        hz: real(12.978272, 21096.163762, 82.406889, "Hz", Note, true) "cutoff" "Low frequency" "Where the band acts.";
        gain_db: real(-15.0, 15.0, 0.0, "dB", Linear, true) "gain" "Low gain" "How much it raises or lowers.";
        resonance: real(0.0, 1.0, 0.3163, "", Linear, true) "resonance" "Low resonance" "How sharply it acts.";
    }
}

module! {
    /// Middle band of the equaliser.
    EqMid {
        mode: choice(EqBandMode::Peak) "mode" "Band mode" "Peak or notch.";
        hz: real(12.978272, 21096.163762, 830.609395, "Hz", Note, true) "cutoff" "Band frequency" "Where the band acts.";
        gain_db: real(-15.0, 15.0, 0.0, "dB", Linear, true) "gain" "Band gain" "How much it raises or lowers.";
        resonance: real(0.0, 1.0, 0.4473, "", Linear, true) "resonance" "Band resonance" "How sharply it acts.";
    }
}

module! {
    /// High band of the equaliser.
    EqHigh {
        mode: choice(EqHighMode::Shelf) "mode" "High mode" "Shelf or low-pass.";
        hz: real(12.978272, 21096.163762, 2637.020455, "Hz", Note, true) "cutoff" "High frequency" "Where the band acts.";
        gain_db: real(-15.0, 15.0, 0.0, "dB", Linear, true) "gain" "High gain" "How much it raises or lowers.";
        resonance: real(0.0, 1.0, 0.3163, "", Linear, true) "resonance" "High resonance" "How sharply it acts.";
    }
}

module! {
    /// Three bands of equaliser.
    Eq {
        enabled: flag(false) "on" "Equaliser" "Switches the equaliser on.";
        low: group(EqLow) "low_" "Low" "Low band.";
        band: group(EqMid) "band_" "Middle" "Middle band.";
        high: group(EqHigh) "high_" "High" "High band.";
    }
}

module! {
    /// A filter over the whole sound.
    FxFilter {
        enabled: flag(false) "on" "Effect filter" "Switches the effect filter on.";
        mix: real(0.0, 1.0, 1.0, "", Linear, true) "mix" "Mix" "Filtered against unfiltered.";
        model: choice(FilterModel::Analog) "model" "Model" "How the filter is built.";
        style: choice(FilterStyle::Db12) "style" "Style" "Slope, or kind of the model.";
        cutoff_hz: real(12.978272, 21096.163762, 261.625565, "Hz", Note, true) "cutoff" "Cutoff" "Where the filter begins to act.";
        resonance: real(0.0, 1.0, 0.5, "", Linear, true) "resonance" "Resonance" "Emphasis at the cutoff.";
        drive_db: real(0.0, 20.0, 0.0, "dB", Linear, true) "drive" "Drive" "Level into the filter's saturation.";
        blend: real(0.0, 2.0, 0.0, "", Linear, true) "blend" "Blend" "Low-pass 0, band-pass 1, high-pass 2.";
        blend_transpose: real(0.0, 84.0, 42.0, "semitones", Linear, true) "blend_transpose" "Comb blend offset" "Offset of the comb's colour.";
        keytrack: real(-1.0, 1.0, 0.0, "", Linear, true) "keytrack" "Keytrack" "How the cutoff follows the note, around note 60.";
        formant: group(Formant) "" "Formant" "The formant model's own parameters.";
    }
}

module! {
    /// A short swept delay.
    Flanger {
        enabled: flag(false) "on" "Flanger" "Switches the flanger on.";
        mix: real(0.0, 0.5, 0.5, "", Linear, true) "dry_wet" "Mix" "Share of the effect.";
        rate: group(FlangerRate) "" "Rate" "How fast the delay moves.";
        center_hz: real(12.978272, 21096.163762, 329.627557, "Hz", Note, true) "center" "Centre" "Frequency of the mean delay.";
        depth: real(0.0, 1.0, 0.5, "", Linear, true) "mod_depth" "Depth" "How far the delay moves.";
        feedback: real(-1.0, 1.0, 0.5, "", Linear, true) "feedback" "Feedback" "How much comes round again.";
        phase: real(0.0, 1.0, 0.333333, "cycles", Linear, true) "phase_offset" "Phase" "Between left and right.";
    }
}

module! {
    /// Swept all-passes.
    Phaser {
        enabled: flag(false) "on" "Phaser" "Switches the phaser on.";
        mix: real(0.0, 1.0, 1.0, "", Linear, true) "dry_wet" "Mix" "Share of the effect.";
        rate: group(PhaserRate) "" "Rate" "How fast the notches move.";
        center_hz: real(12.978272, 21096.163762, 830.609395, "Hz", Note, true) "center" "Centre" "Where the notches stand.";
        depth_st: real(0.0, 48.0, 24.0, "semitones", Linear, true) "mod_depth" "Depth" "How far the notches move.";
        feedback: real(0.0, 1.0, 0.5, "", Linear, true) "feedback" "Feedback" "Sharpness.";
        phase: real(0.0, 1.0, 0.333333, "cycles", Linear, true) "phase_offset" "Phase" "Between left and right.";
        blend: real(0.0, 2.0, 1.0, "", Linear, true) "blend" "Blend" "Number of notches.";
    }
}

module! {
    /// A shelf inside the reverb.
    LowShelf {
        hz: real(8.175799, 13289.750323, 8.175799, "Hz", Note, true) "cutoff" "Low shelf" "Below it the room swallows.";
        gain_db: real(-6.0, 0.0, 0.0, "dB", Linear, true) "gain" "Low shelf gain" "How much it swallows.";
    }
}

module! {
    /// A shelf inside the reverb.
    HighShelf {
        hz: real(8.175799, 13289.750323, 1479.977691, "Hz", Note, true) "cutoff" "High shelf" "Above it the room swallows.";
        gain_db: real(-6.0, 0.0, -1.0, "dB", Linear, true) "gain" "High shelf gain" "How much it swallows.";
    }
}

module! {
    /// A room.
    Reverb {
        enabled: flag(false) "on" "Reverb" "Switches the reverb on.";
        mix: real(0.0, 1.0, 0.25, "", Linear, true) "dry_wet" "Mix" "Share of the effect.";
        decay_s: real(0.015625, 64.0, 1.0, "s", Exponential, true) "decay_time" "Decay" "How long the room rings.";
        size: real(0.0, 1.0, 0.5, "", Linear, true) "size" "Size" "How large the room is.";
        predelay_s: real(0.0, 0.3, 0.0, "s", Linear, true) "delay" "Pre-delay" "Time before the room answers.";
        pre_low_hz: real(8.175799, 13289.750323, 8.175799, "Hz", Note, true) "pre_low_cutoff" "Pre low cut" "What lies below does not reach the room.";
        pre_high_hz: real(8.175799, 13289.750323, 4698.636287, "Hz", Note, true) "pre_high_cutoff" "Pre high cut" "What lies above does not reach the room.";
        low_shelf: group(LowShelf) "low_shelf_" "Low shelf" "Swallows lows.";
        high_shelf: group(HighShelf) "high_shelf_" "High shelf" "Swallows highs.";
        mod_amount: real(0.0, 1.0, 0.223607, "", Linear, true) "chorus_amount" "Modulation" "How much the room moves; acts squared.";
        mod_hz: real(0.003907, 8.0, 0.25, "Hz", Exponential, true) "chorus_frequency" "Modulation rate" "How fast the room moves.";
    }
}

/// One effect of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fx {
    /// Chorus.
    Chorus(Chorus),
    /// Compressor.
    Compressor(Compressor),
    /// Delay.
    Delay(Delay),
    /// Distortion.
    Distortion(Distortion),
    /// Equaliser.
    Eq(Eq),
    /// Filter.
    Filter(FxFilter),
    /// Flanger.
    Flanger(Flanger),
    /// Phaser.
    Phaser(Phaser),
    /// Reverb.
    Reverb(Reverb),
}

impl Fx {
    /// The effect of that kind, off, with every parameter at its default.
    #[must_use]
    pub fn new(kind: FxType) -> Self {
        match kind {
            FxType::Chorus => Self::Chorus(Chorus::default()),
            FxType::Compressor => Self::Compressor(Compressor::default()),
            FxType::Delay => Self::Delay(Delay::default()),
            FxType::Distortion => Self::Distortion(Distortion::default()),
            FxType::Eq => Self::Eq(Eq::default()),
            FxType::Filter => Self::Filter(FxFilter::default()),
            FxType::Flanger => Self::Flanger(Flanger::default()),
            FxType::Phaser => Self::Phaser(Phaser::default()),
            FxType::Reverb => Self::Reverb(Reverb::default()),
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> FxType {
        match self {
            Self::Chorus(_) => FxType::Chorus,
            Self::Compressor(_) => FxType::Compressor,
            Self::Delay(_) => FxType::Delay,
            Self::Distortion(_) => FxType::Distortion,
            Self::Eq(_) => FxType::Eq,
            Self::Filter(_) => FxType::Filter,
            Self::Flanger(_) => FxType::Flanger,
            Self::Phaser(_) => FxType::Phaser,
            Self::Reverb(_) => FxType::Reverb,
        }
    }

    /// Whether it is switched on.
    #[must_use]
    pub const fn enabled(&self) -> bool {
        match self {
            Self::Chorus(fx) => fx.enabled,
            Self::Compressor(fx) => fx.enabled,
            Self::Delay(fx) => fx.enabled,
            Self::Distortion(fx) => fx.enabled,
            Self::Eq(fx) => fx.enabled,
            Self::Filter(fx) => fx.enabled,
            Self::Flanger(fx) => fx.enabled,
            Self::Phaser(fx) => fx.enabled,
            Self::Reverb(fx) => fx.enabled,
        }
    }

    /// All nine, off, in an order that suits most sounds: what shapes first, what makes space last.
    #[must_use]
    pub fn musical_order() -> [Self; 9] {
        [
            FxType::Distortion,
            FxType::Filter,
            FxType::Eq,
            FxType::Compressor,
            FxType::Chorus,
            FxType::Flanger,
            FxType::Phaser,
            FxType::Delay,
            FxType::Reverb,
        ]
        .map(Self::new)
    }

    /// Adds the rows of the effect of that kind.
    pub fn rows(kind: FxType, rows: &mut Vec<Row>) {
        let path = format!("/modules/fx/{kind}");
        let vital = match kind {
            FxType::Filter => "filter_fx_".to_owned(),
            _ => format!("{kind}_"),
        };
        match kind {
            FxType::Chorus => Chorus::rows(&path, &vital, rows),
            FxType::Compressor => Compressor::rows(&path, &vital, rows),
            FxType::Delay => Delay::rows(&path, &vital, rows),
            FxType::Distortion => Distortion::rows(&path, &vital, rows),
            FxType::Eq => Eq::rows(&path, &vital, rows),
            FxType::Filter => FxFilter::rows(&path, &vital, rows),
            FxType::Flanger => Flanger::rows(&path, &vital, rows),
            FxType::Phaser => Phaser::rows(&path, &vital, rows),
            FxType::Reverb => Reverb::rows(&path, &vital, rows),
        }
    }
}

impl Described for Fx {
    fn schema() -> Value {
        let tagged = |kind: FxType, mut schema: Value| {
            schema["properties"]["type"] = json!({ "const": kind.name() });
            if let Some(required) = schema["required"].as_array_mut() {
                required.push(json!("type"));
            }
            schema
        };
        json!({ "oneOf": [
            tagged(FxType::Chorus, Chorus::schema()),
            tagged(FxType::Compressor, Compressor::schema()),
            tagged(FxType::Delay, Delay::schema()),
            tagged(FxType::Distortion, Distortion::schema()),
            tagged(FxType::Eq, Eq::schema()),
            tagged(FxType::Filter, FxFilter::schema()),
            tagged(FxType::Flanger, Flanger::schema()),
            tagged(FxType::Phaser, Phaser::schema()),
            tagged(FxType::Reverb, Reverb::schema()),
        ] })
    }
}
