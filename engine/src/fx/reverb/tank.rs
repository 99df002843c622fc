//! One block of the reverb as a kernel: what goes round in the sixteen lines.
//!
//! Reads, all-passes and mixing have the samples of a chunk as lanes; the shelves, which must go from sample to sample,
//! have the lines as lanes.

use super::super::delay_line::{CHUNK, Chunk, DelayLine, Split, Way};
use super::super::ramp::Line;
use super::{ALLPASS_GAIN, FORWARD, LINES, Lines, States};
use crate::simd::Kernel;

/// Filter states below this are silence: they must not decay into numbers that are slow to compute with.
const SILENCE: f32 = 1e-15;

/// The memories, the lines of the controls across the block and the block itself.
pub(super) struct Block<'a> {
    pub(super) lines: &'a mut [DelayLine; LINES],
    pub(super) allpasses: &'a mut [DelayLine; LINES],
    pub(super) allpass_delays: &'a [usize; LINES],
    pub(super) predelay: &'a mut [DelayLine; 2],
    pub(super) states: &'a mut States,
    pub(super) lengths: [f64; LINES],
    pub(super) length_steps: [f64; LINES],
    pub(super) gains: [Line; LINES],
    pub(super) pre_low: Line,
    pub(super) pre_high: Line,
    pub(super) low: Line,
    pub(super) low_loss: Line,
    pub(super) high: Line,
    pub(super) high_share: Line,
    pub(super) back: Line,
    pub(super) mix: (Line, Line),
    pub(super) left: &'a mut [f32],
    pub(super) right: &'a mut [f32],
}

/// What every line loses to the mixing: a quarter of all, minus half of its lane's sum and half of its row's.
struct Exchange {
    lanes: [f32; 4],
    rows: [f32; 4],
}

impl Exchange {
    /// Of the values that `value` gives for the lines, row after row.
    #[inline(always)]
    fn of(value: impl Fn(usize) -> f32) -> Self {
        let mut lanes = [0.0_f32; 4];
        let mut rows = [0.0_f32; 4];
        for (row, sum) in rows.iter_mut().enumerate() {
            let [a, b, c, d] = [
                value(4 * row),
                value(4 * row + 1),
                value(4 * row + 2),
                value(4 * row + 3),
            ];
            *sum = (a + b) + (c + d);
            lanes = [lanes[0] + a, lanes[1] + b, lanes[2] + c, lanes[3] + d];
        }
        let all = 0.25 * ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
        Self {
            lanes: lanes.map(|sum| 0.5 * sum),
            rows: rows.map(|sum| all - 0.5 * sum),
        }
    }

    /// What line `i` has instead of `value`.
    #[inline(always)]
    fn line(&self, i: usize, value: f32) -> f32 {
        value + (self.rows[i / 4] - self.lanes[i & 3])
    }
}

/// Zero instead of what is far below hearing.
#[inline(always)]
fn flush(x: f32) -> f32 {
    if x.abs() < 1e-20 { 0.0 } else { x }
}

impl Kernel for Block<'_> {
    type Out = ();

    #[inline(always)]
    fn run(mut self) {
        let mut from = 0;
        while from < self.left.len() {
            let count = CHUNK.min(self.left.len() - from);
            self.chunk(from, count);
            from += count;
        }
    }
}

