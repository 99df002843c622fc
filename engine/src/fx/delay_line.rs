//! A ring of past samples, read a chunk at a time at delays that move in a straight line.
//!
//! What a chunk reads lies side by side in the ring wherever the whole part of the delay stands still, so that the
//! samples of a chunk are the lanes of the loops.

use crate::math::fast;

/// Most samples that are read or written at once.
pub(crate) const CHUNK: usize = 64;
/// Samples a read looks at.
const WINDOW: usize = 4;
/// First samples of the ring that stand behind its end again.
const MIRROR: usize = CHUNK + WINDOW;

/// A chunk of one channel.
pub(crate) type Chunk = [f32; CHUNK];

/// Past samples of one channel. A delay of 1 is the sample written last.
#[derive(Debug, Clone)]
pub(crate) struct DelayLine {
    /// A power of two of samples in use, then the first ones again; room for more behind.
    ring: Vec<f32>,
    mask: usize,
    /// Where the next sample goes.
    next: usize,
}

/// Which of the two samples beside a delay counts as its whole part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// The nearer one: the rest is −½..½ and the cubic is drawn on beyond its neighbours, which dulls the top. So
    /// Vital splits the delays of its echoes (measured).
    Nearest,
    /// The later one: the rest is 0..1. So Vital splits the delays of its reverb (measured).
    Below,
}

/// The delay of a chunk's samples: `start` before the first one, `step` more at each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    whole: usize,
    rest: f32,
    step: f32,
}

impl Way {
    /// From `start` on, `step` more with every sample, the first included.
    #[inline(always)]
    pub(crate) fn new(start: f64, step: f64) -> Self {
        let whole = start as usize;
        Self {
            whole,
            rest: (start - whole as f64) as f32,
            step: step as f32,
        }
    }
}

/// The cubic through four neighbours with their central slopes (Catmull-Rom, as Vital reads its memories), `fraction`
/// of the way from the third of them to the second. `past` begins with the oldest and is three longer than `out`.
#[inline(always)]
fn between(past: &[f32], fractions: &[f32], out: &mut [f32]) {
    let count = out.len();
    let (d, c, b, a) = (
        &past[..count],
        &past[1..count + 1],
        &past[2..count + 2],
        &past[3..count + 3],
    );
    let fractions = &fractions[..count];
    for n in 0..count {
        let slope_b = 0.5 * (c[n] - a[n]);
        let slope_c = 0.5 * (d[n] - b[n]);
        let rise = c[n] - b[n];
        let bend = slope_b + slope_c - 2.0 * rise;
        let f = fractions[n];
        out[n] = b[n] + f * (slope_b + f * ((rise - slope_b - bend) + f * bend));
    }
}

impl DelayLine {
    /// The shortest delay that can be read, in samples.
    pub(crate) const SHORTEST: f64 = 2.0;

    /// A silent line for delays of up to `samples`.
    pub(crate) fn new(samples: f64) -> Self {
        let length = (samples.max(1.0) as usize + 2 * CHUNK).next_power_of_two();
        Self {
            ring: vec![0.0; length + MIRROR],
            mask: length - 1,
            next: 0,
        }
    }

    /// A silent line with room for delays of up to `longest` samples that keeps to a small part of it until
    /// [`DelayLine::stretch`] asks for more: what is not touched costs no cache.
    pub(crate) fn with_room_for(longest: f64) -> Self {
        let mut line = Self::new(longest);
        line.mask = 4 * CHUNK - 1;
        line
    }

    /// Makes delays of up to `samples` readable. Takes no memory beyond the room it was made with.
    pub(crate) fn stretch(&mut self, samples: f64) {
        let length = self.mask + 1;
        let wanted = (samples.max(1.0) as usize + 2 * CHUNK)
            .next_power_of_two()
            .min(self.ring.len() - MIRROR);
        if wanted <= length {
            return;
        }
        self.ring[..length].rotate_left(self.next);
        self.ring[length..wanted + MIRROR].fill(0.0);
        (self.mask, self.next) = (wanted - 1, length);
        self.ring.copy_within(..MIRROR, wanted);
    }

    /// The longest delay that can be read, in samples, with all its room in use.
    pub(crate) fn longest(&self) -> f64 {
        (self.ring.len() - MIRROR - 2 * CHUNK) as f64
    }

    /// Appends the samples of a chunk, at most [`CHUNK`].
    #[inline(always)]
    pub(crate) fn extend(&mut self, samples: &[f32]) {
        let length = self.mask + 1;
        let (head, tail) = samples.split_at(samples.len().min(length - self.next));
        self.ring[self.next..self.next + head.len()].copy_from_slice(head);
        self.ring[..tail.len()].copy_from_slice(tail);
        if self.next < MIRROR || !tail.is_empty() {
            self.ring.copy_within(..MIRROR, length);
        }
        self.next = (self.next + samples.len()) & self.mask;
    }

