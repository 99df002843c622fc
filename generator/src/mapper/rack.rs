//! The effects of a patch by kind, and good settings of them to start from.

use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::fx::{
    Chorus, Delay, DelayStyle, Distortion, Eq, Flanger, Fx, FxType, Phaser, Reverb,
};
use songwalker_schemas::patch::osc::Destination;
use songwalker_schemas::patch::rate::{RateMode, Sync};
use songwalker_schemas::patch::sample::{SampleOsc, SampleSource};

/// Where in the chain the effect of that kind stands.
#[must_use]
pub fn place(patch: &PatchSpec, kind: FxType) -> usize {
    patch.fx_place(kind).unwrap_or(0)
}

/// The share of an effect; 1 for the equaliser, which has none.
#[must_use]
pub fn mix(fx: &Fx) -> f64 {
    match fx {
        Fx::Chorus(fx) => fx.mix,
        Fx::Compressor(fx) => fx.mix,
        Fx::Delay(fx) => fx.mix,
        Fx::Distortion(fx) => fx.mix,
        Fx::Eq(_) => 1.0,
        Fx::Filter(fx) => fx.mix,
        Fx::Flanger(fx) => fx.mix,
        Fx::Phaser(fx) => fx.mix,
        Fx::Reverb(fx) => fx.mix,
    }
}

/// The noise of a patch, switched on without a level where it is off.
pub fn noise(patch: &mut PatchSpec, destination: Destination) -> &mut SampleOsc {
    let sample = &mut patch.modules.sample;
    if !sample.enabled {
        sample.enabled = true;
        sample.source = SampleSource::White;
        sample.level = 0.0;
        sample.destination = destination;
    }
    sample
}

/// How much of a sound the effect of that kind is; 0 where it is off.
#[must_use]
pub fn share(patch: &PatchSpec, kind: FxType) -> f64 {
    let fx = &patch.modules.fx[place(patch, kind)];
    if fx.enabled() { mix(fx) } else { 0.0 }
}

macro_rules! effects {
    ($($(#[$doc:meta])* $name:ident : $type:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(patch: &mut PatchSpec, change: impl FnOnce(&mut $type)) {
            for fx in &mut patch.modules.fx {
                if let Fx::$type(fx) = fx {
                    change(fx);
                    return;
                }
            }
        }
    )*};
}

effects! {
    /// Changes the chorus.
    chorus: Chorus;
    /// Changes the delay.
    delay: Delay;
    /// Changes the distortion.
    distortion: Distortion;
    /// Changes the equaliser.
    eq: Eq;
    /// Changes the flanger.
    flanger: Flanger;
    /// Changes the phaser.
    phaser: Phaser;
    /// Changes the reverb.
    reverb: Reverb;
}

/// A slow, wide chorus that keeps the pitch.
#[must_use]
pub fn wide_chorus() -> Chorus {
    let mut fx = Chorus {
        enabled: true,
        mix: 0.35,
        voices: 3,
        depth: 0.28,
        delay_1_ms: 4.0,
        delay_2_ms: 9.0,
        feedback: 0.0,
        filter_hz: 1_000.0,
        ..Chorus::default()
    };
    fx.rate.mode = RateMode::Hz;
    fx.rate.hz = 0.35;
    fx
}

/// An eighth-note ping-pong with darkened repeats.
#[must_use]
pub fn ping_pong() -> Delay {
    let mut fx = Delay {
        enabled: true,
        mix: 0.3,
        style: DelayStyle::PingPong,
        feedback: 0.45,
        filter_hz: 900.0,
        filter_spread: 0.8,
        ..Delay::default()
    };
    fx.time.mode = RateMode::Tempo;
    fx.time.sync = Sync::Eighth;
    fx.time_right = fx.time.clone();
    fx
}
