//! What a host plays, in the few forms that a slot knows: small, copied, without a word on frameworks.

use nice_plug::midi::{Channel, Key, NoteEvent, control_change};

/// How far MPE's bend of one note goes, semitones.
pub const MPE_BEND_ST: f32 = 48.0;

/// Something played. A channel that is not said is every channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// A key goes down. Velocity 0..1.
    On { channel: u8, key: u8, velocity: f32 },
    /// A key goes up; no key is every key. Lift 0..1.
    Off {
        channel: Option<u8>,
        key: Option<u8>,
        lift: f32,
    },
    /// The wheel, −1..1.
    Bend { channel: u8, value: f32 },
    /// Pressure on a channel, 0..1.
    Pressure { channel: u8, value: f32 },
    /// The modulation wheel, 0..1.
    Wheel { channel: u8, value: f32 },
    /// Expression, 0..1.
    Expression { channel: u8, value: f32 },
    /// The sustain pedal.
    Pedal { channel: u8, down: bool },
    /// MPE's third way of a finger, 0..1.
    Timbre { channel: u8, value: f32 },
    /// Pressure on a key, 0..1.
    KeyPressure {
        channel: Option<u8>,
        key: u8,
        value: f32,
    },
    /// Bend of a key, semitones.
    KeyBend {
        channel: Option<u8>,
        key: u8,
        semitones: f32,
    },
    /// A finger's way on a key, 0..1.
    KeySlide {
        channel: Option<u8>,
        key: u8,
        value: f32,
    },
    /// Wheels, pressure and pedal go back to where they rest.
    ResetControllers { channel: u8 },
    /// Every key goes up.
    AllNotesOff { channel: u8 },
    /// Silence at once.
    AllSoundOff { channel: u8 },
}

/// A velocity as MIDI has it, to the bit: hosts multiply by 1/127, which rounds otherwise.
fn velocity(value: f32) -> f32 {
    let midi = (value * 127.0).round();
    if (value * 127.0 - midi).abs() < 1e-3 {
        (f64::from(midi) / 127.0) as f32
    } else {
        value
    }
}

/// The wheel, with its middle exactly 0: fourteen bits have none.
fn wheel(value: f32) -> f32 {
    let bend = value * 2.0 - 1.0;
    if bend.abs() < 2e-4 {
        0.0
    } else {
        bend.clamp(-1.0, 1.0)
    }
}

fn control(channel: u8, cc: u8, value: f32) -> Option<Action> {
    Some(match cc {
        control_change::MODULATION_MSB => Action::Wheel { channel, value },
        control_change::EXPRESSION_CONTROLLER_MSB => Action::Expression { channel, value },
        control_change::DAMPER_PEDAL => Action::Pedal {
            channel,
            down: value >= 0.5,
        },
        74 => Action::Timbre { channel, value },
        120 => Action::AllSoundOff { channel },
        121 => Action::ResetControllers { channel },
        // Modes: each of them ends all notes.
        123..=127 => Action::AllNotesOff { channel },
        _ => return None,
    })
}

/// The action of a host's event and the frame of the block at which it happens.
#[must_use]
pub fn of<S>(event: &NoteEvent<S>) -> Option<(usize, Action)> {
    let of_channel = |channel: &Channel| channel.number();
    let action = match event {
        NoteEvent::NoteOn {
            channel,
            key: Key::Number(key),
            velocity: v,
            ..
        } => {
            let channel = of_channel(channel).unwrap_or(0);
            let (key, velocity) = (*key, velocity(*v));
            if velocity > 0.0 {
                Action::On {
                    channel,
                    key,
                    velocity,
                }
            } else {
                Action::Off {
                    channel: Some(channel),
                    key: Some(key),
                    lift: 0.5,
                }
            }
        }
        NoteEvent::NoteOff {
            channel,
            key,
            velocity: lift,
            ..
        } => Action::Off {
            channel: of_channel(channel),
            key: key.number(),
            lift: *lift,
        },
        NoteEvent::Choke { channel, key, .. } => Action::Off {
            channel: of_channel(channel),
            key: key.number(),
            lift: 1.0,
        },
        NoteEvent::PolyPressure {
            channel,
            key: Key::Number(key),
            pressure,
            ..
        } => Action::KeyPressure {
            channel: of_channel(channel),
            key: *key,
            value: *pressure,
        },
        NoteEvent::PolyTuning {
            channel,
            key: Key::Number(key),
            tuning,
            ..
        } => Action::KeyBend {
            channel: of_channel(channel),
            key: *key,
            semitones: *tuning,
        },
        NoteEvent::PolyBrightness {
            channel,
            key: Key::Number(key),
            brightness,
            ..
        } => Action::KeySlide {
            channel: of_channel(channel),
            key: *key,
            value: *brightness,
        },
        NoteEvent::MidiChannelPressure {
            channel, pressure, ..
        } => Action::Pressure {
            channel: *channel,
            value: *pressure,
        },
        NoteEvent::MidiPitchBend { channel, value, .. } => Action::Bend {
            channel: *channel,
            value: wheel(*value),
        },
        NoteEvent::MidiCC {
            channel, cc, value, ..
        } => control(*channel, *cc, *value)?,
        _ => return None,
    };
    Some((event.timing() as usize, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn velocities_have_the_bits_of_a_midi_file_and_the_wheel_has_a_middle() {
        for midi in 1..=127u8 {
            let as_hosts_round = f32::from(midi) * (1.0 / 127.0);
            assert_eq!(velocity(as_hosts_round), (f64::from(midi) / 127.0) as f32);
        }
        assert_eq!(velocity(0.123_456), 0.123_456, "finer ones stay");
        assert_eq!(wheel(8192.0 / 16383.0), 0.0);
        assert_eq!((wheel(0.0), wheel(1.0)), (-1.0, 1.0));
    }

    #[test]
    fn controllers_that_mean_nothing_here_are_left_out() {
        assert_eq!(control(0, 7, 1.0), None);
        assert_eq!(
            control(3, 64, 0.6),
            Some(Action::Pedal {
                channel: 3,
                down: true
            })
        );
    }
}
