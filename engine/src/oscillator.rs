//! One voice of a wavetable oscillator.
//!
//! Vital's way (vital-laws §2–5): the frame is drawn into a buffer with as many harmonics as the note has below half the
//! base sample rate; when frame, morph or pitch have moved, a new buffer is drawn and faded to over 7 ms; phases are
//! bent as they are read, at the oversampled rate. The buffers belong to the voice; pairs of a unison share one unless
//! spreads or a stack set them apart. After [`Oscillator::new`] nothing allocates.

mod course;
mod ramp;
mod reading;
mod taps;

use std::sync::Arc;

use songwalker_schemas::patch::Osc;
use songwalker_schemas::patch::osc::{SpectralMode, Stack, WarpMode};

use crate::BLOCK;
use crate::math::{self, fast};
use crate::noise::{hash, unit};
use crate::simd::{Kernel, Level};
use crate::unison::{Layout, MAX_PAIRS, UnisonControls};
use crate::warp::{self, Bend};
use crate::wavetable::{Drawer, LAST_BIN, LAST_FRAME, Morph, SAMPLES, Wave, Wavetable, spectral};

use course::Course;
pub use course::OscDetours;
pub(crate) use ramp::Ramp;
use reading::{PhaseRamp, Reader, Walk};
use taps::{LANES, Reading, Taps};

/// Seconds over which a newly drawn buffer replaces the old one.
const FADE_S: f64 = 0.007;
/// Harmonics are drawn anew when the highest leaves this range of half the sample rate.
const HIGHEST_HARMONIC: std::ops::RangeInclusive<f64> = 0.95..=1.03;
/// Single precision holds all whole numbers below this, and few others above.
const EXACT_BELOW: f32 = 8_388_608.0;
/// 2³², the phase's steps in a cycle.
const CYCLE: f64 = 4_294_967_296.0;

/// What stays the same while a patch is loaded.
#[derive(Debug, Clone)]
pub struct OscSetup {
    /// The wavetable.
    pub table: Arc<Wavetable>,
    /// How the phase is bent.
    pub warp: WarpMode,
    /// How the harmonics are moved.
    pub spectral: SpectralMode,
    /// In what intervals the unison stands.
    pub stack: Stack,
    /// Whether each unison pair has a buffer of its own: needed when pairs differ in frame or morph.
    pub apart: bool,
}

impl OscSetup {
    /// The setup of a patch's oscillator; `spread_moves` says that a frame or spectral spread is modulated.
    #[must_use]
    pub fn new(osc: &Osc, table: Arc<Wavetable>, spread_moves: bool) -> Self {
        let unison = &osc.unison;
        let spread = [unison.frame_spread, unison.spectral_spread]
            .iter()
            .any(|&x| x != 0.0);
        Self {
            table,
            warp: osc.warp.mode,
            spectral: osc.spectral.mode,
            stack: unison.stack,
            apart: spread || spread_moves,
        }
    }
}

/// The controls at the end of a control block, in raw units; what must be kept in range is kept here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OscControls {
    /// Pitch as a MIDI note with everything in it: glide, bend, transpose, tune. Without keytrack the played note counts
    /// as [`UNTRACKED_NOTE`].
    pub note: f32,
    /// Level; the gain is its square. Only kept from falling below 0.
    pub level: f32,
    /// Pan −1..1.
    pub pan: f32,
    /// Wavetable position 0..256, rounded to the nearest frame.
    pub position: f32,
    /// Phase in cycles; ½ starts at the table's start.
    pub phase: f32,
    /// How much of the cycle a note's start is spread over, 0..1.
    pub phase_randomness: f32,
    /// Number, detuning and blend of the unison.
    pub unison: UnisonControls,
    /// Stereo spread of the unison 0..1.
    pub stereo_spread: f32,
    /// Frames between the first and the last pair, −128..128.
    pub frame_spread: f32,
    /// Half the warp amount between the first and the last pair, −0.5..0.5.
    pub warp_spread: f32,
    /// Half the spectral amount between the first and the last pair, −0.5..0.5.
    pub spectral_spread: f32,
    /// Warp amount 0..1.
    pub warp_amount: f32,
    /// Warp phase in cycles; ½ is neutral.
    pub warp_phase: f32,
    /// Spectral amount 0..1.
    pub spectral_amount: f32,
}

