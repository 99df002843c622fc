//! How many voices may play: 256 in all, and fewer while the machine does not keep up.
//!
//! Work is judged over windows of some milliseconds, so that blocks of one frame count like any other. Where several
//! windows in a row take longer than they last, the limit falls by a quarter of what sounds; after a second of ease it
//! rises again. Offline nothing has to be in time, so nothing is lowered.

use std::time::{Duration, Instant};

/// Most voices of all slots together.
pub const VOICES_IN_ALL: usize = 256;
/// Shortest time that is judged.
const WINDOW_S: f64 = 0.01;
/// Windows in a row that were late before voices go.
const LATE: u32 = 4;
/// Windows in a row with time to spare before voices come back.
const EASY: u32 = 100;
/// A window that took less than this share of its time is one with time to spare.
const SPARE: f64 = 0.7;
/// Fewest voices that are left.
const FEWEST: usize = 16;
/// Audio that runs this far ahead of the clock is not listened to: no host buffers as much, seconds.
const AHEAD_S: f64 = 2.0;

/// Whether audio has to be in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// Somebody listens.
    RealTime,
    /// It is rendered into a file.
    Offline,
    /// The host does not say: it is taken for real time until it runs ahead of the clock.
    Unknown,
}

/// The limit, and the work that it follows.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    deadline: Deadline,
    worked_s: f64,
    lasted_s: f64,
    late: u32,
    easy: u32,
    /// Share of real time of the last window.
    load: f64,
    last: Option<Instant>,
    /// How far audio is ahead of the clock since it was furthest behind, seconds.
    ahead_s: f64,
}

impl Budget {
    /// The whole budget.
    #[must_use]
    pub fn new(deadline: Deadline) -> Self {
        Self {
            most: VOICES_IN_ALL,
            deadline,
            worked_s: 0.0,
            lasted_s: 0.0,
            late: 0,
            easy: 0,
            load: 0.0,
            last: None,
            ahead_s: 0.0,
        }
    }

