//! The palette: 240 levels whose lightness grows evenly to the eye, from night blue over violet and coral to pale
//! yellow, and the shades of axes and letters.
//!
//! Computed in Oklab (Björn Ottosson, 2020: bottosson.github.io/posts/oklab), where equal steps look equal.

use songwalker_engine::math;

/// Number of colours that stand for levels, from index 0.
pub const LEVEL_COLOURS: usize = 240;

/// What is not a level.
#[derive(Clone, Copy)]
pub enum Shade {
    /// Around the plot.
    Background,
    /// Letters and ticks.
    Text,
    /// Dotted lines inside the plot.
    Grid,
}

impl Shade {
    /// The palette index.
    pub fn index(self) -> u8 {
        LEVEL_COLOURS as u8 + self as u8
    }
}

/// (position, lightness, chroma, hue in degrees) between which colours are interpolated.
const STOPS: [(f64, f64, f64, f64); 6] = [
    (0.0, 0.13, 0.030, 275.0),
    (0.25, 0.32, 0.120, 285.0),
    (0.5, 0.51, 0.180, 330.0),
    (0.7, 0.68, 0.170, 380.0),
    (0.87, 0.83, 0.130, 430.0),
    (1.0, 0.97, 0.060, 465.0),
];

/// RGB triples of all palette entries.
pub fn palette() -> Vec<u8> {
    let levels = (0..LEVEL_COLOURS).map(|index| level(index as f64 / (LEVEL_COLOURS - 1) as f64));
    let shades = [[14, 15, 20], [176, 180, 192], [92, 94, 118]];
    levels.chain(shades).flatten().collect()
}

fn level(t: f64) -> [u8; 3] {
    let after = STOPS
        .iter()
        .position(|stop| stop.0 >= t)
        .unwrap_or(STOPS.len() - 1)
        .max(1);
    let (a, b) = (STOPS[after - 1], STOPS[after]);
    let share = (t - a.0) / (b.0 - a.0);
    let mix = |x: f64, y: f64| x + (y - x) * share;
    oklch(mix(a.1, b.1), mix(a.2, b.2), mix(a.3, b.3))
}

/// sRGB bytes of an Oklab colour in polar form, clipped to what sRGB can show.
fn oklch(lightness: f64, chroma: f64, hue_degrees: f64) -> [u8; 3] {
    let hue = hue_degrees * math::PI / 180.0;
    let (a, b) = (chroma * math::cos(hue), chroma * math::sin(hue));
    let cube = |x: f64| x * x * x;
    let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ];
    linear.map(|x| {
        let x = x.clamp(0.0, 1.0);
        let encoded = if x <= 0.003_130_8 {
            12.92 * x
        } else {
            1.055 * math::pow(x, 1.0 / 2.4) - 0.055
        };
        (encoded * 255.0).round_ties_even() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_grow_lighter_all_the_way() {
        let palette = palette();
        let luma = |index: usize| {
            let [r, g, b] =
                [palette[3 * index], palette[3 * index + 1], palette[3 * index + 2]].map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for index in 8..LEVEL_COLOURS {
            assert!(luma(index) > luma(index - 8), "{index}");
        }
        assert!(luma(0) < 12.0 && luma(LEVEL_COLOURS - 1) > 225.0);
        assert_eq!(palette.len(), 3 * (LEVEL_COLOURS + 3));
    }
}
