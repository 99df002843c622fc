//! The plugin as a framework sees it: what it is called, its outputs, and how a host's block becomes [`Sound::play`].

use std::num::NonZeroU32;
use std::sync::Arc;

use nice_plug::prelude::*;
use nice_plug_egui::RepaintNotifier;

use crate::SLOTS;
use crate::editor::{self, SongWalkerEditor};
use crate::errands::Errands;
use crate::instance::Instance;
use crate::params::PluginParams;
use crate::session;
use crate::settings::Settings;
use crate::sound::action;
use crate::sound::{Clock, Deadline, Meters, Outputs, Scope, Sound};
use crate::state::SavedRack;

/// How long a tail is said to be, seconds: the longest reverb's.
const TAIL_S: f32 = 8.0;
const STEREO: NonZeroU32 = new_nonzero_u32(2);
/// Names of the slots' own outputs.
const OWN_OUTPUTS: [&str; SLOTS] = [
    "Slot 1", "Slot 2", "Slot 3", "Slot 4", "Slot 5", "Slot 6", "Slot 7", "Slot 8", "Slot 9", "Slot 10",
    "Slot 11", "Slot 12", "Slot 13", "Slot 14", "Slot 15", "Slot 16",
];

/// SongWalker.
pub struct SongWalker {
    params: Arc<PluginParams>,
    instance: Arc<Instance>,
    meters: Arc<Meters>,
    errands: Arc<Errands>,
    repaint: RepaintNotifier,
    /// What the sound is made with, while none is.
    scope: Option<Scope>,
    sound: Option<Sound>,
    sample_rate: f32,
}

impl Default for SongWalker {
    fn default() -> Self {
        let instance = Instance::new();
        let params = PluginParams::new(SavedRack::of(instance.clone()));
        instance.attach(&params);
        if session::is_kept()
            && let Err(problem) = session::open(&instance, &params)
        {
            instance.tell(true, problem);
        }
        let (meters, scope) = Meters::new();
        let repaint = RepaintNotifier::new();
        let drawn = repaint.clone();
        let notify = Arc::new(move || drawn.request_repaint());
        let errands = Arc::new(Errands::new(instance.clone(), Settings::load(), notify));
        Self {
            params,
            instance,
            meters: Arc::new(meters),
            errands,
            repaint,
            scope: Some(scope),
            sound: None,
            sample_rate: 0.0,
        }
    }
}

impl SongWalker {
    fn open_editor(&self) -> Option<SongWalkerEditor> {
        editor::editor(
            self.params.clone(),
            self.instance.clone(),
            self.meters.clone(),
            self.errands.clone(),
            self.repaint.clone(),
        )
    }

    fn start(&mut self, config: &BufferConfig, api: PluginApi) -> bool {
        let scope = match self.sound.take() {
            Some(sound) => Some(sound.into_ends().1),
            None => self.scope.take(),
        };
        let Some(scope) = scope else { return false };
        let rate = config.sample_rate.round();
        if !(8_000.0..=192_000.0).contains(&rate) {
            self.scope = Some(scope);
            self.instance
                .tell(true, format!("A sample rate of {rate} Hz cannot be played."));
            return false;
        }
        self.sample_rate = rate;
        let end = self.instance.activate(rate as u32);
        self.sound = Some(Sound::new(
            rate as u32,
            deadline(config.process_mode, api),
            self.params.clone(),
            self.meters.clone(),
            scope,
            end,
        ));
        true
    }

    fn silence(&mut self) {
        if let Some(sound) = &mut self.sound {
            sound.reset();
        }
    }

    fn play<P: Plugin>(
        &mut self,
        buffer: &mut Buffer,
        aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<P>,
    ) -> ProcessStatus {
        let Some(sound) = &mut self.sound else {
            return ProcessStatus::Error("not activated");
        };
        let clock = clock(context.transport());
        let next = || {
            loop {
                // What means nothing here is passed over.
                if let Some(known) = action::of(&context.next_event()?) {
                    return Some(known);
                }
            }
        };
        sound.play(clock, next, &mut HostBlock { buffer, aux });
        if sound.is_heard() {
            ProcessStatus::KeepAlive
        } else {
            ProcessStatus::Tail((TAIL_S * self.sample_rate) as u32)
        }
    }
}

/// SongWalker with an output of its own for each slot. A plugin of its own, because hosts that leave such outputs
/// unconnected would hear nothing of it: the framework plays only where every output has a buffer.
#[derive(Default)]
pub struct SongWalkerMulti(SongWalker);

