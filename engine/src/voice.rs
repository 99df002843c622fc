//! One voice: oscillators and noise → filters → amplitude (envelope 0 times velocity, squared), with its own
//! envelopes, LFOs, random sources and modulated raw values.
//!
//! A voice works in whole control blocks: at the end of each it takes its sources' values, applies the routes and
//! lets its modules go straight from the old controls to the new ones. Nothing here allocates after [`Voice::new`].

mod amplitude;
pub(crate) mod buses;
mod ids;
pub(crate) mod plan;
mod readings;

use songwalker_schemas::modulation::Source;
use songwalker_schemas::patch::random::Restart;

use crate::BLOCK;
use crate::controls::Controls;
use crate::envelope::Envelope;
use crate::lfo::Lfo;
use crate::math;
use crate::modulation::{Course, Detour, SOURCES, SourceValues};
use crate::noise::{SamplePlayer, hash, unit};
use crate::oscillator::Oscillator;
use crate::random::RandomWalk;
use crate::simd::Level;
use crate::warp::Modulator;
use crate::wavetable::Drawer;
use amplitude::Amplitude;
use buses::{Block, Buses, Scratch};
use plan::{FilterPlan, OscPlan, Plan};
use readings::{filter_controls, osc_controls, sample_controls};

/// What is the same for all voices in this control block.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub plan: &'a Plan,
    /// The vector instructions to compute with.
    pub level: Level,
    pub controls: &'a Controls,
    /// Song time in seconds at the end of the block (at the start for a note that begins).
    pub song_s: f64,
    pub bpm: f64,
    /// Pitch wheel, −1..1.
    pub bend: f32,
    /// Modulation wheel, 0..1.
    pub mod_wheel: f32,
    /// Channel pressure, 0..1.
    pub pressure: f32,
}

/// How a voice's pitch gets from one note to the next.
#[derive(Debug, Clone, Copy)]
struct Glide {
    from: f32,
    to: f32,
    passed: f64,
}

/// A note to be played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Note {
    pub key: u8,
    pub velocity: f32,
    /// Which note of the render this is: decides its random values.
    pub number: u64,
}

/// One voice.
#[derive(Debug)]
pub(crate) struct Voice {
    osc: [Option<Oscillator>; 3],
    /// The right side of oscillators whose controls differ between the sides.
    right: [Option<Oscillator>; 3],
    sample: Option<SamplePlayer>,
    env: [Envelope; 6],
    /// The right side's envelope 0, where the sides differ.
    right_env: Envelope,
    lfo: [Lfo; 8],
    random: [Option<RandomWalk>; 4],
    sources: SourceValues,
    /// The sources at the start of the control block, for routes that come late.
    late: SourceValues,
    /// Whether no block of the note was made yet.
    is_new: bool,
    /// The values per sample frame of the sources that need them, and the detours of parameters that follow.
    courses: Vec<Course>,
    detours: Vec<Detour>,
    values: [Vec<f32>; 2],
    work: Vec<[f32; 2]>,
    version: u32,
    note: Note,
    glide: Glide,
    /// The note with its glide.
    reached: f32,
    /// Transposition and tuning of the voice, which Vital follows a block later than other parameters.
    transposed: f32,
    /// The note with glide, bend, transposition and tuning.
    pitch: f32,
    pub slide: f32,
    pub lift: f32,
    pub pressure: f32,
    /// The finger's own bend of this note, semitones.
    pub bend_st: f32,
    trigger_random: f32,
    /// Amplitude of left and right at the end of the last block, before it is squared.
    amplitude: [f32; 2],
    /// Whether the amplitude was 0 throughout the last block.
    silent: bool,
}

