//! Where a frame lies between keyframes, as weights of at most four of them.

use songwalker_schemas::asset::component::Path;

/// Weights of keyframes by index; unused ones are (0, 0). Two frames at equal places are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// The keyframe before the frame, the one behind it (the same where there is none), and the way between them 0..1.
    pub from: usize,
    pub to: usize,
    pub t: f64,
    weights: [(usize, f64); 4],
}

impl Place {
    /// At a keyframe itself.
    pub fn only(index: usize) -> Self {
        Self {
            from: index,
            to: index,
            t: 0.0,
            weights: [(index, 1.0), (0, 0.0), (0, 0.0), (0, 0.0)],
        }
    }

    /// A value here that the keyframes have as `of(index)`.
    pub fn value(&self, of: impl Fn(usize) -> f64) -> f64 {
        self.weights
            .iter()
            .filter(|(_, weight)| *weight != 0.0)
            .map(|(index, weight)| weight * of(*index))
            .sum()
    }

    /// The weights themselves.
    pub fn weights(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.weights.iter().copied().filter(|(_, weight)| *weight != 0.0)
    }
}

/// The place of `frame` among keyframes at rising positions, at least one. Cubic: Hermite's, with the slope between its
/// neighbours at each keyframe, and level at the first and the last (measured, 1e-5).
pub(super) fn place(path: Path, positions: &[u16], frame: u16) -> Place {
    let after = positions.partition_point(|&position| position <= frame);
    if after == 0 {
        return Place::only(0);
    }
    let (from, to) = (after - 1, after);
    if to == positions.len() || path == Path::Hold || positions[from] == frame {
        return Place::only(from);
    }
    let at = |i: usize| f64::from(positions[i]);
    let range = at(to) - at(from);
    let t = (f64::from(frame) - at(from)) / range;
    if path == Path::Linear {
        return Place {
            from,
            to,
            t,
            weights: [(from, 1.0 - t), (to, t), (0, 0.0), (0, 0.0)],
        };
    }
    let (t2, t3) = (t * t, t * t * t);
    let (at_from, at_to) = (2.0 * t3 - 3.0 * t2 + 1.0, 3.0 * t2 - 2.0 * t3);
    let (mut weights, mut slopes) = ([(from, at_from), (to, at_to), (0, 0.0), (0, 0.0)], [0.0; 2]);
    if from > 0 {
        slopes[0] = (t3 - 2.0 * t2 + t) * range / (at(to) - at(from - 1));
        weights[2] = (from - 1, -slopes[0]);
        weights[1].1 += slopes[0];
    }
    if to + 1 < positions.len() {
        slopes[1] = (t3 - t2) * range / (at(to + 1) - at(from));
        weights[3] = (to + 1, slopes[1]);
        weights[0].1 -= slopes[1];
    }
    Place { from, to, t, weights }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_keyframes_are_those_measured_in_vital() {
        let (positions, values) = ([20, 64, 160, 224], [1.0, 3.0, -1.0, 2.0]);
        for (path, frame, want) in [
            (Path::Hold, 0, 1.0),
            (Path::Hold, 63, 1.0),
            (Path::Hold, 64, 3.0),
            (Path::Linear, 21, 1.045_45),
            (Path::Linear, 112, 1.0),
            (Path::Linear, 240, 2.0),
            (Path::Cubic, 21, 1.003_37),
            (Path::Cubic, 40, 1.934_85),
            (Path::Cubic, 60, 3.000_64),
            (Path::Cubic, 80, 2.558_86),
            (Path::Cubic, 140, -0.520_29),
            (Path::Cubic, 192, 0.45),
            (Path::Cubic, 200, 1.015_62),
            (Path::Cubic, 256, 2.0),
        ] {
            let got = place(path, &positions, frame).value(|i| values[i]);
            assert!((got - want).abs() < 2e-5, "{path} {frame}: {got} {want}");
        }
    }

    #[test]
    fn keyframes_at_one_position_do_not_divide_by_zero() {
        for path in [Path::Hold, Path::Linear, Path::Cubic] {
            for frame in [0, 5, 6, 7, 8, 256] {
                let value = place(path, &[5, 5, 7, 7, 7], frame).value(|i| i as f64);
                assert!(value.is_finite(), "{path} {frame}");
            }
        }
    }
}
