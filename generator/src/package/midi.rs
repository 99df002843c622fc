//! Notes to a Standard MIDI File and back.
//!
//! Files are written with 960 ticks a beat (0.5 ms at 120 bpm), one track, one tempo. Reading takes any file of notes:
//! all tracks together, tempo changes, timecode; controllers and programs are passed over.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use songwalker_engine::render::Note;
use std::collections::{BTreeMap, VecDeque};

/// Ticks a beat of the files that we write.
const TICKS_PER_BEAT: u16 = 960;

/// The most bytes that are read.
const MAX_BYTES: usize = 4 << 20;

/// The most notes that are read.
pub const MAX_NOTES: usize = 100_000;

/// Tempo of a file that names none: 120 bpm, in microseconds a beat.
const DEFAULT_BEAT_US: u32 = 500_000;

/// What is wrong with a MIDI file.
#[derive(Debug, thiserror::Error)]
pub enum MidiError {
    /// Not a Standard MIDI File, or a broken one.
    #[error("not a MIDI file: {0}")]
    Malformed(String),
    /// Larger than 4 MB or with more than [`MAX_NOTES`] notes.
    #[error("the MIDI file is too large")]
    TooLarge,
    /// No note in it.
    #[error("the MIDI file has no notes")]
    Empty,
}

/// Encodes notes at a tempo of `bpm` (clamped to 4..=999 beats a minute). Velocities 0..1 become 1..=127.
#[must_use]
pub fn encode(notes: &[Note], bpm: f64) -> Vec<u8> {
    let bpm = if bpm.is_finite() {
        bpm.clamp(4.0, 999.0)
    } else {
        120.0
    };
    let ticks = |seconds: f64| {
        let ticks = (seconds * bpm / 60.0 * f64::from(TICKS_PER_BEAT)).round_ties_even();
        ticks.clamp(0.0, 100_000_000.0) as u32
    };
    // (tick, ends before starts, key, velocity): a key struck again where it ends is released first.
    let mut events: Vec<(u32, bool, u8, u8)> = Vec::with_capacity(2 * notes.len());
    for note in notes {
        let key = note.key.min(127);
        let velocity = (note.velocity * 127.0).round_ties_even().clamp(1.0, 127.0) as u8;
        let start = ticks(note.start_s);
        let end = ticks(note.start_s + note.hold_s).max(start + 1);
        events.push((start, true, key, velocity));
        events.push((end, false, key, 0));
    }
    events.sort_unstable();

    let beat_us = (60_000_000.0 / bpm).round_ties_even() as u32;
    let mut track = vec![meta(0, MetaMessage::Tempo(u24::from(beat_us)))];
    let mut now = 0;
    for (tick, starts, key, velocity) in events {
        let message = if starts {
            MidiMessage::NoteOn {
                key: u7::from(key),
                vel: u7::from(velocity),
            }
        } else {
            MidiMessage::NoteOff {
                key: u7::from(key),
                vel: u7::from(0),
            }
        };
        let kind = TrackEventKind::Midi {
            channel: u4::from(0),
            message,
        };
        track.push(TrackEvent {
            delta: u28::from(tick - now),
            kind,
        });
        now = tick;
    }
    track.push(meta(0, MetaMessage::EndOfTrack));
    let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::from(TICKS_PER_BEAT)));
    let mut bytes = Vec::new();
    // Writing to a Vec fails only for files whose tracks exceed 4 GB.
    let _ = Smf {
        header,
        tracks: vec![track],
    }
    .write_std(&mut bytes);
    bytes
}

