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

    /// Whether a second stage stands in front: the notch styles are two notches in a row.
    pub(crate) fn is_steep(self) -> bool {
        matches!(self, Self::TwentyFour | Self::NotchBlend | Self::NotchSpread)
    }

    /// What makes up for the resonance's gain: a notch has none, so there it goes back to 1.
    pub(crate) fn calmed(self, gain: f32, blend: f32) -> f32 {
        match self {
            Self::NotchBlend | Self::NotchSpread => gain + (1.0 - gain) * (1.0 - (blend - 1.0).abs()),
            _ => gain,
        }
    }

    /// Weights of the three responses at a blend 0..2.
    pub(crate) fn weights(self, blend: f32) -> Weights {
        let x = blend - 1.0;
        match self {
            Self::Twelve | Self::TwentyFour => Weights {
                low: (-x).max(0.0),
                band: (1.0 - x * x).max(0.0).sqrt(),
                high: x.max(0.0),
            },
            Self::NotchBlend | Self::NotchSpread => Weights {
                low: (2.0 - blend).min(1.0),
                band: 0.0,
                high: blend.min(1.0),
            },
            Self::BandPeakNotch => {
                let side = blend.min(1.0);
                Weights {
                    low: side,
                    band: (1.0 - side * side).max(0.0).sqrt(),
                    high: side * (2.0 * blend - 3.0).clamp(-1.0, 1.0),
                }
            }
        }
    }
}