/// The note that an oscillator without keytrack plays before transposition.
pub const UNTRACKED_NOTE: f32 = 48.0;

/// What a pair's buffer must show.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wanted {
    frame: u16,
    /// Spectral amount.
    amount: f32,
    /// The highest frequency in hertz at which the table's fundamental is read.
    highest_hz: f64,
    /// The note's frequency in hertz.
    note_hz: f64,
}

/// A buffer being played and the one it replaces.
#[derive(Debug, Clone)]
struct Slot {
    now: Wave,
    before: Wave,
    shown: Wanted,
    harmonics: usize,
    /// Control blocks of the fade still to come; 0 when `before` is no longer heard.
    fading: u32,
}

/// A modulator's block: left and right.
pub type Stereo<'a> = (&'a [f32], &'a [f32]);

/// One voice of an oscillator.
#[derive(Debug, Clone)]
pub struct Oscillator {
    setup: OscSetup,
    /// Base sample rate in hertz, before oversampling.
    base_rate: f64,
    /// Phase steps per sample frame and hertz.
    steps_per_hz: f64,
    clock: FadeClock,
    slots: Vec<Slot>,
    phase: [[u32; 2]; MAX_PAIRS],
    /// Phase steps per sample frame at the end of the last block.
    increment: [[f64; 2]; MAX_PAIRS],
    /// Warp coefficients at the end of the last block.
    bent: [f32; MAX_PAIRS],
    last: OscControls,
    layout: Layout,
    note_hz: f64,
    course: Course,
    raw_left: Vec<f32>,
    raw_right: Vec<f32>,
}

impl Oscillator {
    /// A voice at `base_rate` hertz, read at `oversampling` times that.
    #[must_use]
    pub fn new(setup: OscSetup, base_rate: f64, oversampling: usize) -> Self {
        let blank = Wanted {
            frame: 0,
            amount: 0.0,
            highest_hz: 0.0,
            note_hz: 0.0,
        };
        let slot = Slot {
            now: Wave::silent(),
            before: Wave::silent(),
            shown: blank,
            harmonics: 0,
            fading: 0,
        };
        let slots = vec![slot; if setup.apart { MAX_PAIRS } else { 1 }];
        let unison = UnisonControls {
            voices: 1.0,
            detune: 0.0,
            range_st: 2.0,
            power: 1.5,
            blend: 0.8,
        };
        let last = OscControls {
            note: 60.0,
            level: 0.0,
            pan: 0.0,
            position: 0.0,
            phase: 0.5,
            phase_randomness: 0.0,
            unison,
            stereo_spread: 1.0,
            frame_spread: 0.0,
            warp_spread: 0.0,
            spectral_spread: 0.0,
            warp_amount: 0.5,
            warp_phase: 0.5,
            spectral_amount: 0.5,
        };
        let layout = Layout::new(&unison, setup.stack);
        let longest = BLOCK * oversampling;
        Self {
            base_rate,
            steps_per_hz: CYCLE / (base_rate * oversampling as f64),
            clock: FadeClock::new(base_rate),
            slots,
            phase: [[0; 2]; MAX_PAIRS],
            increment: [[0.0; 2]; MAX_PAIRS],
            bent: [0.0; MAX_PAIRS],
            last,
            layout,
            note_hz: 0.0,
            course: Course::new(oversampling),
            raw_left: vec![0.0; longest],
            raw_right: vec![0.0; longest],
            setup,
        }
    }

