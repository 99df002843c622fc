//! The SongWalker synthesiser.
//!
//! A [`songwalker_schemas::PatchSpec`] goes in, stereo audio comes out ([`render`]); audio goes in, measures come
//! out ([`analysis`]). The sound follows Vital's, so that an exported patch sounds there as its preview promised.
//! The crate has no threads, files, clocks or globals, and gives the same bits on every x86-64 machine: all
//! transcendental functions come from [`math`], no sum's order depends on the machine.

pub mod analysis;
pub mod assets;
pub mod audio;
pub mod controls;
pub mod envelope;
pub mod fft;
pub mod filter;
mod flush;
pub mod fx;
pub mod lfo;
pub mod math;
pub mod modulation;
pub mod noise;
pub mod oscillator;
pub mod oversample;
pub mod patch_player;
pub mod random;
pub mod render;
pub mod simd;
pub mod unison;
pub mod voice;
pub mod voices;
pub mod warp;
pub mod wavetable;

/// The version of the sound: patch = same bits, minor = new features while older patches keep their bits,
/// major = sounds may differ. It is written into every patch.
pub const ENGINE_VERSION: &str = "1.0.0";

/// Whether a patch made for engine `version` may sound different here: it is of another series, or newer. A series is a
/// major version, below 1.0 a minor one.
#[must_use]
pub fn may_differ(version: &str) -> bool {
    let parts = |version: &str| {
        let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
        Some((parts.next()??, parts.next()??))
    };
    match (parts(version), parts(ENGINE_VERSION)) {
        (Some((0, minor)), Some((0, own_minor))) => minor != own_minor,
        (Some((major, minor)), Some((own_major, own_minor))) => major != own_major || minor > own_minor,
        _ => true,
    }
}

/// Sample frames per control block: control-rate modulation is a straight ramp across each.
pub const BLOCK: usize = 64;

#[cfg(test)]
mod tests {
    use super::{ENGINE_VERSION, may_differ};

    #[test]
    fn a_patch_that_nobody_touched_is_of_this_version() {
        assert_eq!(
            songwalker_schemas::PatchSpec::default().engine_version,
            ENGINE_VERSION
        );
    }

    #[test]
    fn only_another_series_or_a_newer_version_may_sound_different() {
        assert!(!may_differ(ENGINE_VERSION));
        let mut parts = ENGINE_VERSION.split('.').map(|part| part.parse::<u32>().unwrap());
        let (major, minor) = (parts.next().unwrap(), parts.next().unwrap());
        assert!(!may_differ(&format!("{major}.{minor}.99")));
        assert!(may_differ(&format!("{major}.{}.0", minor + 1)));
        assert!(may_differ(&format!("{}.0.0", major + 1)));
        assert!(may_differ("unknown"));
    }
}