fn meta(delta: u32, message: MetaMessage<'static>) -> TrackEvent<'static> {
    TrackEvent {
        delta: u28::from(delta),
        kind: TrackEventKind::Meta(message),
    }
}

/// What of a file matters here, on its common clock.
enum Event {
    Tempo(u32),
    Off(u8, u8),
    On(u8, u8, u8),
}

/// The notes of a MIDI file by start time, in seconds by the file's own tempo. A note that never ends lasts until the
/// file's last event, one that ends where it starts for a tick.
pub fn decode(bytes: &[u8]) -> Result<Vec<Note>, MidiError> {
    if bytes.len() > MAX_BYTES {
        return Err(MidiError::TooLarge);
    }
    let file = Smf::parse(bytes).map_err(|error| MidiError::Malformed(error.to_string()))?;
    let events = merged(&file);
    let mut clock = Clock::new(file.header.timing)?;
    let mut notes: Vec<Note> = Vec::new();
    // Which notes are still held, oldest first, by channel and key.
    let mut open: BTreeMap<(u8, u8), VecDeque<usize>> = BTreeMap::new();
    for (tick, _, event) in events {
        let now = clock.advance(tick);
        match event {
            Event::Tempo(beat_us) => clock.beat_us = beat_us,
            Event::On(channel, key, velocity) => {
                if notes.len() >= MAX_NOTES {
                    return Err(MidiError::TooLarge);
                }
                open.entry((channel, key)).or_default().push_back(notes.len());
                notes.push(Note {
                    start_s: now,
                    hold_s: 0.0,
                    key,
                    velocity: f64::from(velocity) / 127.0,
                });
            }
            Event::Off(channel, key) => {
                let index = open.get_mut(&(channel, key)).and_then(VecDeque::pop_front);
                if let Some(note) = index.and_then(|index| notes.get_mut(index)) {
                    note.hold_s = (now - note.start_s).max(clock.tick_s());
                }
            }
        }
    }
    for index in open.into_values().flatten() {
        if let Some(note) = notes.get_mut(index) {
            note.hold_s = clock.seconds - note.start_s;
        }
    }
    if notes.is_empty() {
        return Err(MidiError::Empty);
    }
    notes.sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.key.cmp(&b.key)));
    Ok(notes)
}

/// All tracks' events by tick; at one tick tempo, then ends, then starts, then ends that follow their own start, else the
/// file's order.
fn merged(file: &Smf) -> Vec<(u64, u8, Event)> {
    let mut events = Vec::new();
    for track in &file.tracks {
        let mut tick = 0u64;
        // Starts of this tick that no end has followed yet.
        let mut struck: BTreeMap<(u8, u8), usize> = BTreeMap::new();
        for event in track {
            if event.delta.as_int() > 0 {
                struck.clear();
            }
            tick += u64::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Meta(MetaMessage::Tempo(beat_us)) => {
                    events.push((tick, 0, Event::Tempo(beat_us.as_int())));
                }
                TrackEventKind::Midi {
                    channel,
                    message: MidiMessage::NoteOn { key, vel },
                } if vel > 0 => {
                    *struck.entry((channel.as_int(), key.as_int())).or_default() += 1;
                    events.push((tick, 2, Event::On(channel.as_int(), key.as_int(), vel.as_int())));
                }
                TrackEventKind::Midi {
                    channel,
                    message: MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. },
                } => {
                    let own = struck
                        .get_mut(&(channel.as_int(), key.as_int()))
                        .filter(|starts| **starts > 0);
                    let rank = if own.is_some() { 3 } else { 1 };
                    if let Some(starts) = own {
                        *starts -= 1;
                    }
                    events.push((tick, rank, Event::Off(channel.as_int(), key.as_int())));
                }
                _ => {}
            }
        }
    }
    events.sort_by_key(|(tick, rank, _)| (*tick, *rank));
    events
}

/// Ticks to seconds under changing tempo.
struct Clock {
    timing: Timing,
    beat_us: u32,
    tick: u64,
    seconds: f64,
}

impl Clock {
    fn new(timing: Timing) -> Result<Self, MidiError> {
        let silent = match timing {
            Timing::Metrical(ticks) => ticks == 0,
            Timing::Timecode(_, subframes) => subframes == 0,
        };
        if silent {
            return Err(MidiError::Malformed("no ticks a beat".to_owned()));
        }
        Ok(Self {
            timing,
            beat_us: DEFAULT_BEAT_US,
            tick: 0,
            seconds: 0.0,
        })
    }

    /// Length of a tick in seconds.
    fn tick_s(&self) -> f64 {
        match self.timing {
            Timing::Metrical(ticks) => f64::from(self.beat_us) / 1e6 / f64::from(ticks.as_int()),
            Timing::Timecode(fps, subframes) => 1.0 / (f64::from(fps.as_f32()) * f64::from(subframes)),
        }
    }