impl Block<'_> {
    #[inline(always)]
    fn chunk(&mut self, from: usize, count: usize) {
        let input = self.input(from, count);
        let mut x = [[0.0_f32; CHUNK]; LINES];
        self.diffuse(count, &input, &mut x);
        for n in 0..CHUNK {
            let exchange = Exchange::of(|i| x[i][n]);
            for (i, x) in x.iter_mut().enumerate() {
                x[n] = exchange.line(i, x[n]);
            }
        }
        let gains = self.gains.map(|gain| gain.values(from));
        let mut sums = self.damp(from, count, &gains, &mut x);
        for (line, kept) in self.lines.iter_mut().zip(&x) {
            line.extend(&kept[..count]);
        }
        // Both sides' sums, with some of a second exchange.
        let [left_sum, right_sum] = &mut sums;
        for n in 0..CHUNK {
            let exchange = Exchange::of(|i| x[i][n]);
            let mut more = [0.0_f32; 4];
            for (i, x) in x.iter().enumerate() {
                more[i & 3] += gains[i][n] * exchange.line(i, x[n]);
            }
            left_sum[n] += FORWARD * (more[0] + more[2]);
            right_sum[n] += FORWARD * (more[1] + more[3]);
        }
        self.output(from, count, &sums);
    }

    /// A quarter of the input's low end minus a quarter of the input low-passed above: a band with its sign turned.
    #[inline(always)]
    fn input(&mut self, from: usize, count: usize) -> [Chunk; 2] {
        let mut input = [[0.0_f32; CHUNK]; 2];
        let (mut high, mut low) = (self.states.pre_high, self.states.pre_low);
        let (highs, lows): (Chunk, Chunk) = (self.pre_high.values(from), self.pre_low.values(from));
        let samples = self.left[from..from + count]
            .iter()
            .zip(&self.right[from..from + count]);
        for (n, (left, right)) in samples.enumerate() {
            let (c, d) = (highs[n], lows[n]);
            for (side, x) in [*left, *right].into_iter().enumerate() {
                let above = (1.0 - c) * high[side] + c * x;
                high[side] = (1.0 - 2.0 * c) * high[side] + 2.0 * c * x;
                let below = (1.0 - d) * low[side] + d * x;
                low[side] = (1.0 - 2.0 * d) * low[side] + 2.0 * d * x;
                input[side][n] = 0.25 * (below - above);
            }
        }
        self.states.pre_high = high.map(silenced);
        self.states.pre_low = low.map(silenced);
        input
    }

    /// Reads the lines and takes them through their all-passes, which write what they got and the input.
    #[inline(always)]
    fn diffuse(&mut self, count: usize, input: &[Chunk; 2], x: &mut [Chunk; LINES]) {
        let mut returned = [0.0_f32; CHUNK];
        let mut into = [[0.0_f32; CHUNK]; 2];
        for pair in 0..LINES / 2 {
            for side in 0..2 {
                let i = 2 * pair + side;
                let way = Way::new(self.lengths[i], self.length_steps[i]);
                self.lengths[i] += self.length_steps[i] * count as f64;
                self.lines[i].read(way, Split::Below, &mut returned[..count]);
                // The all-passes' memories cross the sides.
                let memory = self.allpasses[i ^ 1].past(self.allpass_delays[i ^ 1], count);
                let (x, into, input) = (
                    &mut x[i][..count],
                    &mut into[side][..count],
                    &input[side][..count],
                );
                for n in 0..count {
                    let enters = returned[n] - ALLPASS_GAIN * memory[n];
                    x[n] = memory[n] + ALLPASS_GAIN * enters;
                    into[n] = flush(enters + input[n]);
                }
            }
            for (allpass, into) in self.allpasses[2 * pair..].iter_mut().zip(&into) {
                allpass.extend(&into[..count]);
            }
        }
    }

    /// High shelf, low shelf, then the gain of each line; gives the sides' sums before the gain.
    #[inline(always)]
    fn damp(
        &mut self,
        from: usize,
        count: usize,
        gains: &[Chunk; LINES],
        x: &mut [Chunk; LINES],
    ) -> [Chunk; 2] {
        let (mut high, mut low): (Lines, Lines) = (self.states.high, self.states.low);
        let mut sums = [[0.0_f32; CHUNK]; 2];
        let mut turned = [[0.0_f32; LINES]; CHUNK];
        for (n, lanes) in turned.iter_mut().enumerate() {
            for (i, lane) in lanes.iter_mut().enumerate() {
                *lane = x[i][n];
            }
        }
        let (highs, shares): (Chunk, Chunk) = (self.high.values(from), self.high_share.values(from));
        let (lows, losses): (Chunk, Chunk) = (self.low.values(from), self.low_loss.values(from));
        for (n, lanes) in turned[..count].iter_mut().enumerate() {
            let (c, kept, d, loss) = (highs[n], shares[n], lows[n], losses[n]);
            for i in 0..LINES {
                let x = lanes[i];
                let below = (1.0 - c) * high[i] + c * x;
                high[i] = (1.0 - 2.0 * c) * high[i] + 2.0 * c * x;
                let shelved = below + kept * (x - below);
                let below = (1.0 - d) * low[i] + d * shelved;
                low[i] = (1.0 - 2.0 * d) * low[i] + 2.0 * d * shelved;
                lanes[i] = shelved - loss * below;
            }
        }
        for i in 0..LINES {
            (self.states.high[i], self.states.low[i]) = (silenced(high[i]), silenced(low[i]));
        }
        for (i, x) in x.iter_mut().enumerate() {
            let sum = &mut sums[i & 1];
            let gain = &gains[i];
            for (n, (x, lanes)) in x.iter_mut().zip(&turned).enumerate() {
                let damped = lanes[i];
                sum[n] += damped;
                *x = flush(damped * gain[n]);
            }
        }
        sums
    }

    /// Delays the sides' sums and mixes them in.
    #[inline(always)]
    fn output(&mut self, from: usize, count: usize, sums: &[Chunk; 2]) {
        let (dry, wet): (Chunk, Chunk) = (self.mix.0.values(from), self.mix.1.values(from));
        let sides = [&mut *self.left, &mut *self.right];
        // Before the chunk's first sample; 1 is the sample itself.
        let start = f64::from(self.back.at(from)) - f64::from(self.back.step()) + 1.0;
        let way = Way::new(start, f64::from(self.back.step()));
        for ((samples, line), sum) in sides.into_iter().zip(self.predelay.iter_mut()).zip(sums) {
            line.extend(&sum[..count]);
            let mut late = [0.0_f32; CHUNK];
            line.read_written(way, Split::Nearest, &mut late[..count]);
            for (n, (x, late)) in samples[from..from + count].iter_mut().zip(&late).enumerate() {
                *x = dry[n] * *x + wet[n] * late;
            }
        }
    }
}

#[inline(always)]
fn silenced(state: f32) -> f32 {
    if state.abs() < SILENCE { 0.0 } else { state }
}

#[cfg(test)]
mod tests {
    use super::Exchange;

    #[test]
    fn the_exchange_is_its_own_inverse() {
        let x: [f32; 16] = std::array::from_fn(|i| ((i * 7) % 5) as f32 - 2.0);
        let exchanged = |x: [f32; 16]| -> [f32; 16] {
            let exchange = Exchange::of(|i| x[i]);
            std::array::from_fn(|i| exchange.line(i, x[i]))
        };
        let twice = exchanged(exchanged(x));
        assert!(x.iter().zip(twice).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