impl Voice {
    /// A silent voice.
    pub(crate) fn new(plan: &Plan, controls: &Controls) -> Self {
        let rate = plan.rate();
        let osc_if = |wanted: fn(&OscPlan) -> bool| {
            std::array::from_fn(|i| {
                let spec = plan.osc[i].as_ref().filter(|spec| wanted(spec));
                spec.map(|spec| Oscillator::new(spec.setup.clone(), plan.sample_rate, plan.oversampling))
            })
        };
        Self {
            osc: osc_if(|_| true),
            right: osc_if(|spec| spec.sided),
            sample: plan
                .sample
                .as_ref()
                .map(|sample| SamplePlayer::new(sample.setup, rate, plan.frames())),
            env: Default::default(),
            right_env: Envelope::default(),
            lfo: Default::default(),
            random: std::array::from_fn(|i| {
                plan.random[i]
                    .as_ref()
                    .map(|r| RandomWalk::new(r.style, r.stereo))
            }),
            sources: [[0.0; 2]; SOURCES],
            late: [[0.0; 2]; SOURCES],
            is_new: false,
            courses: vec![Course::default(); plan.matrix.courses().len()],
            detours: vec![Detour::default(); plan.matrix.detour_count()],
            values: [controls.values().to_vec(), controls.values().to_vec()],
            work: vec![[0.0; 2]; plan.matrix.amount_count()],
            version: controls.version(),
            note: Note {
                key: 60,
                velocity: 0.0,
                number: 0,
            },
            glide: Glide {
                from: 60.0,
                to: 60.0,
                passed: 1.0,
            },
            reached: 60.0,
            transposed: 0.0,
            pitch: 60.0,
            slide: 0.0,
            lift: 0.0,
            pressure: 0.0,
            bend_st: 0.0,
            trigger_random: 0.0,
            amplitude: [0.0; 2],
            silent: true,
        }
    }

    /// Whether nothing more will come of it: it was let go and its amplitude has been 0 for a whole block.
    pub(crate) fn is_idle(&self) -> bool {
        self.silent && self.env[0].is_released()
    }

    /// The key that it plays.
    pub(crate) fn key(&self) -> u8 {
        self.note.key
    }

    /// The pitch that it has reached, without bend, as a MIDI note.
    pub(crate) fn reached(&self) -> f32 {
        self.reached
    }

    /// The pitch that sounds, as a MIDI note.
    pub(crate) fn pitch(&self) -> f32 {
        self.pitch
    }

    /// Its raw values, left and right: the effects follow those of the voice that started last.
    pub(crate) fn values(&self) -> &[Vec<f32>; 2] {
        &self.values
    }

    /// Starts a note from silence, gliding from `from`.
    pub(crate) fn start(&mut self, moment: &Moment<'_>, drawer: &mut Drawer, note: Note, from: f32) {
        self.env = Default::default();
        self.right_env = Envelope::default();
        self.amplitude = [0.0; 2];
        self.silent = true;
        self.version = moment.controls.version().wrapping_sub(1);
        self.begin(moment, note, from);
        let plan = moment.plan;
        let seed = hash(hash(plan.seed, 1), note.number);
        for i in 0..3 {
            let Some(spec) = &plan.osc[i] else { continue };
            for (osc, raw) in [
                (&mut self.osc[i], &self.values[0]),
                (&mut self.right[i], &self.values[1]),
            ] {
                if let Some(osc) = osc {
                    osc.start(drawer, &osc_controls(spec, raw, self.pitch), hash(seed, i as u64));
                }
            }
        }
        if let (Some(sample), Some(spec)) = (&mut self.sample, &plan.sample) {
            sample.start(
                &spec.table,
                &sample_controls(spec, &self.values[0], self.pitch),
                hash(seed, 3),
            );
        }
    }

    /// Goes on with another note: envelopes, LFOs and random sources start again from where they are.
    pub(crate) fn begin(&mut self, moment: &Moment<'_>, note: Note, from: f32) {
        let plan = moment.plan;
        self.change(note, from);
        self.env.iter_mut().for_each(Envelope::trigger);
        self.right_env.trigger();
        self.copy_base(moment);
        for (i, lfo) in self.lfo.iter_mut().enumerate() {
            if let Some(spec) = &plan.lfo[i] {
                let controls = spec.controls(&self.values[0], moment.bpm, f32::from(note.key));
                lfo.trigger(&spec.shape, spec.settings, &controls, moment.song_s);
            }
        }
        let seed = hash(hash(plan.seed, 2), note.number);
        for (i, random) in self.random.iter_mut().enumerate() {
            if let (Some(random), Some(spec)) = (random, &plan.random[i]) {
                if spec.restart == Restart::Note {
                    random.start(hash(seed, i as u64), 0.0);
                } else {
                    let hz = spec.rate.hz(&self.values[0], moment.bpm, f32::from(note.key));
                    random.start(hash(hash(plan.seed, 3), i as u64), moment.song_s * hz);
                }
            }
        }
        self.trigger_random = unit(hash(seed, 9)) as f32;
        self.read_sources(moment);
        self.late = self.sources;
        self.apply_routes(moment);
        // Nothing was there before to be late from.
        self.apply_routes(moment);
        self.is_new = true;
    }

