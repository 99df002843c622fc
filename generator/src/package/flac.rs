//! Audio to FLAC: 16 bit, no dither, the same bytes on every machine.
//!
//! Only the fixed predictors are used, chosen by counting bits: the encoder's estimates and its linear prediction go
//! through std's logarithm and cosine, whose last bits differ from machine to machine.

use flacenc::bitsink::ByteSink;
use flacenc::component::BitRepr;
use flacenc::config::{Encoder, OrderSel};
use flacenc::error::Verify;
use flacenc::source::MemSource;
use songwalker_engine::audio::Audio;

/// Frames per FLAC block.
const BLOCK_FRAMES: usize = 4096;

/// Fewer frames than this make no FLAC stream; shorter sounds are padded with silence.
pub(crate) const SHORTEST_FRAMES: usize = 16;

/// Why audio could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode FLAC: {0}")]
pub struct FlacError(String);

/// Encodes stereo audio as 16-bit FLAC. Samples are rounded to the nearest step of 1/32768 (ties to even) and clamped
/// to full scale; what is not a number becomes silence.
pub fn encode(audio: &Audio) -> Result<Vec<u8>, FlacError> {
    let mut samples: Vec<i32> = audio
        .left
        .iter()
        .zip(&audio.right)
        .flat_map(|(&l, &r)| [quantise(l), quantise(r)])
        .collect();
    samples.resize(samples.len().max(2 * SHORTEST_FRAMES), 0);
    encode_samples(&samples, 2, audio.sample_rate)
}

/// Encodes 16-bit samples, those of a frame side by side, at least [`SHORTEST_FRAMES`] frames of them.
pub(crate) fn encode_samples(samples: &[i32], channels: usize, rate: u32) -> Result<Vec<u8>, FlacError> {
    let mut config = Encoder::default();
    config.multithread = false;
    config.block_size = BLOCK_FRAMES;
    config.subframe_coding.use_lpc = false;
    config.subframe_coding.fixed.order_sel = OrderSel::BitCount;
    config.stereo_coding.use_leftside = false;
    let config = config
        .into_verified()
        .map_err(|(_, error)| FlacError(error.to_string()))?;
    let source = MemSource::from_samples(samples, channels, 16, rate as usize);
    let mut stream = flacenc::encode_with_fixed_block_size(&config, source, BLOCK_FRAMES)
        .map_err(|error| FlacError(error.to_string()))?;
    // The last block does not count for the shortest (RFC 9639 §8.2), but the encoder counts it.
    let block = BLOCK_FRAMES.min(samples.len() / channels);
    let info = stream.stream_info_mut();
    info.set_block_sizes(block, block)
        .map_err(|error| FlacError(error.to_string()))?;
    let mut sink = ByteSink::new();
    stream
        .write(&mut sink)
        .map_err(|error| FlacError(error.to_string()))?;
    Ok(sink.into_inner())
}

/// The 16-bit sample nearest to `x`.
fn quantise(x: f32) -> i32 {
    (x * 32_768.0).round_ties_even().clamp(-32_768.0, 32_767.0) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantisation_rounds_clamps_and_silences_what_is_not_a_number() {
        assert_eq!(quantise(0.0), 0);
        assert_eq!(quantise(1.0), 32_767);
        assert_eq!(quantise(-1.0), -32_768);
        assert_eq!(quantise(9.0), 32_767);
        assert_eq!(quantise(1.5 / 32_768.0), 2);
        assert_eq!(quantise(f32::NAN), 0);
        assert_eq!(quantise(f32::NEG_INFINITY), -32_768);
    }
}
