//! What the sound tells the editor: levels, voices, work, keys and a stretch of its output. Atomics and one queue, so that
//! neither waits for the other.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use rtrb::{Consumer, Producer, RingBuffer};

use crate::SLOTS;

/// Frames of output that wait for the editor.
const SCOPE: usize = 1 << 13;

/// A number with a fraction that any thread may read.
#[derive(Debug, Default)]
struct AtomicF32(AtomicU32);

impl AtomicF32 {
    fn set(&self, value: f32) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Keeps the higher of both; only one thread raises.
    fn raise(&self, value: f32) {
        if value > self.get() {
            self.set(value);
        }
    }

    fn take(&self) -> f32 {
        f32::from_bits(self.0.swap(0, Ordering::Relaxed))
    }
}

/// The meters of one instance.
#[derive(Debug)]
pub struct Meters {
    peaks: [AtomicF32; 2],
    load: AtomicF32,
    voices: [AtomicU32; SLOTS],
    most_voices: AtomicU32,
    slot_peaks: [AtomicF32; SLOTS],
    /// The keys that are down on any slot.
    keys: [AtomicU64; 2],
    is_watched: AtomicBool,
    scope: Mutex<Consumer<f32>>,
}

/// The audio thread's end.
#[derive(Debug)]
pub struct Scope(Producer<f32>);

impl Meters {
    /// All at rest, and where the output goes.
    #[must_use]
    pub fn new() -> (Self, Scope) {
        let (give, take) = RingBuffer::new(SCOPE);
        let meters = Self {
            peaks: Default::default(),
            load: AtomicF32::default(),
            voices: Default::default(),
            most_voices: AtomicU32::default(),
            slot_peaks: Default::default(),
            keys: Default::default(),
            is_watched: AtomicBool::new(false),
            scope: Mutex::new(take),
        };
        (meters, Scope(give))
    }

    /// Whether the output is asked for.
    pub fn watch(&self, is_watched: bool) {
        self.is_watched.store(is_watched, Ordering::Relaxed);
    }

    /// Whether the editor wants the output.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    /// Takes the output since the last time, oldest first, both sides mixed.
    pub fn take_output(&self, mut take: impl FnMut(f32)) {
        let mut scope = self.scope.lock();
        while let Ok(sample) = scope.pop() {
            take(sample);
        }
    }

    /// Highest values of left and right since the last time.
    #[must_use]
    pub fn take_peaks(&self) -> [f32; 2] {
        [self.peaks[0].take(), self.peaks[1].take()]
    }

    /// Highest value of a slot since the last time.
    #[must_use]
    pub fn take_slot_peak(&self, place: usize) -> f32 {
        self.slot_peaks[place].take()
    }

    /// Share of real time that the sound takes.
    #[must_use]
    pub fn load(&self) -> f32 {
        self.load.get()
    }

    /// Voices that sound in a slot.
    #[must_use]
    pub fn voices(&self, place: usize) -> u32 {
        self.voices[place].load(Ordering::Relaxed)
    }

    /// Most voices that may sound now.
    #[must_use]
    pub fn most_voices(&self) -> u32 {
        self.most_voices.load(Ordering::Relaxed)
    }

    /// The keys that are down, as bits.
    #[must_use]
    pub fn keys(&self) -> u128 {
        let [low, high] = [0, 1].map(|i| u128::from(self.keys[i].load(Ordering::Relaxed)));
        low | (high << 64)
    }

    pub(super) fn tell_output(&self, left: &[f32], right: &[f32], scope: &mut Scope) {
        for (peak, side) in self.peaks.iter().zip([left, right]) {
            peak.raise(side.iter().fold(0.0, |peak, sample| sample.abs().max(peak)));
        }
        if self.is_watched() {
            for (left, right) in left.iter().zip(right) {
                if scope.0.push(0.5 * (left + right)).is_err() {
                    break;
                }
            }
        }
    }

    pub(super) fn tell_work(&self, load: f64, most_voices: usize) {
        self.load.set(load as f32);
        self.most_voices.store(most_voices as u32, Ordering::Relaxed);
    }

    pub(super) fn tell_slot(&self, place: usize, voices: usize, peak: f32) {
        self.voices[place].store(voices as u32, Ordering::Relaxed);
        self.slot_peaks[place].raise(peak);
    }

    pub(super) fn tell_keys(&self, keys: u128) {
        self.keys[0].store(keys as u64, Ordering::Relaxed);
        self.keys[1].store((keys >> 64) as u64, Ordering::Relaxed);
    }
}