    /// Goes on with another note, everything running on: legato.
    pub(crate) fn change(&mut self, note: Note, from: f32) {
        self.note = note;
        self.slide = 0.0;
        self.lift = 0.0;
        self.pressure = 0.0;
        self.bend_st = 0.0;
        self.glide = Glide {
            from,
            to: f32::from(note.key),
            passed: if from == f32::from(note.key) { 1.0 } else { 0.0 },
        };
    }

    /// Note-off.
    pub(crate) fn release(&mut self) {
        self.env.iter_mut().for_each(Envelope::release);
        self.right_env.release();
        self.lfo.iter_mut().for_each(Lfo::release);
    }

    /// Fades out quickly: its place is needed.
    pub(crate) fn kill(&mut self) {
        self.env[0].kill();
        self.right_env.kill();
    }

    /// Falls silent at once.
    pub(crate) fn silence(&mut self) {
        self.env = Default::default();
        self.right_env = Envelope::default();
        self.amplitude = [0.0; 2];
        self.silent = true;
    }

    fn copy_base(&mut self, moment: &Moment<'_>) {
        if self.version != moment.controls.version() {
            self.version = moment.controls.version();
            for side in &mut self.values {
                side.copy_from_slice(moment.controls.values());
            }
        }
    }

    /// The note where the glide stands.
    fn gliding(&self, plan: &Plan) -> f32 {
        if self.glide.passed >= 1.0 {
            return self.glide.to;
        }
        let slope = f64::from(self.values[0][plan.voicing.glide_slope]);
        let place = math::curve(self.glide.passed, -slope) as f32;
        self.glide.from + (self.glide.to - self.glide.from) * place
    }

    fn advance_glide(&mut self, plan: &Plan, seconds: f64) {
        if self.glide.passed >= 1.0 {
            return;
        }
        let raw = self.values[0][plan.voicing.glide];
        let octaves = f64::from((self.glide.to - self.glide.from).abs()) / 12.0;
        let length = math::exp2(f64::from(raw).clamp(-10.0, 8.0))
            * if plan.glide_octave_scaled { octaves } else { 1.0 };
        self.glide.passed = if raw <= -9.999 {
            1.0
        } else {
            (self.glide.passed + seconds / length.max(1e-6)).min(1.0)
        };
    }

    /// Takes the sources' present values.
    fn read_sources(&mut self, moment: &Moment<'_>) {
        let plan = moment.plan;
        let voicing = &plan.voicing;
        let note = self.gliding(plan);
        self.reached = note;
        let bend = moment.bend * self.values[0][voicing.bend_range] + self.bend_st;
        // Measured in Vital: with the voice's transposition and tuning, within the keyboard.
        let played = (note + bend + self.values[0][voicing.transpose] + self.values[0][voicing.tune]) / 127.0;
        let both = |value: f32| [value, value];
        let mut set = |source: Source, value: [f32; 2]| self.sources[source.index()] = value;
        for i in 1..6 {
            set(Source::ALL[i - 1], both(self.env[i].value() as f32));
        }
        for (i, lfo) in self.lfo.iter().enumerate() {
            set(Source::ALL[Source::Lfo0.index() + i], lfo.value());
        }
        for (i, random) in self.random.iter().enumerate() {
            set(
                Source::ALL[Source::Random0.index() + i],
                random.as_ref().map_or([0.5; 2], RandomWalk::value),
            );
        }
        set(Source::TriggerRandom, both(self.trigger_random));
        set(Source::Velocity, both(self.note.velocity));
        set(Source::Note, both(played.clamp(0.0, 1.0)));
        let octave = note / 12.0;
        set(Source::NoteInOctave, both(octave - octave.floor()));
        set(Source::Stereo, [1.0, 0.0]);
        set(Source::ModWheel, both(moment.mod_wheel));
        set(Source::PitchBend, both(0.5 + 0.5 * moment.bend));
        set(Source::Aftertouch, both(self.pressure.max(moment.pressure)));
        set(Source::Slide, both(self.slide));
        set(Source::Lift, both(self.lift));
    }