    /// The `count` samples that come after the one `delay` samples ago and the one itself; `delay` ≥ `count`.
    #[inline(always)]
    pub(crate) fn past(&self, delay: usize, count: usize) -> &[f32] {
        let oldest = self.next.wrapping_sub(delay) & self.mask;
        &self.ring[oldest..oldest + count]
    }

    /// Reads the next samples before they are written: each at least its place in the chunk plus two samples ago.
    #[inline(always)]
    pub(crate) fn read(&self, way: Way, split: Split, out: &mut [f32]) {
        self.read_from(self.next, way, split, out);
    }

    /// Reads the samples that were just written, at least one sample ago; of each, 1 is itself.
    #[inline(always)]
    pub(crate) fn read_written(&self, way: Way, split: Split, out: &mut [f32]) {
        self.read_from((self.next + 1).wrapping_sub(out.len()), way, split, out);
    }

    #[inline(always)]
    fn read_from(&self, first: usize, way: Way, split: Split, out: &mut [f32]) {
        let count = out.len().min(CHUNK);
        let out = &mut out[..count];
        let bias = if split == Split::Below { 0.5 } else { 0.0 };
        let (mut wholes, mut rests) = ([0.0_f32; CHUNK], [0.0_f32; CHUNK]);
        for (n, (whole, rest)) in (1_i32..).zip(wholes.iter_mut().zip(&mut rests)) {
            let delay = way.rest + way.step * n as f32;
            *whole = fast::round(delay - bias);
            *rest = delay - *whole;
        }
        let mut from = 0;
        while from < count {
            let whole = wholes[from];
            // The delay moves one way only: if it ends where it begins, it never left.
            let to = if wholes[count - 1] == whole {
                count
            } else {
                from + wholes[from..count]
                    .iter()
                    .take_while(|other| **other == whole)
                    .count()
            };
            let delay = way.whole.wrapping_add_signed(whole as isize);
            let oldest = first.wrapping_add(from).wrapping_sub(delay + 2) & self.mask;
            let past = &self.ring[oldest..oldest + (to - from) + WINDOW - 1];
            between(past, &rests[from..to], &mut out[from..to]);
            from = to;
        }
    }

    /// What another line of the same size holds.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.ring.copy_from_slice(&other.ring);
        (self.mask, self.next) = (other.mask, other.next);
    }

    /// Silence.
    pub(crate) fn clear(&mut self) {
        self.ring[..self.mask + 1 + MIRROR].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, DelayLine, Split, Way};

    fn parabola(n: f64) -> f64 {
        0.0002 * n * n - 0.1 * n
    }

    fn filled(line: &mut DelayLine, samples: usize) {
        let values: Vec<f32> = (0..samples).map(|n| parabola(n as f64) as f32).collect();
        values.chunks(37).for_each(|chunk| line.extend(chunk));
    }

    #[test]
    fn a_delay_that_moves_is_read_on_the_curve_that_was_written() {
        for step in [0.0, 0.003, -0.02, 0.3, -0.7] {
            let mut line = DelayLine::new(300.0);
            filled(&mut line, 1_000);
            for split in [Split::Nearest, Split::Below] {
                let mut out = [0.0_f32; CHUNK];
                line.read(Way::new(200.25, step), split, &mut out);
                for (n, found) in out.iter().enumerate() {
                    let delay = 200.25 + step * (n + 1) as f64;
                    let expected = parabola(1_000.0 + n as f64 - delay);
                    assert!(
                        (f64::from(*found) - expected).abs() < 2e-3,
                        "{step}, {n}: {found} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_was_just_written_can_be_read_at_once() {
        let mut line = DelayLine::new(300.0);
        filled(&mut line, 999);
        let mut out = [0.0_f32; 37];
        line.read_written(Way::new(3.0, 0.0), Split::Below, &mut out);
        assert_eq!(out[36], parabola(998.0 - 2.0) as f32);
    }

    #[test]
    fn a_line_that_is_stretched_keeps_what_it_holds() {
        let mut line = DelayLine::with_room_for(2_000.0);
        filled(&mut line, 1_000);
        let before = line.past(150, 40).to_vec();
        line.stretch(1_500.0);
        assert_eq!(line.past(150, 40), before);
        assert_eq!(line.past(1_400, 10), [0.0; 10]);
        line.extend(&[7.0; 50]);
        assert_eq!(line.past(200, 40), before);
    }
}
