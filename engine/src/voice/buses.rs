//! Where voices put their sound: the buses that all of them add to, and the room that they use one after the other.

use songwalker_schemas::patch::osc::Destination;

use super::plan::Plan;
use crate::filter::FilterControls;
use crate::modulation::Detour;
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

    fn add(&mut self, other: &Self) {
        for (to, from) in [(&mut self.left, &other.left), (&mut self.right, &other.right)] {
            for (to, from) in to.iter_mut().zip(from) {
                *to += *from;
            }
        }
    }

    /// Adds another block, or takes it over where nothing stands yet.
    pub(crate) fn put(&mut self, other: &Self, filled: &mut bool) {
        if *filled {
            self.add(other);
        } else {
            self.left.copy_from_slice(&other.left);
            self.right.copy_from_slice(&other.right);
            *filled = true;
        }
    }

    pub(crate) fn add_scaled(&mut self, other: &Self, gain: &[Vec<f32>; 2]) {
        let sides = [(&mut self.left, &other.left), (&mut self.right, &other.right)];
        for ((to, from), gain) in sides.into_iter().zip(gain) {
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

/// What stands in a voice's block for filter 0, for filter 1 and past both.
pub(crate) const FIRST: usize = 0;
pub(crate) const SECOND: usize = 1;
pub(crate) const PAST: usize = 2;

/// What each voice makes of a control block before all are summed; every list is indexed by voice.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// Into filter 0, into filter 1 and past the filters.
    pub buses: [Vec<Bus>; 3],
    /// Which of a voice's buses hold anything; the others hold what is left of older blocks.
    pub filled: Vec<[bool; 3]>,
    /// The amplitude, squared, left and right.
    pub gain: Vec<[Vec<f32>; 2]>,
    /// Controls of both filters at the block's end, left and right.
    pub controls: [Vec<[FilterControls; 2]>; 2],
    /// How the cutoffs of both filters get there.
    pub detours: [Vec<Detour>; 2],
}

impl Blocks {
    pub(crate) fn new(frames: usize, voices: usize) -> Self {
        Self {
            buses: [(); 3].map(|()| vec![Bus::new(frames); voices]),
            filled: vec![[false; 3]; voices],
            gain: vec![[(); 2].map(|()| vec![0.0; frames]); voices],
            controls: [(); 2].map(|()| vec![[FilterControls::UNREAD; 2]; voices]),
            detours: [(); 2].map(|()| vec![Detour::default(); voices]),
        }
    }

    /// The blocks of one voice.
    pub(crate) fn of(&mut self, voice: usize) -> Block<'_> {
        Block {
            buses: self.buses.each_mut().map(|buses| &mut buses[voice]),
            filled: &mut self.filled[voice],
            gain: &mut self.gain[voice],
            controls: self.controls.each_mut().map(|controls| &mut controls[voice]),
            detours: self.detours.each_mut().map(|detours| &mut detours[voice]),
        }
    }

    /// Adds what a voice has behind one place to another place.
    pub(crate) fn pass_on(&mut self, voice: usize, from: usize, to: usize) {
        if let Ok([from_buses, to_buses]) = self.buses.get_disjoint_mut([from, to])
            && self.filled[voice][from]
        {
            to_buses[voice].put(&from_buses[voice], &mut self.filled[voice][to]);
        }
    }
}

/// One voice's share of [`Blocks`].
pub(crate) struct Block<'a> {
    pub buses: [&'a mut Bus; 3],
    pub filled: &'a mut [bool; 3],
    pub gain: &'a mut [Vec<f32>; 2],
    pub controls: [&'a mut [FilterControls; 2]; 2],
    pub detours: [&'a mut Detour; 2],
}

impl Block<'_> {
    /// Silence into filters that nothing goes to: what still sounds in them must go on.
    pub(crate) fn fill_filters(&mut self, filters: [bool; 2]) {
        for (i, _) in filters.iter().enumerate().filter(|(_, on)| **on) {
            if !self.filled[i] {
                self.buses[i].clear();
                self.filled[i] = true;
            }
        }
    }

    fn put(&mut self, place: usize, wave: &Bus) {
        self.buses[place].put(wave, &mut self.filled[place]);
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
            Destination::Filter1 => self.put(FIRST, wave),
            Destination::Filter2 => self.put(SECOND, wave),
            Destination::Both => match filters {
                [true, true] => {
                    self.put(FIRST, wave);
                    self.put(SECOND, wave);
                }
                [false, true] => self.put(SECOND, wave),
                _ => self.put(FIRST, wave),
            },
            Destination::Effects => self.put(PAST, wave),
            Destination::Direct => buses.direct.add_scaled(wave, self.gain),
            other => {
                if let Some(bus) = send_of(other).and_then(|i| buses.sends[i].as_mut()) {
                    bus.add_scaled(wave, self.gain);
                }
            }
        }
    }
}
