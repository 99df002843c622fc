//! A minute of everything at once, on a plugin that ends the process where its audio thread allocates.

use std::path::Path;
use std::sync::mpsc::sync_channel;

use anyhow::{Context, Result};
use songwalker_generator::templates;

use crate::host::{Event, File, Song};
use crate::states;

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Plays `seconds` of notes, wheels, pedals, tuning and automation in blocks of all lengths, in a song that jumps, and swaps
/// patches meanwhile.
pub fn run(plugin: &Path, seconds: f64) -> Result<()> {
    let file = File::load(plugin)?;
    let mut instance = file.instance()?;
    let ids: Vec<u32> = instance
        .params()?
        .into_iter()
        .filter(|param| !param.name.ends_with("CPU") && param.name != "Bypass")
        .map(|param| param.id)
        .collect();
    // Patches are packed beforehand and elsewhere, as a project's are.
    let (give, take) = sync_channel(4);
    let packer = std::thread::spawn(move || -> Result<()> {
        let all: Vec<_> = templates::all().collect();
        for first in 0.. {
            let some: Vec<_> = (0..4)
                .map(|i| states::as_read(&all[(first * 5 + i) % all.len()].base))
                .collect::<Result<_>>()?;
            if give.send(states::framed(&some)?).is_err() {
                return Ok(());
            }
        }
        Ok(())
    });
    instance.start(48_000.0, 1_024)?;
    let mut dice = Dice(0x5057_1234);
    let (mut played, mut swaps, mut events) = (0, 0, 0);
    let frames = (seconds * 48_000.0) as usize;
    let mut next_swap = 0;
    while played < frames {
        if played >= next_swap {
            next_swap += 48_000;
            instance.load(&take.recv().context("no more patches")?)?;
            swaps += 1;
            // The song jumps, and goes on in another tempo.
            instance.song = Some(Song {
                bpm: 60.0 + 100.0 * dice.unit(),
                beats: 200.0 * dice.unit(),
            });
        }
        let length = match dice.below(4) {
            0 => 1 + dice.below(64) as usize,
            1 => 1_024,
            _ => 256,
        };
        let count = dice.below(6);
        let mut here: Vec<(usize, Event)> = (0..count)
            .map(|_| {
                let key = 24 + dice.below(80) as u8;
                let byte = dice.below(128) as u8;
                let event = match dice.below(13) {
                    0..3 => Event::On {
                        key,
                        velocity: 0.1 + 0.9 * dice.unit(),
                    },
                    3..6 => Event::Off { key },
                    6 => Event::Midi([0xE0, 0, byte]),
                    7 => Event::Midi([0xB0, [1, 11, 64, 74][dice.below(4) as usize], byte]),
                    8 => Event::Midi([0xD0, byte, 0]),
                    9 => Event::Midi([0xA0, key, byte]),
                    10 if dice.below(20) == 0 => Event::Midi([0xB0, 120 + (byte & 3), 0]),
                    11 => Event::Tune {
                        key,
                        semitones: 24.0 * dice.unit() - 12.0,
                    },
                    _ => Event::Param {
                        id: ids[dice.below(ids.len() as u64) as usize],
                        value: dice.unit(),
                    },
                };
                (dice.below(length as u64) as usize, event)
            })
            .collect();
        here.sort_by_key(|(frame, _)| *frame);
        events += here.len();
        instance.play(length, &here)?;
        played += length;
    }
    drop(take);
    drop(instance);
    packer.join().map_err(|_| anyhow::anyhow!("packing panicked"))??;
    println!("rtcheck  ok  {seconds} s, {events} events, {swaps} swaps of four slots: nothing was allocated");
    Ok(())
}