    /// Starts a note with these controls; `seed` decides random phases.
    pub fn start(&mut self, drawer: &mut Drawer, controls: &OscControls, seed: u64) {
        self.last = *controls;
        // What another oscillator reads before this one's first block is silence, not the slot's last note.
        self.raw_left.fill(0.0);
        self.raw_right.fill(0.0);
        self.layout = Layout::new(&controls.unison, self.setup.stack);
        self.note_hz = math::note_to_hz(f64::from(controls.note));
        let randomness = f64::from(controls.phase_randomness.clamp(0.0, 1.0));
        for (i, pair) in self.phase.iter_mut().enumerate() {
            for (side, phase) in pair.iter_mut().enumerate() {
                let chance = randomness * unit(hash(seed, (2 * i + side) as u64));
                *phase = steps(f64::from(controls.phase) - 0.5 + chance);
            }
        }
        if self.layout.centred {
            self.phase[0][1] = self.phase[0][0];
        }
        for i in 0..MAX_PAIRS {
            self.increment[i] = self
                .ratios(i)
                .map(|ratio| self.note_hz * ratio * self.steps_per_hz);
            self.bent[i] = self.coefficient(controls, i);
        }
        for i in 0..self.slots.len().min(self.layout.pairs) {
            let wanted = self.wanted(controls, i);
            self.draw(drawer, i, wanted);
        }
        for slot in &mut self.slots {
            slot.fading = 0;
        }
        self.clock.restart();
    }

