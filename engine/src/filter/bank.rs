//! The filters of all voices of one model, run side by side.
//!
//! Each voice is two lanes, left and right; up to eight voices are interleaved into one loop of 16 lanes, so that the
//! latency of a model's feedback path is paid once for all of them. Every lane does the same operations in the same
//! order whatever stands beside it: a voice's bits depend neither on the grouping nor on the [`Level`].
//!
//! Coefficients are computed a few times per control block from the ramped controls and interpolated per sample, so
//! there is neither zipper noise nor a tangent per sample.

use super::controls::FilterControls;
use super::lanes::Lanes;
use crate::BLOCK;
use crate::modulation::Detour;
use crate::simd::{Kernel, Level};
use crate::voice::buses::Bus;

/// Sample frames (at the filter's own rate) over which coefficients run straight while a control moves.
pub(crate) const SEGMENT: usize = 16;

/// Voices of the widest group.
const WIDEST: usize = 8;

/// One filter model: `K` coefficients from controls, one sample frame from coefficients and `S` states. `K` may not be a
/// multiple of eight: the compiler would then take the ramps eight coefficients at a time instead of lane beside lane,
/// gathering each number on its own, which makes a filter three to six times as slow.
pub(crate) trait Model<const S: usize, const K: usize>: Copy {
    /// The coefficients for these controls at this rate.
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; K];
    /// One sample frame of all lanes. `#[inline(always)]`: it runs inside a kernel.
    fn tick<const N: usize>(
        &self,
        state: &mut [Lanes<N>; S],
        input: Lanes<N>,
        coefficients: &[Lanes<N>; K],
    ) -> Lanes<N>;
}

/// Where the sound of each voice is.
pub(crate) trait Blocks {
    /// Left and right of a voice's block.
    fn of(&mut self, voice: usize) -> (&mut [f32], &mut [f32]);
}

impl Blocks for [Bus] {
    #[inline(always)]
    fn of(&mut self, voice: usize) -> (&mut [f32], &mut [f32]) {
        let bus = &mut self[voice];
        (&mut bus.left, &mut bus.right)
    }
}

/// The block of a lone filter.
pub(crate) struct Lone<'a> {
    pub left: &'a mut [f32],
    pub right: &'a mut [f32],
}

impl Blocks for Lone<'_> {
    #[inline(always)]
    fn of(&mut self, _voice: usize) -> (&mut [f32], &mut [f32]) {
        (&mut *self.left, &mut *self.right)
    }
}

/// One voice's filter between two blocks.
#[derive(Debug, Clone)]
struct Slot<const S: usize, const K: usize> {
    state: [[f32; 2]; S],
    coefficients: [[f32; 2]; K],
    /// Controls that the coefficients belong to; none before the first block.
    controls: Option<[FilterControls; 2]>,
}

/// A model with the states of every voice.
#[derive(Debug, Clone)]
pub(crate) struct Bank<M, const S: usize, const K: usize> {
    model: M,
    sample_rate: f32,
    slots: Vec<Slot<S, K>>,
}

impl<M: Model<S, K>, const S: usize, const K: usize> Bank<M, S, K> {
    pub(crate) fn new(model: M, sample_rate: f32, voices: usize) -> Self {
        const { assert!(!K.is_multiple_of(8), "see Model") };
        let slot = Slot {
            state: [[0.0; 2]; S],
            coefficients: [[0.0; 2]; K],
            controls: None,
        };
        Self {
            model,
            sample_rate,
            slots: vec![slot; voices],
        }
    }

    /// Puts a voice's filter back to silence; its next block starts at its own controls.
    pub(crate) fn reset(&mut self, voice: usize) {
        let slot = &mut self.slots[voice];
        slot.state = [[0.0; 2]; S];
        slot.controls = None;
    }

    /// Filters one control block of each active voice in place.
    pub(crate) fn process<B: Blocks + ?Sized>(
        &mut self,
        level: Level,
        active: &[usize],
        blocks: &mut B,
        controls: &[[FilterControls; 2]],
        detours: &[Detour],
    ) {
        for group in active.chunks(WIDEST) {
            let bank = &mut *self;
            match group.len() {
                1 => level.run(Group::<_, _, S, K, 2> {
                    bank,
                    group,
                    blocks,
                    controls,
                    detours,
                }),
                2..=4 => level.run(Group::<_, _, S, K, 8> {
                    bank,
                    group,
                    blocks,
                    controls,
                    detours,
                }),
                _ => level.run(Group::<_, _, S, K, 16> {
                    bank,
                    group,
                    blocks,
                    controls,
                    detours,
                }),
            }
        }
    }
}

/// How one voice's controls go in this block.
#[derive(Clone, Copy)]
struct Way<'a> {
    from: [FilterControls; 2],
    to: [FilterControls; 2],
    still: bool,
    /// How far the cutoff is from the straight line after each frame of the base rate.
    detour: Option<[&'a [f32; BLOCK]; 2]>,
}

impl Way<'_> {
    /// The controls after `t` of the block.
    #[inline]
    fn at(&self, t: f32) -> [FilterControls; 2] {
        let mut controls = self.straight(t);
        if let Some(detour) = self.detour {
            for (controls, detour) in controls.iter_mut().zip(detour) {
                *controls = controls.beside(detour, t);
            }
        }
        controls
    }

    #[inline]
    fn straight(&self, t: f32) -> [FilterControls; 2] {
        let left = self.from[0].lerp(&self.to[0], t);
        let alike = self.from[1] == self.from[0] && self.to[1] == self.to[0];
        [
            left,
            if alike {
                left
            } else {
                self.from[1].lerp(&self.to[1], t)
            },
        ]
    }
}

