//! The list of computed wavetables: their names, what to call them, what they sound like, and how they are made.

use super::basic::{self, Keyframes};
use super::{SAMPLES, Wavetable, fm, instruments, series, vocal};

/// A computed wavetable and words about it.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    /// Its name in patches, in `snake_case`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// One sentence about its sound and what moving through it does.
    pub description: &'static str,
    recipe: fn() -> Keyframes,
}

macro_rules! tables {
    ($($module:ident::$name:ident $title:literal $description:literal;)*) => {
        &[$(Description {
            name: stringify!($name),
            title: $title,
            description: $description,
            recipe: $module::$name,
        }),*]
    };
}

static TABLES: &[Description] = tables! {
    basic::basic_shapes "Basic Shapes" "Sine, triangle, saw, square and thin pulse at positions 0, 64, 128, 192 and 256.";
    basic::sine "Sine" "A pure tone.";
    basic::triangle "Triangle" "A soft, round tone of odd harmonics.";
    basic::saw "Saw" "The full, bright spectrum of all harmonics.";
    basic::square "Square" "Hollow and strong, odd harmonics only.";
    basic::pwm "Pulse Width" "A square that narrows to a thin, nasal pulse.";
    basic::saw_octaves "Saw Octaves" "A saw to which saws one and two octaves up are added.";
    basic::sync_sweep "Sync Sweep" "A hard-synced saw whose slave climbs to seven times the pitch.";
    basic::wave_fold "Wave Fold" "A sine folded over ever more often, from pure to buzzing.";
    basic::digital_steps "Digital Steps" "A sine in ever coarser steps, from clean to eight-bit.";
    basic::resonant_sweep "Resonant Sweep" "A saw under a resonance that rises, squelchy like an acid line.";
    series::harmonic_sweep "Harmonic Sweep" "A peak that climbs from the fundamental to harmonic 40, like overtone singing.";
    series::odd_harmonics "Odd Harmonics" "From a sine to a square, one odd harmonic after another.";
    series::octaves "Octaves" "A sine to which five octaves are added in turn.";
    series::organ_drawbars "Organ Drawbars" "Six registrations of a drawbar organ, from a single flute to all stops.";
    series::pipe_organ "Pipe Organ" "Principal pipes, ranks and mixture drawn one by one.";
    series::bell_partials "Bell Partials" "Sparse partials as of a small bell, opening from dull to ringing.";
    series::glass "Glass" "A pure tone with a few high, clear partials.";
    series::hollow "Hollow" "Odd harmonics without the third, empty and wooden.";
    series::bright_digital "Bright Digital" "Blocks of equally loud harmonics that move upwards, cold and hard.";
    series::sub "Sub" "A sine for basses that gains a little grit along the table.";
    series::noise_like "Noise Like" "Hundreds of harmonics at chance levels, from rumbling to hissing.";
    series::metallic "Metallic" "Clusters of high harmonics as of struck metal, spreading upwards.";
    series::comb_sweep "Comb Sweep" "A saw with moving notches, like a flanger standing still.";
    fm::fm_electric "FM Electric" "Electric piano by frequency modulation, from mellow to biting.";
    fm::fm_bell "FM Bell" "Ringing sidebands of a modulator at five times the pitch.";
    fm::fm_hollow "FM Hollow" "Odd harmonics by frequency modulation, from pure to reedy.";
    fm::fm_growl "FM Growl" "Deep frequency modulation in three stages, a growling bass.";
    fm::tine "Tine" "The tine of an electric piano: a plain body with a thin high ring.";
    vocal::formant_vowels "Formant Vowels" "The vowels u, o, a, e and i.";
    vocal::choir "Choir" "Soft voices, from hummed to open.";
    vocal::growl "Growl" "A talking bass: vowels over a strong fundamental.";
    instruments::reed "Reed" "Oboe and harmonica, nasal, sharper along the table.";
    instruments::brass "Brass" "Horns from soft to blaring.";
    instruments::string_bow "Bowed String" "One bowed string, the bow moving towards the bridge.";
    instruments::string_section "String Section" "A section of strings in one cycle, darker to brighter.";
    instruments::clarinet "Clarinet" "Hollow below and clear above, blown harder along the table.";
    instruments::flute "Flute" "Almost a sine, its octave growing with the breath.";
    instruments::pluck_string "Plucked String" "A plucked string, the finger moving from the middle to the bridge.";
    instruments::piano "Piano" "A struck string, hit harder along the table.";
    instruments::mallet_bars "Mallet Bars" "Tuned bars of marimba and vibraphone, soft to hard mallet.";
};

/// All computed wavetables.
#[must_use]
pub fn catalogue() -> &'static [Description] {
    TABLES
}

/// Their names, as patches write them.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// Computes the table of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<Wavetable> {
    let entry = TABLES.iter().find(|table| table.name == name)?;
    Some(Wavetable::of_shapes((entry.recipe)()))
}

/// The keyframes of a named table as waveforms, (position 0..=256, samples); see [`Wavetable::waveforms`].
#[must_use]
pub fn keyframes(name: &str) -> Option<Vec<(u16, [f32; SAMPLES])>> {
    by_name(name).map(|table| table.waveforms())
}