    /// Writes one control block (at most [`BLOCK`] × oversampling frames), the controls going straight from those of the
    /// last block to these but for `detours`. `modulator` is the block of the warp's modulator; without one its signal
    /// counts as 0.
    #[expect(
        clippy::too_many_arguments,
        reason = "what comes in, how it is computed, what comes out"
    )]
    pub fn render(
        &mut self,
        level: Level,
        drawer: &mut Drawer,
        controls: &OscControls,
        detours: &OscDetours<&[f32; BLOCK]>,
        modulator: Option<Stereo<'_>>,
        left: &mut [f32],
        right: &mut [f32],
    ) {
        let frames = left.len().min(right.len()).min(self.raw_left.len());
        let pairs_before = self.layout.pairs;
        if controls.unison != self.last.unison {
            self.layout = Layout::new(&controls.unison, self.setup.stack);
        }
        let hz_before = self.note_hz;
        if controls.note != self.last.note {
            self.note_hz = math::note_to_hz(f64::from(controls.note));
        }
        let increments = [hz_before, self.note_hz].map(|hz| hz * self.steps_per_hz);
        let notes = [self.last.note, controls.note];
        self.course
            .set_level(detours.level, self.last.level, controls.level);
        self.course.set_phase(detours.phase);
        self.course.set_pitch(detours.notes, notes, increments);
        for i in pairs_before..self.layout.pairs {
            self.increment[i] = self
                .ratios(i)
                .map(|ratio| self.note_hz * ratio * self.steps_per_hz);
            self.bent[i] = self.coefficient(controls, i);
        }
        self.refresh(drawer, controls);
        self.read(level, controls, modulator, frames);
        let place = Place {
            gains: Gains::between(&self.last, controls, frames),
            raw: [&mut self.raw_left[..frames], &mut self.raw_right[..frames]],
            out: [&mut left[..frames], &mut right[..frames]],
        };
        if self.course.levels.len() < frames {
            level.run(place);
        } else {
            level.run(PlaceAlong(place, &self.course.levels[..frames]));
        }
        for slot in &mut self.slots {
            slot.fading = slot.fading.saturating_sub(1);
        }
        self.clock.tick();
        self.last = *controls;
    }

    /// The last block after unison and spread, before level and pan: what modulates other oscillators.
    #[must_use]
    pub fn raw(&self) -> Stereo<'_> {
        (&self.raw_left, &self.raw_right)
    }

    /// The frequencies of a pair's sides over the note's.
    ///
    /// In Vital the sharp one is sharper than its detuning by a last place of single precision (measured: two voices
    /// without detuning drift apart by 1, 2, 4, 8 phase steps per frame at notes 60, 72, 84, 96, those of a stack
    /// likewise; where that is less than a step, it is none): after seconds the sides of high notes are not the same.
    fn ratios(&self, pair: usize) -> [f64; 2] {
        let mut ratios = self.layout.ratio[pair];
        if pair > 0 || !self.layout.centred {
            let sharp = &mut ratios[(pair + 1) % 2];
            let steps = (self.note_hz * *sharp * self.steps_per_hz) as f32;
            let next = f32::from_bits(steps.to_bits() + 1);
            if next.is_finite() && steps >= EXACT_BELOW {
                *sharp *= f64::from(next) / f64::from(steps);
            }
        }
        ratios
    }

    fn coefficient(&self, controls: &OscControls, pair: usize) -> f32 {
        let amount = controls.warp_amount + 2.0 * controls.warp_spread * self.layout.place(pair);
        warp::coefficient(self.setup.warp, amount)
    }

    fn spectral_amount(&self, controls: &OscControls, pair: usize) -> f32 {
        controls.spectral_amount + 2.0 * controls.spectral_spread * self.layout.place(pair)
    }

    /// How much faster than the note a pair's buffer is read.
    fn speed(&self, controls: &OscControls, pair: usize) -> f64 {
        spectral::speed(self.setup.spectral, self.spectral_amount(controls, pair))
    }

    /// What slot `i` must show: pair `i`, or all pairs when they share it.
    fn wanted(&self, controls: &OscControls, i: usize) -> Wanted {
        let place = self.layout.place(i);
        // Pairs that differ in neither frame nor morph share one buffer, which has the first one's harmonics, alias as
        // the others may (measured: in stacks and with a spread of warp).
        let alike = controls.frame_spread == 0.0
            && (self.setup.spectral == SpectralMode::None || controls.spectral_spread == 0.0);
        let first = if alike { 0 } else { i };
        let widened = f64::from(warp::bandwidth(
            self.setup.warp,
            self.coefficient(controls, first),
        ));
        let position = controls.position + place * controls.frame_spread;
        Wanted {
            frame: position.clamp(0.0, f32::from(LAST_FRAME)).round_ties_even() as u16,
            amount: self.spectral_amount(controls, i),
            highest_hz: self.note_hz * self.layout.highest(first) * widened * self.speed(controls, i),
            note_hz: self.note_hz,
        }
    }

    /// Where a fade may start, draws what has moved.
    fn refresh(&mut self, drawer: &mut Drawer, controls: &OscControls) {
        if !self.clock.starts_fade() {
            return;
        }
        let used = self.slots.len().min(self.layout.pairs);
        for i in 0..used {
            let wanted = self.wanted(controls, i);
            if self.slots[i].shows(&wanted, self.setup.spectral, 0.5 * self.base_rate) {
                continue;
            }
            let slot = &mut self.slots[i];
            std::mem::swap(&mut slot.now, &mut slot.before);
            self.draw(drawer, i, wanted);
        }
    }

    fn draw(&mut self, drawer: &mut Drawer, i: usize, wanted: Wanted) {
        let slot = &mut self.slots[i];
        let limit = 0.5 * self.base_rate / wanted.highest_hz.max(1e-3);
        slot.harmonics = limit.min((LAST_BIN - 1) as f64) as usize;
        slot.shown = wanted;
        slot.fading = self.clock.length;
        let morph = Morph {
            mode: self.setup.spectral,
            amount: wanted.amount,
            pitch_ratio: (wanted.note_hz * SAMPLES as f64 / 44_100.0) as f32,
        };
        drawer.draw(
            &self.setup.table,
            wanted.frame,
            // Vital draws harmonics two at a time, an even one and the odd one above it, which may lie beyond half the
            // base rate (measured at 1×, where it comes back mirrored).
            slot.harmonics | 1,
            morph,
            &mut slot.now,
        );
    }

    /// Reads all unison voices into the raw block.
    fn read(&mut self, level: Level, controls: &OscControls, modulator: Option<Stereo<'_>>, frames: usize) {
        self.raw_left[..frames].fill(0.0);
        self.raw_right[..frames].fill(0.0);
        let pairs = Pairs {
            controls,
            modulator,
            frames,
            osc: self,
        };
        match pairs.osc.setup.warp {
            WarpMode::None => taps::run(level, pairs.bent::<_, false, true>(warp::Straight)),
            WarpMode::Sync => taps::run(level, pairs.bent::<_, false, false>(warp::Sync)),
            WarpMode::Formant => taps::run(level, pairs.bent::<_, false, false>(warp::Formant)),
            WarpMode::Quantize => taps::run(level, pairs.bent::<_, false, false>(warp::Quantize)),
            WarpMode::Bend => taps::run(level, pairs.bent::<_, false, false>(warp::Lean)),
            WarpMode::Squeeze => taps::run(level, pairs.bent::<_, false, false>(warp::Squeeze)),
            WarpMode::Pulse => taps::run(level, pairs.bent::<_, false, false>(warp::Pulse)),
            WarpMode::FmA | WarpMode::FmB | WarpMode::FmSample => {
                taps::run(level, pairs.bent::<_, true, false>(warp::Fm));
            }
            WarpMode::RmA | WarpMode::RmB | WarpMode::RmSample => {
                taps::run(level, pairs.bent::<_, true, false>(warp::Rm));
            }
        }
    }
}

