//! What a style makes of low-, band- and high-pass: the mixing laws that analog, dirty, ladder and digital share.

use songwalker_schemas::patch::FilterStyle;

/// How low-, band- and high-pass are weighted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weights {
    pub low: f32,
    pub band: f32,
    pub high: f32,
}

/// The mixing law of a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slope {
    Twelve,
    TwentyFour,
    NotchBlend,
    NotchSpread,
    BandPeakNotch,
}

impl Slope {
    pub(crate) fn of(style: FilterStyle) -> Self {
        match style {
            FilterStyle::Db24 => Self::TwentyFour,
            FilterStyle::NotchBlend => Self::NotchBlend,
            FilterStyle::NotchSpread => Self::NotchSpread,
            FilterStyle::Bpn => Self::BandPeakNotch,
            _ => Self::Twelve,
        }
    }

    /// Whether a second stage stands in front.
    pub(crate) fn is_steep(self) -> bool {
        self != Self::Twelve
    }

    /// Whether the stage in front takes the low weight for its high-pass and the other way round: that moves the two
    /// notches apart.
    pub(crate) fn is_crossed(self) -> bool {
        self == Self::NotchSpread
    }

    /// What makes up for the resonance's gain. A notch has none, so there it goes back to 1, as it does where a band
    /// becomes a notch; spread notches are made up for what they take away: 2 − blend/2.
    pub(crate) fn calmed(self, gain: f32, blend: f32) -> f32 {
        let x = blend - 1.0;
        match self {
            Self::Twelve | Self::TwentyFour => gain,
            Self::NotchBlend => gain + (1.0 - gain) * (1.0 - x.abs()),
            Self::NotchSpread => {
                let raised = gain * (2.0 - 0.5 * blend);
                raised + (1.0 - raised) * x.max(0.0)
            }
            Self::BandPeakNotch => gain + (1.0 - gain) * x.max(0.0),
        }
    }

    /// Weights of the three responses (the main stage's) at a blend 0..2, measured as the numerators of Vital's
    /// responses: the band-pass of B/P/N is √2·(b/2 + s + b/2·s²) up to the peak at b = 1, then
    /// √((1 + x²)/2)·(1 + 2(1 − x)·s + s²) with x = b − 1.
    pub(crate) fn weights(self, blend: f32) -> Weights {
        let x = blend - 1.0;
        match self {
            Self::Twelve | Self::TwentyFour => Weights {
                low: (-x).max(0.0),
                band: (1.0 - x * x).max(0.0).sqrt(),
                high: x.max(0.0),
            },
            Self::NotchBlend => Weights {
                low: (2.0 - blend).min(1.0),
                band: 0.0,
                high: blend.min(1.0),
            },
            Self::NotchSpread => Weights {
                low: 1.0,
                band: 0.0,
                high: 0.5 * blend,
            },
            Self::BandPeakNotch => {
                let past = x.max(0.0);
                let scale = (2.0 * (1.0 + past * past)).sqrt();
                let side = 0.5 * blend.min(1.0) * scale;
                Weights {
                    low: side,
                    band: (1.0 - past) * scale,
                    high: side,
                }
            }
        }
    }
}
