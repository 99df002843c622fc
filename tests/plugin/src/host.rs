//! A CLAP host of one plugin file: as many instances as wanted, each with its own buffers, played block by block.
#![expect(unsafe_code, reason = "a library is loaded, which may do anything")]

use std::ffi::CString;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use clack_extensions::params::{ParamInfoBuffer, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::event_types::{
    MidiEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent, NoteOnEvent, ParamValueEvent,
    TransportEvent, TransportFlags,
};
use clack_host::events::{EventFlags, EventHeader, Match, Pckn};
use clack_host::prelude::*;
use clack_host::process::StartedPluginAudioProcessor;
use clack_host::utils::{BeatTime, ClapId, Cookie, SecondsTime};

/// Outputs of the second plugin of the file: the main one and one per slot, two channels each. The first has the main one.
const PORTS: usize = 17;

/// What the plugin may ask of its host; nothing here waits for it.
pub struct Shared;

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

/// The host's types.
pub struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

/// Something played at a frame of a block.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    On {
        key: u8,
        velocity: f64,
    },
    Off {
        key: u8,
    },
    Midi([u8; 3]),
    Param {
        id: u32,
        value: f64,
    },
    /// How far a key is bent, semitones.
    Tune {
        key: u8,
        semitones: f64,
    },
}

/// A song that the host plays.
#[derive(Debug, Clone, Copy)]
pub struct Song {
    pub bpm: f64,
    /// Where it is at the next block.
    pub beats: f64,
}

impl Song {
    fn transport(self) -> TransportEvent {
        TransportEvent {
            header: EventHeader::new_core(0, EventFlags::empty()),
            flags: TransportFlags::HAS_TEMPO
                | TransportFlags::HAS_BEATS_TIMELINE
                | TransportFlags::IS_PLAYING,
            song_pos_beats: BeatTime::from_float(self.beats),
            song_pos_seconds: SecondsTime::from_int(0),
            tempo: self.bpm,
            tempo_inc: 0.0,
            loop_start_beats: BeatTime::from_int(0),
            loop_end_beats: BeatTime::from_int(0),
            loop_start_seconds: SecondsTime::from_int(0),
            loop_end_seconds: SecondsTime::from_int(0),
            bar_start: BeatTime::from_int(0),
            bar_number: 0,
            time_signature_numerator: 4,
            time_signature_denominator: 4,
        }
    }
}

/// A plugin file.
pub struct File {
    entry: PluginEntry,
    info: HostInfo,
}

impl File {
    /// Loads it.
    pub fn load(path: &Path) -> Result<Self> {
        let path = path.to_str().context("the path is no text")?;
        // SAFETY: it is the plugin of this project, built just now; loading it runs only its own initialisers.
        let entry = unsafe { PluginEntry::load(path) }.map_err(|error| anyhow!("{path}: {error}"))?;
        let info = HostInfo::new("SongWalker's tests", "SongWalker", "", "1")?;
        Ok(Self { entry, info })
    }

    /// Name and id of a plugin in it.
    pub fn named(&self, which: usize) -> Result<(String, CString)> {
        let factory = self.entry.get_plugin_factory().context("no plugin factory")?;
        let descriptor = factory.plugin_descriptors().nth(which).context("no plugin")?;
        let name = descriptor
            .name()
            .context("no name")?
            .to_string_lossy()
            .into_owned();
        Ok((name, descriptor.id().context("no id")?.to_owned()))
    }

    /// A new instance of the plugin with one output.
    pub fn instance(&self) -> Result<Instance> {
        self.instance_of(0, 1)
    }

    /// A new instance of the plugin with an output for each slot.
    pub fn multi(&self) -> Result<Instance> {
        self.instance_of(1, PORTS)
    }

    fn instance_of(&self, which: usize, ports: usize) -> Result<Instance> {
        let (_, id) = self.named(which)?;
        let instance = PluginInstance::<Host>::new(|_| Shared, |_| (), &self.entry, &id, &self.info)
            .map_err(|error| anyhow!("no instance: {error}"))?;
        Ok(Instance {
            instance,
            running: None,
            ports,
            steady: 0,
            song: None,
        })
    }
}

struct Running {
    sample_rate: f64,
    processor: StartedPluginAudioProcessor<Host>,
    buffers: Vec<Vec<f32>>,
    ports: AudioPorts,
    events: EventBuffer,
    answers: EventBuffer,
}

/// An instance.
pub struct Instance {
    instance: PluginInstance<Host>,
    running: Option<Running>,
    ports: usize,
    steady: u64,
    /// What the host plays meanwhile; without one it stands still and has no tempo.
    pub song: Option<Song>,
}

/// A parameter as the host hears of it.
pub struct Param {
    pub id: u32,
    pub name: String,
}

impl Instance {
    /// Every parameter.
    pub fn params(&mut self) -> Result<Vec<Param>> {
        let mut handle = self.instance.plugin_handle();
        let params: PluginParams = handle.get_extension().context("no parameters")?;
        let mut list = Vec::new();
        for index in 0..params.count(&mut handle) {
            let mut buffer = ParamInfoBuffer::new();
            let info = params
                .get_info(&mut handle, index, &mut buffer)
                .context("a parameter is missing")?;
            list.push(Param {
                id: info.id.get(),
                name: String::from_utf8_lossy(info.name).into_owned(),
            });
        }
        Ok(list)
    }

    /// The state.
    pub fn save(&mut self) -> Result<Vec<u8>> {
        let mut handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().context("no state")?;
        let mut bytes = Vec::new();
        state.save(&mut handle, &mut bytes)?;
        Ok(bytes)
    }