/// The coefficients of both sides. Never −0, so that adding a ramp of 0 changes no bit.
fn target<M: Model<S, K>, const S: usize, const K: usize>(
    model: &M,
    controls: &[FilterControls; 2],
    sample_rate: f32,
) -> [[f32; 2]; K] {
    let left = model.coefficients(&controls[0], sample_rate);
    let right = if controls[1] == controls[0] {
        left
    } else {
        model.coefficients(&controls[1], sample_rate)
    };
    std::array::from_fn(|i| [left[i] + 0.0, right[i] + 0.0])
}

/// One control block of up to `N / 2` voices.
struct Group<'a, M, B: ?Sized, const S: usize, const K: usize, const N: usize> {
    bank: &'a mut Bank<M, S, K>,
    group: &'a [usize],
    blocks: &'a mut B,
    controls: &'a [[FilterControls; 2]],
    detours: &'a [Detour],
}

impl<M, B, const S: usize, const K: usize, const N: usize> Kernel for Group<'_, M, B, S, K, N>
where
    M: Model<S, K>,
    B: Blocks + ?Sized,
{
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            bank,
            group,
            blocks,
            controls,
            detours,
        } = self;
        let model = bank.model;
        let rate = bank.sample_rate;
        let mut state = [Lanes::<N>::splat(0.0); S];
        let mut now = [Lanes::<N>::splat(0.0); K];
        let mut mix = Lanes::<N>::splat(0.0);
        let mut ways: [Option<Way<'_>>; WIDEST] = [None; WIDEST];
        for (place, &voice) in group.iter().enumerate() {
            let slot = &mut bank.slots[voice];
            let to = [controls[voice][0].clamped(), controls[voice][1].clamped()];
            let detour = detours.get(voice);
            let detour = detour.and_then(|detour| Some([detour.side(0)?, detour.side(1)?]));
            let from = slot.controls.unwrap_or_else(|| {
                // A note begins where its envelopes do, not where they are at the block's end.
                let first = Way {
                    from: to,
                    to,
                    still: false,
                    detour,
                };
                slot.coefficients = target(&model, &first.at(0.0), rate);
                to
            });
            let still = detour.is_none() && from[0].is_still(&to[0]) && from[1].is_still(&to[1]);
            // Where nothing moved the coefficients still belong to the older controls: keep those, or a crawling
            // control would never be heard.
            slot.controls = Some(if still { from } else { to });
            ways[place] = Some(Way {
                from,
                to,
                still,
                detour,
            });
            for side in 0..2 {
                let lane = 2 * place + side;
                mix.0[lane] = from[side].mix;
                for (lanes, value) in state.iter_mut().zip(&slot.state) {
                    lanes.0[lane] = value[side];
                }
                for (lanes, value) in now.iter_mut().zip(&slot.coefficients) {
                    lanes.0[lane] = value[side];
                }
            }
        }
        let frames = group.first().map_or(0, |&voice| blocks.of(voice).0.len());
        let mut done = 0;
        while done < frames {
            let count = SEGMENT.min(frames - done);
            let mut sound = [Lanes::<N>::splat(0.0); SEGMENT];
            for (place, &voice) in group.iter().enumerate() {
                let (left, right) = blocks.of(voice);
                let input = left[done..done + count].iter().zip(&right[done..done + count]);
                for (frame, (left, right)) in sound.iter_mut().zip(input) {
                    frame.0[2 * place] = *left;
                    frame.0[2 * place + 1] = *right;
                }
            }
            let mut goal = now;
            let mut mix_goal = mix;
            let t = (done + count) as f32 / frames as f32;
            for (place, way) in ways.iter().enumerate() {
                let Some(way) = way.filter(|way| !way.still) else {
                    continue;
                };
                let controls = way.at(t);
                let coefficients = target(&model, &controls, rate);
                for side in 0..2 {
                    mix_goal.0[2 * place + side] = controls[side].mix;
                    for (lanes, value) in goal.iter_mut().zip(&coefficients) {
                        lanes.0[2 * place + side] = value[side];
                    }
                }
            }
            let scale = 1.0 / count as f32;
            let step: [Lanes<N>; K] = std::array::from_fn(|i| (goal[i] - now[i]) * scale);
            let mix_step = (mix_goal - mix) * scale;
            for input in &mut sound[..count] {
                for (value, add) in now.iter_mut().zip(&step) {
                    *value = *value + *add;
                }
                mix = mix + mix_step;
                let wet = model.tick(&mut state, *input, &now);
                *input = *input + (wet - *input) * mix;
            }
            now = goal;
            mix = mix_goal;
            for (place, &voice) in group.iter().enumerate() {
                let (left, right) = blocks.of(voice);
                let output = left[done..done + count]
                    .iter_mut()
                    .zip(&mut right[done..done + count]);
                for (frame, (left, right)) in sound.iter().zip(output) {
                    *left = frame.0[2 * place];
                    *right = frame.0[2 * place + 1];
                }
            }
            done += count;
        }
        for (place, &voice) in group.iter().enumerate() {
            let slot = &mut bank.slots[voice];
            for side in 0..2 {
                let lane = 2 * place + side;
                for (lanes, value) in state.iter().zip(&mut slot.state) {
                    value[side] = lanes.flushed().0[lane];
                }
                for (lanes, value) in now.iter().zip(&mut slot.coefficients) {
                    value[side] = lanes.0[lane];
                }
            }
        }
    }
}