/// All pairs of a unison, to be read over a block.
struct Pairs<'a> {
    controls: &'a OscControls,
    modulator: Option<Stereo<'a>>,
    frames: usize,
    osc: &'a mut Oscillator,
}

impl<'a> Pairs<'a> {
    fn bent<B: Bend, const MODULATED: bool, const STRAIGHT: bool>(
        self,
        bend: B,
    ) -> Bent<'a, B, MODULATED, STRAIGHT> {
        Bent { pairs: self, bend }
    }
}

/// The same with the way their phases are bent; `MODULATED` where it asks for a modulator, `STRAIGHT` where nothing is.
struct Bent<'a, B, const MODULATED: bool, const STRAIGHT: bool> {
    pairs: Pairs<'a>,
    bend: B,
}

impl<B: Bend, const MODULATED: bool, const STRAIGHT: bool> Reading for Bent<'_, B, MODULATED, STRAIGHT> {
    #[inline(always)]
    fn run<T: Taps>(self, taps: T) {
        let Pairs {
            controls,
            modulator,
            frames,
            osc,
        } = self.pairs;
        let course = &osc.course;
        let moved = steps(f64::from(controls.phase) - f64::from(osc.last.phase)) as i32;
        let shift = [osc.last.warp_phase - 0.5, controls.warp_phase - 0.5];
        // Without a modulator its signal counts as 0, which is what is read beyond a block's end.
        let (source_left, source_right) = modulator.unwrap_or((&[], &[]));
        for i in 0..osc.layout.pairs {
            let coefficient = [osc.bent[i], osc.coefficient(controls, i)];
            osc.bent[i] = coefficient[1];
            let slot = &osc.slots[if osc.setup.apart { i } else { 0 }];
            let total = osc.clock.length as f32;
            let reader = Reader {
                now: &slot.now,
                before: (slot.fading > 0).then_some(&slot.before),
                faded: [
                    1.0 - slot.fading as f32 / total,
                    1.0 - (slot.fading as f32 - 1.0) / total,
                ],
                coefficient,
                shift,
                gain: osc.layout.gain[i],
            };
            let speed = osc.speed(controls, i);
            let hz = osc.note_hz * speed;
            let ratios = osc.ratios(i);
            let ramps: [PhaseRamp; 2] = std::array::from_fn(|side| {
                let target = hz * ratios[side] * osc.steps_per_hz;
                let (phase, from) = (osc.phase[i][side], osc.increment[i][side]);
                osc.increment[i][side] = target;
                PhaseRamp::new(phase, from, target, moved, frames)
            });
            let extra = f64::from(moved) / frames.max(1) as f64;
            let mut sides = [
                (&mut osc.raw_left[..frames], source_left),
                (&mut osc.raw_right[..frames], source_right),
            ];
            for (side, (out, source)) in sides.iter_mut().enumerate() {
                if i == 0 && side == 1 && osc.layout.centred && !(MODULATED && modulator.is_some()) {
                    continue;
                }
                let walk = Walk::new(ramps[side], course, speed * ratios[side], extra);
                osc.phase[i][side] = if STRAIGHT {
                    reader.add_straight(taps, walk, out)
                } else {
                    reader.add::<B, T, MODULATED>(taps, self.bend, walk, source, out)
                };
            }
            if i == 0 && osc.layout.centred && !(MODULATED && modulator.is_some()) {
                // One voice in the centre: the right side is the left one.
                osc.raw_right[..frames].copy_from_slice(&osc.raw_left[..frames]);
                osc.phase[0][1] = osc.phase[0][0];
            }
        }
    }
}

