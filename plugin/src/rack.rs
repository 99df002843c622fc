//! What the slots hold and which notes reach them: the one truth that interface and sound share.
//!
//! Its owner is [`crate::instance::Instance`]; the sound gets copies of [`Routing`] and finished instruments by message. How
//! loud a slot is, and the rest that a host may automate, stands in [`crate::params`] under the same place.

use serde::{Deserialize, Serialize};

use crate::SLOTS;
use crate::content::Content;
use crate::params::MACROS;

/// Which MIDI channels reach a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// All of them.
    #[default]
    All,
    /// One, 0..15.
    One(u8),
    /// All, as MPE's lower zone: bend, pressure and slide of channels 2 to 16 are those of their notes.
    Mpe,
}

impl Channels {
    /// Whether a channel reaches the slot.
    #[must_use]
    pub fn take(self, channel: u8) -> bool {
        match self {
            Self::All | Self::Mpe => true,
            Self::One(own) => own == channel,
        }
    }
}

/// Where a slot's sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Into the main mix.
    #[default]
    Main,
    /// To the slot's own output, and not into the main mix.
    Own,
}

/// Which notes reach a slot, and what becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routing {
    /// MIDI channels.
    pub channels: Channels,
    /// Lowest and highest key, 0..127.
    pub keys: (u8, u8),
    /// Lowest and highest velocity, 1..127.
    pub velocities: (u8, u8),
    /// Semitones that are added to each key.
    pub transpose: i8,
    /// Where the sound goes.
    pub output: Output,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            channels: Channels::All,
            keys: (0, 127),
            velocities: (1, 127),
            transpose: 0,
            output: Output::Main,
        }
    }
}

impl Routing {
    /// The same within its bounds: what a state says is not trusted.
    #[must_use]
    pub fn bounded(self) -> Self {
        let ordered = |(low, high): (u8, u8), least: u8| {
            let low = low.clamp(least, 127);
            (low, high.clamp(low, 127))
        };
        Self {
            channels: match self.channels {
                Channels::One(channel) => Channels::One(channel.min(15)),
                other => other,
            },
            keys: ordered(self.keys, 0),
            velocities: ordered(self.velocities, 1),
            transpose: self.transpose.clamp(-48, 48),
            output: self.output,
        }
    }

    /// The key that a note of this slot plays, or none where it does not reach the slot. `velocity` is 0..1.
    #[must_use]
    pub fn key(&self, channel: u8, key: u8, velocity: f32) -> Option<u8> {
        let midi = (velocity * 127.0).round().clamp(1.0, 127.0) as u8;
        let within = |(low, high): (u8, u8), value: u8| (low..=high).contains(&value);
        if !self.channels.take(channel) || !within(self.keys, key) || !within(self.velocities, midi) {
            return None;
        }
        let played = i16::from(key) + i16::from(self.transpose);
        u8::try_from(played).ok().filter(|played| *played < 128)
    }
}

/// The other side of a comparison.
#[derive(Debug, Clone)]
pub struct Other {
    /// What it plays.
    pub content: Content,
    /// Where its macros stood, 0..1.
    pub macros: [f32; MACROS],
}

/// One place of the rack.
#[derive(Debug, Clone)]
pub struct Slot {
    /// What it plays.
    pub content: Content,
    /// What it is compared with, and may be exchanged for.
    pub other: Option<Other>,
    /// Which notes reach it.
    pub routing: Routing,
    /// Level that makes both sides of a comparison equally loud, decibels, at most 0.
    pub trim_db: f32,
}

impl Slot {
    /// A slot with that content on all channels.
    #[must_use]
    pub fn new(content: Content) -> Self {
        Self {
            content,
            other: None,
            routing: Routing::default(),
            trim_db: 0.0,
        }
    }
}

/// The places; one that is none does not exist for the user.
#[derive(Debug, Clone)]
pub struct Rack {
    /// By place, which is also the place of the parameters.
    pub slots: [Option<Slot>; SLOTS],
}

impl Default for Rack {
    /// A new instance sounds at once: the init patch on all channels.
    fn default() -> Self {
        let mut rack = Self::empty();
        rack.slots[0] = Some(Slot::new(Content::init()));
        rack
    }
}

impl Rack {
    /// No slot at all.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            slots: std::array::from_fn(|_| None),
        }
    }

    /// Adds an empty slot at the first free place, and says which.
    pub fn add(&mut self) -> Option<usize> {
        let place = self.slots.iter().position(Option::is_none)?;
        self.slots[place] = Some(Slot::new(Content::Empty));
        Some(place)
    }

    /// The slots that there are, with their places.
    pub fn present(&self) -> impl Iterator<Item = (usize, &Slot)> {
        let with_place = self.slots.iter().enumerate();
        with_place.filter_map(|(place, slot)| Some((place, slot.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_rack_has_the_init_patch_in_its_first_slot() {
        let rack = Rack::default();
        assert_eq!(rack.present().count(), 1);
        let slot = rack.slots[0].as_ref().unwrap();
        assert!(matches!(slot.content, Content::Patch(_)));
        assert_eq!(slot.routing.key(9, 60, 0.5), Some(60));
    }

    #[test]
    fn notes_outside_of_channel_keys_and_velocities_do_not_reach_the_slot() {
        let routing = Routing {
            channels: Channels::One(2),
            keys: (40, 50),
            velocities: (64, 100),
            transpose: -12,
            output: Output::Main,
        };
        assert_eq!(routing.key(2, 40, 64.0 / 127.0), Some(28));
        assert_eq!(routing.key(3, 40, 64.0 / 127.0), None);
        assert_eq!(routing.key(2, 51, 64.0 / 127.0), None);
        assert_eq!(routing.key(2, 40, 63.0 / 127.0), None);
        assert_eq!(routing.key(2, 40, 1.0), None);
    }

    #[test]
    fn a_note_that_is_transposed_off_the_keyboard_is_not_played() {
        let routing = Routing {
            transpose: -48,
            ..Routing::default()
        };
        assert_eq!(routing.key(0, 47, 1.0), None);
        assert_eq!(routing.key(0, 48, 1.0), Some(0));
    }

    #[test]
    fn what_a_state_says_is_brought_within_bounds() {
        let routing = Routing {
            channels: Channels::One(200),
            keys: (255, 3),
            velocities: (0, 0),
            transpose: 127,
            output: Output::Own,
        };
        let bounded = routing.bounded();
        assert_eq!(bounded.channels, Channels::One(15));
        assert_eq!((bounded.keys, bounded.velocities), ((127, 127), (1, 1)));
        assert_eq!(bounded.transpose, 48);
    }

    #[test]
    fn sixteen_slots_and_no_more() {
        let mut rack = Rack::default();
        let added: Vec<_> = std::iter::from_fn(|| rack.add()).collect();
        assert_eq!(added, (1..SLOTS).collect::<Vec<_>>());
    }
}
