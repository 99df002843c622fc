//! What slots were before something was put into them or they were taken away: enough to bring each back.

use crate::params::MACROS;
use crate::rack::Slot;

/// Most steps that can be taken back.
const STEPS: usize = 20;

/// One or more slots before a change.
pub type Step = Vec<Before>;

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
    /// Where its macros stood.
    #[must_use]
    pub fn macros(&self) -> [f32; MACROS] {
        std::array::from_fn(|i| self.values.get(i).copied().unwrap_or(0.0))
    }

    /// What taking the change back does, for people.
    fn told(&self) -> String {
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
    steps: Vec<Step>,
}

impl History {
    /// Keeps what was before a change; the oldest one goes where there are too many.
    pub fn keep(&mut self, step: Step) {
        if self.steps.len() == STEPS {
            self.steps.remove(0);
        }
        self.steps.push(step);
    }

    /// What taking the newest change back does, for people.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        match self.steps.last()?.as_slice() {
            [one, other] => Some(format!(
                "Exchange slots {} and {} again",
                one.place + 1,
                other.place + 1
            )),
            step => step.first().map(Before::told),
        }
    }

    /// What was before the newest change, taken out.
    pub fn take(&mut self) -> Option<Step> {
        self.steps.pop()
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
        (0..STEPS + 3).for_each(|place| history.keep(vec![before(place)]));
        let back: Vec<_> = std::iter::from_fn(|| history.take().map(|step| step[0].place)).collect();
        assert_eq!(back, (3..STEPS + 3).rev().collect::<Vec<_>>());
    }

    #[test]
    fn it_is_told_what_comes_back() {
        let mut history = History::default();
        assert_eq!(history.told(), None);
        history.keep(vec![before(2)]);
        assert_eq!(history.told().as_deref(), Some("Bring Init back to slot 3"));
        history.keep(vec![before(0), before(1)]);
        assert_eq!(history.told().as_deref(), Some("Exchange slots 1 and 2 again"));
    }
}