/// Stereo spread, level and pan over a block.
#[derive(Clone, Copy)]
struct Gains {
    spreads: Ramp,
    pans: Ramp,
    level: f32,
    step: f32,
}

impl Gains {
    fn between(from: &OscControls, to: &OscControls, frames: usize) -> Self {
        let spread = |s: f32| {
            let eighths = (1.0 + s.clamp(0.0, 1.0)) * 0.125;
            [fast::quick_sine(eighths), fast::quick_cosine(eighths)]
        };
        let level = from.level.max(0.0);
        Self {
            spreads: Ramp::between(spread(from.stereo_spread), spread(to.stereo_spread), frames),
            pans: Ramp::pan(from.pan, to.pan, frames),
            level,
            step: (to.level.max(0.0) - level) / frames.max(1) as f32,
        }
    }

    /// The frame that `at` counts from 1: spread left and right, and the same with level and pan.
    #[inline(always)]
    fn frame(&self, at: f32, l: f32, r: f32) -> [f32; 4] {
        self.frame_at(self.level + self.step * at, at, l, r)
    }

    /// The same with that level.
    #[inline(always)]
    fn frame_at(&self, level: f32, at: f32, l: f32, r: f32) -> [f32; 4] {
        let [same, other] = self.spreads.after(at);
        let [left, right] = self.pans.after(at);
        let spread = [same * l + other * r, same * r + other * l];
        let gain = level * level;
        [
            spread[0],
            spread[1],
            spread[0] * gain * left,
            spread[1] * gain * right,
        ]
    }
}

/// Spreads the raw block in stereo (L′ = sinθ·L + cosθ·R, θ = π/4·(1+s)), and writes it with level and pan.
struct Place<'a> {
    gains: Gains,
    raw: [&'a mut [f32]; 2],
    out: [&'a mut [f32]; 2],
}

impl Kernel for Place<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let [raw_left, raw_right] = self.raw;
        let [left, right] = self.out;
        let (raw_left, rest_0) = raw_left.as_chunks_mut::<LANES>();
        let (raw_right, rest_1) = raw_right.as_chunks_mut::<LANES>();
        let (left, rest_2) = left.as_chunks_mut::<LANES>();
        let (right, rest_3) = right.as_chunks_mut::<LANES>();
        let mut at = [0.0_f32; LANES];
        for (i, at) in at.iter_mut().enumerate() {
            *at = (i + 1) as f32;
        }
        let raw = raw_left.iter_mut().zip(raw_right);
        for ((raw_left, raw_right), (left, right)) in raw.zip(left.iter_mut().zip(right)) {
            for i in 0..LANES {
                let values = self.gains.frame(at[i], raw_left[i], raw_right[i]);
                [raw_left[i], raw_right[i], left[i], right[i]] = values;
                at[i] += LANES as f32;
            }
        }
        let raw = rest_0.iter_mut().zip(rest_1);
        for (((raw_left, raw_right), (left, right)), at) in raw.zip(rest_2.iter_mut().zip(rest_3)).zip(at) {
            [*raw_left, *raw_right, *left, *right] = self.gains.frame(at, *raw_left, *raw_right);
        }
    }
}

