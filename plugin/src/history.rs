//! What slots were before something was put into them or they were taken away: enough to bring each back.

use crate::rack::Slot;

/// Most steps that can be taken back.
const STEPS: usize = 20;

/// A slot before a change.
#[derive(Debug, Clone)]
pub struct Before {
    /// Its place.
    pub place: usize,
    /// What it was; none where there was no slot.
    pub slot: Option<Slot>,
    /// Its parameters, as [`crate::params::SlotParams::normalized`] gives them.
    pub values: Vec<f32>,
}

impl Before {
    /// What taking the change back does, for people.
    #[must_use]
    pub fn told(&self) -> String {
        let number = self.place + 1;
        match &self.slot {
            Some(slot) => format!("Bring {} back to slot {number}", slot.content.title()),
            None => format!("Take slot {number} away again"),
        }
    }
}

/// The changes that can be taken back, newest last.
#[derive(Debug, Default)]
pub struct History {
    steps: Vec<Before>,
}

impl History {
    /// Keeps what was before a change; the oldest one goes where there are too many.
    pub fn keep(&mut self, before: Before) {
        if self.steps.len() == STEPS {
            self.steps.remove(0);
        }
        self.steps.push(before);
    }

    /// What the newest change can be taken back to.
    #[must_use]
    pub fn newest(&self) -> Option<&Before> {
        self.steps.last()
    }

    /// The same, taken out.
    pub fn take(&mut self) -> Option<Before> {
        self.steps.pop()
    }

    /// Two places were exchanged: what was kept of one belongs to the other.
    pub fn exchange(&mut self, one: usize, other: usize) {
        for step in &mut self.steps {
            if step.place == one {
                step.place = other;
            } else if step.place == other {
                step.place = one;
            }
        }
    }

    /// Forgets everything: the rack is another.
    pub fn clear(&mut self) {
        self.steps.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;

    fn before(place: usize) -> Before {
        Before {
            place,
            slot: Some(Slot::new(Content::init())),
            values: Vec::new(),
        }
    }

    #[test]
    fn the_newest_comes_back_first_and_the_oldest_is_forgotten() {
        let mut history = History::default();
        (0..STEPS + 3).for_each(|place| history.keep(before(place)));
        let back: Vec<_> = std::iter::from_fn(|| history.take().map(|step| step.place)).collect();
        assert_eq!(back, (3..STEPS + 3).rev().collect::<Vec<_>>());
    }

    #[test]
    fn what_was_kept_goes_with_places_that_are_exchanged() {
        let mut history = History::default();
        (0..3).for_each(|place| history.keep(before(place)));
        history.exchange(0, 2);
        let back: Vec<_> = std::iter::from_fn(|| history.take().map(|step| step.place)).collect();
        assert_eq!(back, [0, 1, 2]);
    }
}