    /// Moves the raw values by the routes.
    fn apply_routes(&mut self, moment: &Moment<'_>) {
        let plan = moment.plan;
        let voicing = &plan.voicing;
        let [left, right] = &mut self.values;
        let base = moment.controls.values();
        plan.matrix.apply(
            base,
            moment.controls.amounts(),
            [&self.sources, &self.late],
            &mut self.work,
            left,
            right,
        );
        let at = |id: usize| self.values[0][id];
        self.pitch = self.reached + moment.bend * at(voicing.bend_range) + self.transposed + self.bend_st;
        self.transposed = at(voicing.transpose) + at(voicing.tune);
    }

    /// Lets a control block pass for everything that modulates. Envelope 0 is left to the amplitude.
    fn advance(&mut self, moment: &Moment<'_>) {
        let plan = moment.plan;
        let seconds = plan.block_s();
        for i in 1..6 {
            if plan.env_used[i] {
                let controls = plan.envelope(i, &self.values[0]);
                if let Some(course) = plan.matrix.course_of(Source::ALL[i - 1]) {
                    let [left, right] = &mut self.courses[course].sides;
                    self.env[i].render(&controls, plan.sample_rate, left);
                    *right = *left;
                } else {
                    self.env[i].advance(&controls, plan.sample_rate, BLOCK);
                }
            }
        }
        let note = self.pitch;
        for (i, lfo) in self.lfo.iter_mut().enumerate() {
            if let Some(spec) = &plan.lfo[i] {
                let controls = spec.controls(&self.values[0], moment.bpm, note);
                let (shape, settings, song_s) = (&spec.shape, spec.settings, moment.song_s);
                if let Some(course) = plan.matrix.course_of(Source::ALL[Source::Lfo0.index() + i]) {
                    let out = &mut self.courses[course].sides;
                    let frame_s = 1.0 / plan.sample_rate;
                    lfo.render(shape, settings, &controls, song_s, frame_s, out);
                } else {
                    lfo.advance(shape, settings, &controls, song_s, seconds);
                }
            }
        }
        self.advance_glide(plan, seconds);
        for (i, random) in self.random.iter_mut().enumerate() {
            if let (Some(random), Some(spec)) = (random, &plan.random[i]) {
                let hz = spec.rate.hz(&self.values[0], moment.bpm, note);
                if spec.restart == Restart::Note {
                    random.advance(hz * seconds);
                } else {
                    random.seek(hz * moment.song_s);
                }
                if let Some(course) = plan.matrix.course_of(Source::ALL[Source::Random0.index() + i]) {
                    random.held(hz * seconds, &mut self.courses[course].sides);
                }
            }
        }
        self.copy_base(moment);
        self.late = self.sources;
        self.read_sources(moment);
        for (course, source) in self.courses.iter_mut().zip(plan.matrix.courses()) {
            self.sources[*source] = course.settle(self.late[*source]);
        }
        self.apply_routes(moment);
        plan.matrix
            .detours(&self.work, &self.courses, &self.late, &mut self.detours);
    }