/// The same with a level for each frame.
struct PlaceAlong<'a>(Place<'a>, &'a [f32]);

impl Kernel for PlaceAlong<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self(Place { gains, raw, out }, levels) = self;
        let ([raw_left, raw_right], [left, right]) = (raw, out);
        let raw = raw_left.iter_mut().zip(raw_right);
        let out = left.iter_mut().zip(right);
        for (i, ((raw, out), level)) in raw.zip(out).zip(levels).enumerate() {
            [*raw.0, *raw.1, *out.0, *out.1] = gains.frame_at(*level, (i + 1) as f32, *raw.0, *raw.1);
        }
    }
}

/// When buffers are drawn anew: at every 7 ms since the note's start and only then, whatever moves meanwhile
/// (measured; here to the nearest control block).
#[derive(Debug, Clone)]
struct FadeClock {
    /// Control blocks that a fade takes.
    period: f64,
    /// Fades that have ended since the note's start.
    ended: u32,
    /// Control blocks until the next one may start.
    left: u32,
    /// Control blocks of the present fade.
    length: u32,
}

impl FadeClock {
    fn new(base_rate: f64) -> Self {
        let mut clock = Self {
            period: (FADE_S * base_rate / BLOCK as f64).max(1.0),
            ended: 0,
            left: 0,
            length: 0,
        };
        clock.restart();
        clock
    }

    fn restart(&mut self) {
        self.ended = 0;
        self.begin();
    }

    fn begin(&mut self) {
        let block = |fades: u32| (f64::from(fades) * self.period).round_ties_even();
        self.length = (block(self.ended + 1) - block(self.ended)).max(1.0) as u32;
        self.left = self.length;
    }

    /// Whether this control block is the first of a fade.
    fn starts_fade(&self) -> bool {
        self.left == self.length && self.ended > 0
    }

    /// A control block has gone by.
    fn tick(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            self.ended = self.ended.wrapping_add(1);
            self.begin();
        }
    }
}

impl Slot {
    /// Whether the buffer is still what is wanted.
    fn shows(&self, wanted: &Wanted, mode: SpectralMode, nyquist_hz: f64) -> bool {
        let top = self.harmonics as f64 * wanted.highest_hz / nyquist_hz;
        let next = (self.harmonics + 1) as f64 * wanted.highest_hz / nyquist_hz;
        let enough = next >= *HIGHEST_HARMONIC.start() || self.harmonics == LAST_BIN - 1;
        let same_morph = match mode {
            SpectralMode::None => true,
            SpectralMode::Vocode => {
                self.shown.amount == wanted.amount
                    && (wanted.note_hz / self.shown.note_hz - 1.0).abs() < 0.003
            }
            _ => self.shown.amount == wanted.amount,
        };
        self.shown.frame == wanted.frame && same_morph && top <= *HIGHEST_HARMONIC.end() && enough
    }
}

/// Cycles as phase steps; whole cycles vanish.
fn steps(cycles: f64) -> u32 {
    ((cycles - cycles.floor()) * CYCLE) as u64 as u32
}

#[cfg(test)]
mod tests;
