//! How many voices may play: 256 in all, and fewer while the machine does not keep up.
//!
//! Work is judged over windows of some milliseconds, so that blocks of one frame count like any other. Where several
//! windows in a row take longer than they last, the limit falls by a quarter; after a second of ease it rises again. Offline
//! nothing has to be in time, so nothing is lowered.

use std::time::Duration;

use crate::SLOTS;

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

/// The limit, and the work that it follows.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    is_offline: bool,
    worked_s: f64,
    lasted_s: f64,
    late: u32,
    easy: u32,
    /// Share of real time of the last window.
    load: f64,
}

impl Budget {
    /// The whole budget.
    #[must_use]
    pub fn new(is_offline: bool) -> Self {
        Self {
            most: VOICES_IN_ALL,
            is_offline,
            worked_s: 0.0,
            lasted_s: 0.0,
            late: 0,
            easy: 0,
            load: 0.0,
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

    /// Most voices of one slot: what it has keeps playing, and what is free may join. Every slot has one.
    #[must_use]
    pub fn of_slot(&self, playing: usize, in_all: usize) -> usize {
        // One voice is promised to each slot, so that many are kept back.
        let most = self.most.saturating_sub(SLOTS).max(1);
        if in_all > most {
            (playing * most / in_all).max(1)
        } else {
            (playing + most - in_all).max(1)
        }
    }

    /// Counts `work` on audio of `seconds`.
    pub fn count(&mut self, work: Duration, seconds: f64) {
        self.worked_s += work.as_secs_f64();
        self.lasted_s += seconds;
        if self.lasted_s < WINDOW_S {
            return;
        }
        self.load = self.worked_s / self.lasted_s;
        (self.worked_s, self.lasted_s) = (0.0, 0.0);
        if self.is_offline {
            return;
        }
        self.late = if self.load > 1.0 { self.late + 1 } else { 0 };
        self.easy = if self.load < SPARE { self.easy + 1 } else { 0 };
        if self.late >= LATE {
            self.late = 0;
            self.most = (self.most * 3 / 4).max(FEWEST);
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

    #[test]
    fn the_voices_of_sixteen_slots_stay_within_the_whole() {
        let budget = Budget::new(false);
        let mut playing = [0usize; SLOTS];
        for round in 0..2_000 {
            let slot = round * 7 % SLOTS;
            let in_all: usize = playing.iter().sum();
            let most = budget.of_slot(playing[slot], in_all).min(64);
            playing[slot] = (playing[slot] + 5).min(most);
            assert!(playing.iter().sum::<usize>() <= VOICES_IN_ALL);
        }
        assert!(playing.iter().sum::<usize>() >= VOICES_IN_ALL - SLOTS);
        assert!(playing.iter().all(|voices| *voices > 0));
    }

    #[test]
    fn being_late_repeatedly_takes_voices_and_ease_gives_them_back() {
        let mut budget = Budget::new(false);
        let windows = |budget: &mut Budget, count: u32, load: f64| {
            for _ in 0..count {
                budget.count(Duration::from_secs_f64(0.02 * load), 0.02);
            }
        };
        windows(&mut budget, LATE - 1, 1.5);
        windows(&mut budget, 1, 0.9);
        assert_eq!(budget.most(), VOICES_IN_ALL, "once late is not repeatedly");
        windows(&mut budget, LATE, 1.5);
        assert_eq!(budget.most(), 192);
        windows(&mut budget, 100 * LATE, 3.0);
        assert_eq!(budget.most(), FEWEST);
        assert_eq!(budget.of_slot(20, 40), 1, "what plays beyond the limit goes");
        windows(&mut budget, 30 * EASY, 0.2);
        assert_eq!(budget.most(), VOICES_IN_ALL);
    }

    #[test]
    fn offline_nothing_is_lowered() {
        let mut budget = Budget::new(true);
        (0..100).for_each(|_| budget.count(Duration::from_secs(1), 0.02));
        assert_eq!(budget.most(), VOICES_IN_ALL);
    }
}