    /// Brings a state back; false where the plugin refuses it.
    pub fn load(&mut self, bytes: &[u8]) -> Result<bool> {
        let mut handle = self.instance.plugin_handle();
        let state: PluginState = handle.get_extension().context("no state")?;
        let mut reader = bytes;
        Ok(state.load(&mut handle, &mut reader).is_ok())
    }

    /// Says whether what is played is rendered into a file; counts from the next start on.
    pub fn render_offline(&mut self, is_offline: bool) -> Result<()> {
        let mut handle = self.instance.plugin_handle();
        let render: PluginRender = handle.get_extension().context("no offline rendering")?;
        let mode = if is_offline {
            RenderMode::Offline
        } else {
            RenderMode::Realtime
        };
        Ok(render.set(&mut handle, mode)?)
    }

    /// Starts audio.
    pub fn start(&mut self, sample_rate: f64, most_frames: usize) -> Result<()> {
        self.stop();
        let configuration = PluginAudioConfiguration {
            sample_rate,
            min_frames_count: 1,
            max_frames_count: u32::try_from(most_frames)?,
        };
        let processor = self
            .instance
            .activate(|_, _| (), configuration)
            .map_err(|error| anyhow!("it does not start: {error}"))?;
        let processor = processor
            .start_processing()
            .map_err(|_| anyhow!("it does not process"))?;
        self.steady = 0;
        self.running = Some(Running {
            sample_rate,
            processor,
            buffers: vec![vec![0.0; most_frames]; 2 * self.ports],
            ports: AudioPorts::with_capacity(2 * self.ports, self.ports),
            events: EventBuffer::with_capacity(4096),
            answers: EventBuffer::with_capacity(4096),
        });
        Ok(())
    }

    /// Stops audio.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.instance.deactivate(running.processor.stop_processing());
        }
    }

    /// Plays one block; `events` by their frame of it. What comes is in [`Self::output`].
    pub fn play(&mut self, frames: usize, events: &[(usize, Event)]) -> Result<()> {
        let running = self.running.as_mut().context("audio does not run")?;
        running.events.clear();
        running.answers.clear();
        for (frame, event) in events {
            let time = u32::try_from(*frame)?;
            let note = |key: u8| Pckn::new(0u16, 0u16, u16::from(key), Match::<u32>::All);
            match *event {
                Event::On { key, velocity } => {
                    running.events.push(&NoteOnEvent::new(time, note(key), velocity));
                }
                Event::Off { key } => running.events.push(&NoteOffEvent::new(time, note(key), 0.5)),
                Event::Midi(bytes) => running.events.push(&MidiEvent::new(time, 0, bytes)),
                Event::Param { id, value } => {
                    let id = ClapId::from_raw(id).context("no id")?;
                    let event = ParamValueEvent::new(time, id, Pckn::match_all(), value, Cookie::empty());
                    running.events.push(&event);
                }
                Event::Tune { key, semitones } => running.events.push(&NoteExpressionEvent::new(
                    time,
                    note(key),
                    NoteExpressionType::Tuning,
                    semitones,
                )),
            }
        }
        let chunks = running.buffers.chunks_exact_mut(2);
        let mut output = running
            .ports
            .with_output_buffers(chunks.map(|sides| AudioPortBuffer {
                latency: 0,
                channels: AudioPortBufferType::f32_output_only(
                    sides.iter_mut().map(|side| &mut side[..frames]),
                ),
            }));
        let status = running.processor.process(
            &InputAudioBuffers::empty(),
            &mut output,
            &InputEvents::from_buffer(&running.events),
            &mut OutputEvents::from_buffer(&mut running.answers),
            Some(self.steady),
            self.song.map(Song::transport).as_ref(),
        );
        self.steady += frames as u64;
        if let Some(song) = &mut self.song {
            song.beats += frames as f64 / running.sample_rate * song.bpm / 60.0;
        }
        status.map(|_| ()).map_err(|error| anyhow!("process: {error}"))
    }

    /// The last block of an output: 0 the main one, then the slots'. Left and right.
    pub fn output(&self, port: usize, frames: usize) -> [&[f32]; 2] {
        match &self.running {
            Some(running) => [0, 1].map(|side| &running.buffers[2 * port + side][..frames]),
            None => [&[], &[]],
        }
    }

    /// Plays `frames` in blocks of the lengths that `lengths` gives in turn, `events` by their frame of it all; gives the
    /// main output.
    pub fn perform(
        &mut self,
        frames: usize,
        lengths: &[usize],
        events: &[(usize, Event)],
    ) -> Result<[Vec<f32>; 2]> {
        ensure!(!lengths.is_empty() && lengths.iter().all(|length| *length > 0));
        let mut played = [Vec::with_capacity(frames), Vec::with_capacity(frames)];
        let mut lengths = lengths.iter().cycle().copied();
        let mut next = 0;
        while played[0].len() < frames {
            let from = played[0].len();
            let length = lengths.next().unwrap_or(1).min(frames - from);
            let count = events[next..]
                .iter()
                .take_while(|(frame, _)| *frame < from + length)
                .count();
            let here: Vec<_> = events[next..next + count]
                .iter()
                .map(|(frame, event)| (frame - from, *event))
                .collect();
            next += count;
            self.play(length, &here)?;
            for (all, side) in played.iter_mut().zip(self.output(0, length)) {
                all.extend_from_slice(side);
            }
        }
        Ok(played)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop();
    }
}
