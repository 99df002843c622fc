//! Routes as Vital's 64 modulation slots. Route n becomes slot n + 1, so that what aims at its amount finds it.

use super::controls::{self, Settings};
use super::file::{Line, Modulation};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::{Polarity, Route, Source};

/// How many slots Vital has.
pub const SLOTS: usize = 64;

/// Amounts go from −1 to 1, and Vital scales what moves an amount by that width.
const AMOUNT_RANGE: f64 = 2.0;

/// One modulation.
#[derive(Debug, Clone)]
pub struct Slot {
    pub source: String,
    pub destination: String,
    /// Share of the destination's range, −1..1.
    pub amount: f64,
    /// Bend of the source, −10..10.
    pub power: f64,
    pub bipolar: bool,
    pub stereo: bool,
    pub bypass: bool,
    /// A drawn bend, before `power`.
    pub map: Option<Line>,
}

/// The slots in use; a route that could not be carried leaves its slot empty.
#[derive(Debug, Default)]
pub struct Slots {
    slots: Vec<Option<Slot>>,
}

impl Slots {
    /// Whether another slot fits.
    pub fn has_room(&self) -> bool {
        self.slots.len() < SLOTS
    }

    /// Takes the next slot, where there is one.
    pub fn push(&mut self, slot: Slot) {
        if self.has_room() {
            self.slots.push(Some(slot));
        }
    }

    /// The amount of the route whose control that is, if it is carried.
    pub fn amount_mut(&mut self, destination: &str) -> Option<&mut f64> {
        let number: usize = destination
            .strip_prefix("modulation_")?
            .strip_suffix("_amount")?
            .parse()
            .ok()?;
        let slot = self.slots.get_mut(number.checked_sub(1)?)?.as_mut()?;
        Some(&mut slot.amount)
    }

    /// Writes amounts, bends and switches as controls.
    pub fn write(&self, settings: &mut Settings) {
        for (index, slot) in self.slots.iter().enumerate() {
            let Some(slot) = slot else { continue };
            let mut set =
                |what: &str, value: f64| settings.set(&format!("modulation_{}_{what}", index + 1), value);
            set("amount", slot.amount);
            set("power", slot.power);
            set("bipolar", f64::from(slot.bipolar));
            set("stereo", f64::from(slot.stereo));
            set("bypass", f64::from(slot.bypass));
        }
    }

    /// All 64 slots as the file has them.
    pub fn into_modulations(self) -> Vec<Modulation> {
        let mut modulations: Vec<Modulation> = self
            .slots
            .into_iter()
            .map(|slot| {
                slot.map_or_else(Modulation::default, |slot| Modulation {
                    destination: slot.destination,
                    line_mapping: slot.map,
                    source: slot.source,
                })
            })
            .collect();
        modulations.resize_with(SLOTS, Modulation::default);
        modulations
    }
}

/// The patch's routes.
pub fn from_routes(patch: &PatchSpec, lost: &mut Vec<String>) -> Slots {
    let slots = patch
        .modulation
        .routes
        .iter()
        .take(SLOTS)
        .enumerate()
        .map(|(index, route)| {
            let slot = from_route(patch, route);
            if slot.is_none() {
                lost.push(format!(
                    "route {} from {} to {}",
                    index + 1,
                    route.source,
                    route.target
                ));
            }
            slot
        });
    Slots {
        slots: slots.collect(),
    }
}

fn from_route(patch: &PatchSpec, route: &Route) -> Option<Slot> {
    let target = Target::of(patch, &route.target)?;
    let amount = (route.amount * target.our_range / target.range).clamp(-1.0, 1.0);
    let map = route.map.as_ref().map(|points| {
        Line::new(
            "Custom",
            points.0.iter().map(|point| (point.x, point.y, point.power)),
            false,
        )
    });
    Some(Slot {
        source: source_name(route.source),
        destination: target.control,
        amount,
        power: route.curve,
        bipolar: route.polarity == Polarity::Bipolar,
        stereo: route.stereo,
        bypass: route.bypass,
        map,
    })
}

/// What a pointer aims at, in Vital's terms.
pub struct Target {
    /// The control.
    pub control: String,
    /// Its least value.
    pub min: f64,
    /// Width of its range.
    pub range: f64,
    /// Width of the range by which our amounts are scaled.
    pub our_range: f64,
    /// Whether it takes whole numbers only.
    pub discrete: bool,
}

impl Target {
    /// The target of a pointer; nothing where Vital has none or lets nothing move it.
    pub fn of(patch: &PatchSpec, pointer: &str) -> Option<Self> {
        if let Some(rest) = pointer.strip_prefix("/modulation/routes/") {
            let index: usize = rest.strip_suffix("/amount")?.parse().ok()?;
            let control = format!("modulation_{}_amount", index + 1);
            let exists = index < patch.modulation.routes.len().min(SLOTS);
            return exists.then_some(Self {
                control,
                min: -1.0,
                range: AMOUNT_RANGE,
                our_range: AMOUNT_RANGE,
                discrete: false,
            });
        }
        let row = patch.param_id(pointer)?.row();
        let control = controls::control(&row.vital).filter(|control| control.destination)?;
        Some(Self {
            control: control.name.clone(),
            min: control.min,
            range: control.range(),
            our_range: row.raw_range(),
            discrete: control.discrete,
        })
    }
}

/// Vital's name of a source; it counts envelopes, LFOs and random sources from 1.
fn source_name(source: Source) -> String {
    match source {
        Source::TriggerRandom => "random".to_owned(),
        Source::PitchBend => "pitch_wheel".to_owned(),
        source => match source.name().split_once('/') {
            Some((kind, index)) => format!("{kind}_{}", index.parse::<usize>().unwrap_or(0) + 1),
            None => source.name().to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_a_name_that_vital_knows() {
        const KNOWN: [&str; 28] = [
            "aftertouch",
            "env_2",
            "env_3",
            "env_4",
            "env_5",
            "env_6",
            "lfo_1",
            "lfo_2",
            "lfo_3",
            "lfo_4",
            "lfo_5",
            "lfo_6",
            "lfo_7",
            "lfo_8",
            "lift",
            "mod_wheel",
            "note",
            "note_in_octave",
            "pitch_wheel",
            "random",
            "random_1",
            "random_2",
            "random_3",
            "random_4",
            "slide",
            "stereo",
            "velocity",
            "env_1",
        ];
        for source in Source::ALL {
            let name = source_name(*source);
            assert!(KNOWN.contains(&name.as_str()), "{name}");
        }
        assert_eq!(source_name(Source::Env1), "env_2");
        assert_eq!(source_name(Source::Lfo0), "lfo_1");
    }
}