/// What both plugins are to the framework.
macro_rules! plugin {
    ($plugin:ty, $name:literal, $layout:expr, $inner:ident $(. $field:tt)?) => {
        impl Plugin for $plugin {
            const NAME: &'static str = $name;
            const VENDOR: &'static str = "SongWalker";
            const URL: &'static str = "";
            const EMAIL: &'static str = "";
            const VERSION: &'static str = env!("CARGO_PKG_VERSION");
            const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[$layout];
            const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
            const SAMPLE_ACCURATE_AUTOMATION: bool = true;
            const INPUT_EVENT_CAPACITY: usize = 4096;

            type Editor = SongWalkerEditor;
            type SysExMessage = ();
            type BackgroundTask = ();

            fn params(&self) -> Arc<dyn Params> {
                let $inner = self;
                $inner$(.$field)?.params.clone()
            }

            fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<Self::Editor> {
                let $inner = self;
                $inner$(.$field)?.open_editor()
            }

            fn activate(
                &mut self,
                _layout: &AudioIOLayout,
                config: &BufferConfig,
                context: &mut impl ActivateContext<Self>,
            ) -> bool {
                let $inner = self;
                $inner$(.$field)?.start(config, context.plugin_api())
            }

            fn reset(&mut self) {
                let $inner = self;
                $inner$(.$field)?.silence();
            }

            fn process(
                &mut self,
                buffer: &mut Buffer,
                aux: &mut AuxiliaryBuffers,
                context: &mut impl ProcessContext<Self>,
            ) -> ProcessStatus {
                let $inner = self;
                $inner$(.$field)?.play(buffer, aux, context)
            }
        }
    };
}

plugin!(
    SongWalker,
    "SongWalker",
    AudioIOLayout {
        main_output_channels: Some(STEREO),
        ..AudioIOLayout::const_default()
    },
    it
);
plugin!(
    SongWalkerMulti,
    "SongWalker Multi-Out",
    AudioIOLayout {
        main_input_channels: None,
        main_output_channels: Some(STEREO),
        aux_input_ports: &[],
        aux_output_ports: &[STEREO; SLOTS],
        names: PortNames {
            layout: Some("Stereo and one output per slot"),
            main_input: None,
            main_output: Some("Main"),
            aux_inputs: &[],
            aux_outputs: &OWN_OUTPUTS,
        },
    },
    it.0
);

/// Whether audio has to be in time. What the framework says of a VST3 is what its host said the time before.
fn deadline(mode: ProcessMode, api: PluginApi) -> Deadline {
    match (api, mode) {
        (PluginApi::Vst3, _) => Deadline::Unknown,
        (_, ProcessMode::Offline) => Deadline::Offline,
        _ => Deadline::RealTime,
    }
}

/// Tempo and place in the song of a host's block. The place is told in seconds at the present tempo, so that whatever is
/// synced to beats stands where the host's beats are, also after the tempo was changed: nothing drifts.
fn clock(transport: &Transport) -> Clock {
    let bpm = transport.tempo.filter(|bpm| bpm.is_finite() && *bpm > 0.0);
    let beats = transport.pos_beats().filter(|_| transport.playing);
    let song_s = match (beats, bpm) {
        (Some(beats), Some(bpm)) => Some(beats * 60.0 / bpm),
        _ => transport.pos_seconds().filter(|_| transport.playing),
    };
    Clock { bpm, song_s }
}

/// A host's block.
struct HostBlock<'a, 'b, 'c> {
    buffer: &'a mut Buffer<'b>,
    aux: &'a mut AuxiliaryBuffers<'c>,
}

fn part<'s>(sides: &'s mut [&mut [f32]], from: usize, count: usize) -> Option<[&'s mut [f32]; 2]> {
    match sides {
        [left, right, ..] => Some([
            left.get_mut(from..from + count)?,
            right.get_mut(from..from + count)?,
        ]),
        _ => None,
    }
}

impl Outputs for HostBlock<'_, '_, '_> {
    fn frames(&self) -> usize {
        self.buffer.samples()
    }

    fn main(&mut self, from: usize, count: usize) -> [&mut [f32]; 2] {
        part(self.buffer.as_slice(), from, count).unwrap_or_default()
    }

    fn own(&mut self, place: usize, from: usize, count: usize) -> Option<[&mut [f32]; 2]> {
        part(self.aux.outputs.get_mut(place)?.as_slice(), from, count)
    }
}

const FEATURES: &[ClapFeature] = &[
    ClapFeature::Instrument,
    ClapFeature::Synthesizer,
    ClapFeature::Stereo,
];
const SUBCATEGORIES: &[Vst3SubCategory] = &[
    Vst3SubCategory::Instrument,
    Vst3SubCategory::Synth,
    Vst3SubCategory::Stereo,
];

impl ClapPlugin for SongWalker {
    const CLAP_ID: &'static str = "org.songwalker.songwalker";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Words into playable patches");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = FEATURES;
}

impl ClapPlugin for SongWalkerMulti {
    const CLAP_ID: &'static str = "org.songwalker.songwalker-multi";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Words into playable patches, an output for each");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = FEATURES;
}

impl Vst3Plugin for SongWalker {
    const VST3_CLASS_ID: [u8; 16] = *b"SongWalkerSynth1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = SUBCATEGORIES;
}

impl Vst3Plugin for SongWalkerMulti {
    const VST3_CLASS_ID: [u8; 16] = *b"SongWalkerMulti1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = SUBCATEGORIES;
}