    /// Most voices that may play in all.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Share of real time that the sound takes.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load
    }

    /// Most voices of one of `slots`: what it has keeps playing, and what is free may join. Each of them has one.
    #[must_use]
    pub fn of_slot(&self, playing: usize, in_all: usize, slots: usize) -> usize {
        // One voice is promised to each slot, so that many are kept back for the others.
        let most = self.most.saturating_sub(slots.saturating_sub(1)).max(1);
        if in_all > most {
            (playing * most / in_all).max(1)
        } else {
            (playing + most - in_all).max(1)
        }
    }

    /// Counts `work` that ended at `now`, on audio of `seconds`, while `sounding` voices did.
    pub fn count(&mut self, now: Instant, work: Duration, seconds: f64, sounding: usize) {
        let passed = self.last.replace(now).map_or(Duration::ZERO, |last| now - last);
        self.ahead_s = (self.ahead_s + seconds - passed.as_secs_f64()).max(0.0);
        if self.deadline == Deadline::Unknown && self.ahead_s > AHEAD_S {
            self.deadline = Deadline::Offline;
            self.most = VOICES_IN_ALL;
        }
        self.worked_s += work.as_secs_f64();
        self.lasted_s += seconds;
        if self.lasted_s < WINDOW_S {
            return;
        }
        self.load = self.worked_s / self.lasted_s;
        (self.worked_s, self.lasted_s) = (0.0, 0.0);
        if self.deadline == Deadline::Offline {
            return;
        }
        self.late = if self.load > 1.0 { self.late + 1 } else { 0 };
        self.easy = if self.load < SPARE { self.easy + 1 } else { 0 };
        if self.late >= LATE {
            self.late = 0;
            // A limit that nobody reaches takes no voice.
            self.most = (self.most.min(sounding) * 3 / 4).max(FEWEST);
        }
        if self.easy >= EASY {
            self.easy = 0;
            self.most = (self.most * 5 / 4 + 1).min(VOICES_IN_ALL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SLOTS;

    /// Counts windows that are worked on for `load` of their time, on a clock that goes `pace` times as fast as the audio.
    fn windows(
        budget: &mut Budget,
        clock: &mut Instant,
        count: u32,
        [load, pace]: [f64; 2],
        sounding: usize,
    ) {
        for _ in 0..count {
            *clock += Duration::from_secs_f64(0.02 * pace);
            budget.count(*clock, Duration::from_secs_f64(0.02 * load), 0.02, sounding);
        }
    }

    #[test]
    fn the_voices_of_sixteen_slots_stay_within_the_whole() {
        let budget = Budget::new(Deadline::RealTime);
        let mut playing = [0usize; SLOTS];
        for round in 0..2_000 {
            let slot = round * 7 % SLOTS;
            let in_all: usize = playing.iter().sum();
            let most = budget.of_slot(playing[slot], in_all, SLOTS).min(64);
            playing[slot] = (playing[slot] + 5).min(most);
            assert!(playing.iter().sum::<usize>() <= VOICES_IN_ALL);
        }
        assert!(playing.iter().sum::<usize>() >= VOICES_IN_ALL - SLOTS);
        assert!(playing.iter().all(|voices| *voices > 0));
    }

    #[test]
    fn being_late_repeatedly_takes_voices_and_ease_gives_them_back() {
        let mut budget = Budget::new(Deadline::RealTime);
        let mut clock = Instant::now();
        windows(&mut budget, &mut clock, LATE - 1, [1.5, 1.5], 256);
        windows(&mut budget, &mut clock, 1, [0.9, 1.0], 256);
        assert_eq!(budget.most(), VOICES_IN_ALL, "once late is not repeatedly");
        windows(&mut budget, &mut clock, LATE, [1.5, 1.5], 256);
        assert_eq!(budget.most(), 192);
        windows(&mut budget, &mut clock, 100 * LATE, [3.0, 3.0], 200);
        assert_eq!(budget.most(), FEWEST);
        assert_eq!(budget.of_slot(20, 40, 16), 1, "what plays beyond the limit goes");
        assert_eq!(budget.of_slot(40, 40, 1), FEWEST, "a slot alone has all of them");
        windows(&mut budget, &mut clock, 30 * EASY, [0.2, 1.0], 4);
        assert_eq!(budget.most(), VOICES_IN_ALL);
    }

    #[test]
    fn the_first_step_takes_of_the_voices_that_sound() {
        let mut budget = Budget::new(Deadline::RealTime);
        windows(&mut budget, &mut Instant::now(), LATE, [1.5, 1.5], 64);
        assert_eq!(budget.of_slot(64, 64, 1), 48);
    }

    #[test]
    fn offline_nothing_is_lowered() {
        let mut budget = Budget::new(Deadline::Offline);
        windows(&mut budget, &mut Instant::now(), 100, [50.0, 50.0], 256);
        assert_eq!(budget.most(), VOICES_IN_ALL);
    }

    #[test]
    fn a_host_that_does_not_say_is_known_by_running_ahead_of_the_clock() {
        let mut budget = Budget::new(Deadline::Unknown);
        let mut clock = Instant::now();
        windows(&mut budget, &mut clock, LATE, [1.5, 1.5], 256);
        assert_eq!(budget.most(), 192, "taken for real time");
        windows(&mut budget, &mut clock, 1_000, [0.9, 1.0], 256);
        windows(&mut budget, &mut clock, LATE, [1.5, 1.5], 256);
        assert_eq!(budget.most(), 144, "in time is not ahead");
        windows(&mut budget, &mut clock, 120, [0.1, 0.1], 256);
        assert_eq!(budget.most(), VOICES_IN_ALL);
        windows(&mut budget, &mut clock, 1_000, [5.0, 5.0], 256);
        assert_eq!(budget.most(), VOICES_IN_ALL);
    }
}
