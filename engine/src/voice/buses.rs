//! Where voices put their sound: the buses that all of them add to, and the room that they use one after the other.

use songwalker_schemas::patch::osc::Destination;

use super::plan::Plan;
use crate::filter::FilterControls;
use crate::wavetable::Drawer;

/// A stereo block at the oversampled rate.
#[derive(Debug, Clone)]
pub(crate) struct Bus {
    pub left: Vec<f32>,
    pub right: Vec<f32>,
}

impl Bus {
    pub(crate) fn new(frames: usize) -> Self {
        Self {
            left: vec![0.0; frames],
            right: vec![0.0; frames],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.left.fill(0.0);
        self.right.fill(0.0);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (to, from) in [(&mut self.left, &other.left), (&mut self.right, &other.right)] {
            for (to, from) in to.iter_mut().zip(from) {
                *to += *from;
            }
        }
    }

    pub(crate) fn add_scaled(&mut self, other: &Self, gain: &[f32]) {
        for (to, from) in [(&mut self.left, &other.left), (&mut self.right, &other.right)] {
            for ((to, from), gain) in to.iter_mut().zip(from).zip(gain) {
                *to += *from * *gain;
            }
        }
    }
}

/// Number of effects, which is the number of sends straight into one.
pub(crate) const SENDS: usize = 9;

/// What all voices add to.
#[derive(Debug)]
pub(crate) struct Buses {
    pub effects: Bus,
    pub direct: Bus,
    /// By the effect's place in the list of kinds; only where an oscillator goes there.
    pub sends: [Option<Bus>; SENDS],
}

impl Buses {
    pub(crate) fn new(plan: &Plan) -> Self {
        let frames = plan.frames();
        let mut buses = Self {
            effects: Bus::new(frames),
            direct: Bus::new(frames),
            sends: std::array::from_fn(|_| None),
        };
        let destinations = plan.osc.iter().flatten().map(|osc| osc.destination);
        for destination in destinations.chain(plan.sample.iter().map(|sample| sample.destination)) {
            if let Some(send) = send_of(destination) {
                buses.sends[send] = Some(Bus::new(frames));
            }
        }
        buses
    }

    pub(crate) fn clear(&mut self) {
        self.effects.clear();
        self.direct.clear();
        for bus in self.sends.iter_mut().flatten() {
            bus.clear();
        }
    }
}

/// The effect that a destination names.
fn send_of(destination: Destination) -> Option<usize> {
    destination.index().checked_sub(Destination::Chorus.index())
}

/// Room that voices use one after the other.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub drawer: Drawer,
    pub wave: Bus,
    pub other: Bus,
}

impl Scratch {
    pub(crate) fn new(frames: usize) -> Self {
        let bus = || Bus::new(frames);
        Self {
            drawer: Drawer::new(),
            wave: bus(),
            other: bus(),
        }
    }
}

/// What each voice makes of a control block before all are summed; every list is indexed by voice.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// Into filter 0.
    pub first: Vec<Bus>,
    /// Into filter 1.
    pub second: Vec<Bus>,
    /// Past the filters.
    pub past: Vec<Bus>,
    /// The amplitude, squared.
    pub gain: Vec<Vec<f32>>,
    /// Controls of both filters at the block's end, left and right.
    pub controls: [Vec<[FilterControls; 2]>; 2],
}

impl Blocks {
    pub(crate) fn new(frames: usize, voices: usize) -> Self {
        let buses = || vec![Bus::new(frames); voices];
        Self {
            first: buses(),
            second: buses(),
            past: buses(),
            gain: vec![vec![0.0; frames]; voices],
            controls: [(); 2].map(|()| vec![[FilterControls::UNREAD; 2]; voices]),
        }
    }

    /// The blocks of one voice.
    pub(crate) fn of(&mut self, voice: usize) -> Block<'_> {
        let [first, second] = &mut self.controls;
        Block {
            first: &mut self.first[voice],
            second: &mut self.second[voice],
            past: &mut self.past[voice],
            gain: &mut self.gain[voice],
            controls: [&mut first[voice], &mut second[voice]],
        }
    }
}

/// One voice's share of [`Blocks`].
pub(crate) struct Block<'a> {
    pub first: &'a mut Bus,
    pub second: &'a mut Bus,
    pub past: &'a mut Bus,
    pub gain: &'a mut [f32],
    pub controls: [&'a mut [FilterControls; 2]; 2],
}

impl Block<'_> {
    pub(crate) fn clear(&mut self) {
        self.first.clear();
        self.second.clear();
        self.past.clear();
    }

    /// Adds the wave to wherever it goes. A filter that is off passes its sources on, but what goes to both filters
    /// does not pass beside the one that is on.
    pub(crate) fn send(
        &mut self,
        destination: Destination,
        filters: [bool; 2],
        wave: &Bus,
        buses: &mut Buses,
    ) {
        match destination {
            Destination::Filter1 => self.first.add(wave),
            Destination::Filter2 => self.second.add(wave),
            Destination::Both => match filters {
                [true, true] => {
                    self.first.add(wave);
                    self.second.add(wave);
                }
                [false, true] => self.second.add(wave),
                _ => self.first.add(wave),
            },
            Destination::Effects => self.past.add(wave),
            Destination::Direct => buses.direct.add_scaled(wave, self.gain),
            other => {
                if let Some(bus) = send_of(other).and_then(|i| buses.sends[i].as_mut()) {
                    bus.add_scaled(wave, self.gain);
                }
            }
        }
    }
}