    /// Computes one control block up to the filters; what goes past them and the amplitude is added to the buses.
    pub(crate) fn render(
        &mut self,
        moment: &Moment<'_>,
        scratch: &mut Scratch,
        block: &mut Block<'_>,
        buses: &mut Buses,
    ) {
        let plan = moment.plan;
        let begun = std::mem::take(&mut self.is_new).then(|| {
            let cutoffs = |spec: &FilterPlan| {
                filter_controls(spec, &self.values, self.pitch).map(|side| side.cutoff_note)
            };
            [0, 1].map(|i| plan.filter[i].as_ref().map(cutoffs))
        });
        self.advance(moment);
        self.fill_gain(moment, block.gain);
        *block.filled = [false; 3];
        let filters = [plan.filter[0].is_some(), plan.filter[1].is_some()];
        if let (Some(player), Some(spec)) = (&mut self.sample, &plan.sample) {
            let controls = sample_controls(spec, &self.values[0], self.pitch);
            let detour = spec.detour.and_then(|detour| self.detours[detour].side(0));
            player.render(
                &spec.table,
                &controls,
                detour,
                &mut scratch.wave.left,
                &mut scratch.wave.right,
            );
            block.send(spec.destination, filters, &scratch.wave, buses);
        }
        for i in plan.osc_order {
            let Some(spec) = &plan.osc[i] else { continue };
            let controls = osc_controls(spec, &self.values[0], self.pitch);
            let [a, b, c] = &mut self.osc;
            let (own, others) = match i {
                0 => (a, [&*b, &*b, &*c]),
                1 => (b, [&*a, &*c, &*c]),
                _ => (c, [&*a, &*b, &*a]),
            };
            let Some(own) = own else { continue };
            let modulator = match spec.modulator {
                Some(Modulator::Osc(other)) => others[other].as_ref().map(Oscillator::raw),
                Some(Modulator::Sample) => self.sample.as_ref().map(SamplePlayer::raw),
                None => None,
            };
            let Scratch {
                drawer, wave, other, ..
            } = scratch;
            let detours = |side: usize| spec.detours.of(&self.detours, side);
            own.render(
                moment.level,
                drawer,
                &controls,
                &detours(0),
                modulator,
                &mut wave.left,
                &mut wave.right,
            );
            if let Some(right) = &mut self.right[i] {
                let controls = osc_controls(spec, &self.values[1], self.pitch);
                right.render(
                    moment.level,
                    drawer,
                    &controls,
                    &detours(1),
                    modulator,
                    &mut other.left,
                    &mut other.right,
                );
                wave.right.copy_from_slice(&other.right);
            }
            block.send(spec.destination, filters, &scratch.wave, buses);
        }
        for (i, spec) in plan.filter.iter().enumerate() {
            if let Some(spec) = spec {
                *block.controls[i] = filter_controls(spec, &self.values, self.pitch);
                if let Some(detour) = spec.detour {
                    block.detours[i].follow(&self.detours[detour]);
                    // The filter of a note that begins has no cutoff before.
                    if let Some(from) = begun.and_then(|begun| begun[i]) {
                        let to = block.controls[i].map(|side| side.cutoff_note);
                        block.detours[i].lean([to[0] - from[0], to[1] - from[1]]);
                    }
                }
            }
        }
        block.fill_filters(filters);
    }

    /// The amplitude over the block, left and right: (envelope 0 · velocity)², straight between the samples of the base
    /// rate.
    fn fill_gain(&mut self, moment: &Moment<'_>, gain: &mut [Vec<f32>; 2]) {
        let plan = moment.plan;
        let [left, right] = gain;
        let mut fill = |side: usize, env: &mut Envelope, gain: &mut [f32]| {
            let raw = &self.values[side];
            let mut values = [0.0; BLOCK];
            env.render(&plan.envelope(0, raw), plan.sample_rate, &mut values);
            let track = raw[plan.voicing.velocity];
            let amplitude = Amplitude {
                before: self.amplitude[side],
                velocity: (1.0 - track + track * self.note.velocity).max(0.0),
                values: &values,
                gain,
            };
            let silent = amplitude.before == 0.0 && values.iter().all(|value| *value == 0.0);
            self.amplitude[side] = amplitude.fill(moment.level, plan.oversampling);
            silent
        };
        self.silent = fill(0, &mut self.env[0], left);
        if plan.amplitude_sided {
            let silent = fill(1, &mut self.right_env, right);
            self.silent = self.silent && silent;
        } else {
            right.copy_from_slice(left);
            self.amplitude[1] = self.amplitude[0];
        }
    }
}