    /// Moves on to `tick` and gives its time in seconds.
    fn advance(&mut self, tick: u64) -> f64 {
        self.seconds += (tick - self.tick) as f64 * self.tick_s();
        self.tick = tick;
        self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(start_s: f64, hold_s: f64, key: u8, velocity: f64) -> Note {
        Note {
            start_s,
            hold_s,
            key,
            velocity,
        }
    }

    #[test]
    fn notes_survive_the_way_to_a_file_and_back() {
        let notes = [
            note(0.0, 2.0, 48, 0.8),
            note(0.0, 2.0, 60, 0.8),
            note(0.5, 0.25, 72, 0.1),
            note(0.75, 0.25, 72, 1.0),
        ];
        let read = decode(&encode(&notes, 97.0)).unwrap();
        assert_eq!(read.len(), notes.len());
        for (a, b) in notes.iter().zip(&read) {
            assert_eq!(a.key, b.key);
            assert!((a.start_s - b.start_s).abs() < 0.001 && (a.hold_s - b.hold_s).abs() < 0.001);
            assert!((a.velocity - b.velocity).abs() < 0.005);
        }
    }

    #[test]
    fn the_same_notes_give_the_same_bytes_in_any_order() {
        let a = [note(0.0, 1.0, 60, 0.8), note(0.0, 1.0, 64, 0.8)];
        let b = [a[1], a[0]];
        assert_eq!(encode(&a, 120.0), encode(&b, 120.0));
    }

    /// A file of one track: delta, key and velocity, 0 for an end.
    fn track_of(events: &[(u32, u8, u8)]) -> Vec<u8> {
        let track = events.iter().map(|(delta, key, velocity)| TrackEvent {
            delta: u28::from(*delta),
            kind: TrackEventKind::Midi {
                channel: u4::from(0),
                message: MidiMessage::NoteOn {
                    key: u7::from(*key),
                    vel: u7::from(*velocity),
                },
            },
        });
        let track = track.chain([meta(0, MetaMessage::EndOfTrack)]).collect();
        let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::from(500)));
        let mut bytes = Vec::new();
        let tracks = vec![track];
        Smf { header, tracks }.write_std(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn many_held_notes_and_stray_ends_are_all_read() {
        let mut events = vec![(0, 60, 64); MAX_NOTES];
        events.extend(vec![(0, 61, 0); 200_000]);
        events.extend(vec![(1, 60, 0); MAX_NOTES]);
        assert_eq!(decode(&track_of(&events)).unwrap().len(), MAX_NOTES);
    }

    #[test]
    fn a_note_that_ends_where_it_starts_lasts_a_tick() {
        let notes = decode(&track_of(&[(0, 60, 64), (0, 60, 0), (500, 62, 64), (500, 62, 0)])).unwrap();
        assert!((notes[0].hold_s - 0.001).abs() < 1e-9, "{}", notes[0].hold_s);
    }

    #[test]
    fn a_key_struck_again_where_it_ends_starts_a_new_note_in_either_order() {
        for middle in [[(500, 60, 0), (0, 60, 64)], [(500, 60, 64), (0, 60, 0)]] {
            let events = [&[(0, 60, 64)], &middle[..], &[(500, 60, 0)]].concat();
            let notes = decode(&track_of(&events)).unwrap();
            assert_eq!(notes.len(), 2);
            assert!(notes.iter().all(|note| (note.hold_s - 0.5).abs() < 1e-9));
        }
    }

    #[test]
    fn a_tempo_change_moves_what_follows() {
        let on = |delta, key| TrackEvent {
            delta: u28::from(delta),
            kind: TrackEventKind::Midi {
                channel: u4::from(3),
                message: MidiMessage::NoteOn {
                    key: u7::from(key),
                    vel: u7::from(64),
                },
            },
        };
        let tempo = |delta, us| meta(delta, MetaMessage::Tempo(u24::from(us)));
        let tracks = vec![
            vec![
                tempo(0, 500_000),
                tempo(480, 1_000_000),
                meta(480, MetaMessage::EndOfTrack),
            ],
            vec![on(0, 60), on(960, 61), meta(0, MetaMessage::EndOfTrack)],
        ];
        let header = Header::new(Format::Parallel, Timing::Metrical(u15::from(480)));
        let mut bytes = Vec::new();
        Smf { header, tracks }.write_std(&mut bytes).unwrap();
        let notes = decode(&bytes).unwrap();
        assert!((notes[1].start_s - 1.5).abs() < 1e-9, "{}", notes[1].start_s);
        assert!(
            (notes[0].hold_s - 1.5).abs() < 1e-9,
            "a note without an end lasts until the last event"
        );
    }

    #[test]
    fn what_is_no_file_of_notes_is_refused() {
        assert!(matches!(decode(b"RIFF"), Err(MidiError::Malformed(_))));
        assert!(matches!(decode(&encode(&[], 120.0)), Err(MidiError::Empty)));
        assert!(matches!(
            decode(&vec![0; MAX_BYTES + 1]),
            Err(MidiError::TooLarge)
        ));
        let mut zero_ticks = encode(&[note(0.0, 1.0, 60, 1.0)], 120.0);
        (zero_ticks[12], zero_ticks[13]) = (0, 0);
        assert!(decode(&zero_ticks).is_err());
    }
}
