//! WAV files: what a render is written as, and what is read to be measured.

use std::fs::File;
use std::io::{self, BufWriter, Cursor};
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use songwalker_engine::audio::Audio;
use songwalker_schemas::ErrorCode;

use crate::failure::Failure;
use crate::whole_file;

/// Largest file that is read, bytes: twelve minutes of 32-bit stereo at 96 kHz.
const MAX_BYTES: usize = 550_000_000;

/// Writes 32-bit float stereo.
///
/// # Errors
/// `storage_unavailable`; nothing half-written stays.
pub fn write(path: &Path, audio: &Audio) -> Result<(), Failure> {
    let spec = WavSpec {
        channels: 2,
        sample_rate: audio.sample_rate,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    whole_file::write(path, |file: &mut File| {
        let mut wav = WavWriter::new(BufWriter::with_capacity(1 << 16, file), spec).map_err(io_error)?;
        for (left, right) in audio.left.iter().zip(&audio.right) {
            wav.write_sample(*left)
                .and_then(|()| wav.write_sample(*right))
                .map_err(io_error)?;
        }
        wav.finalize().map_err(io_error)
    })
}

fn io_error(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

/// Reads 16, 24 or 32-bit whole numbers or 32-bit floats, mono (then on both sides) or stereo.
///
/// # Errors
/// `not_found`, `storage_unavailable`, or `invalid_audio` for anything else.
pub fn read(path: &Path) -> Result<Audio, Failure> {
    let bytes = whole_file::read(path, MAX_BYTES, ErrorCode::InvalidAudio)?;
    decode(bytes).map_err(|problem| {
        Failure::new(
            ErrorCode::InvalidAudio,
            format!("cannot use {}: {problem}", path.display()),
        )
        .with_hint("give a WAV file of 16, 24 or 32 bit, mono or stereo")
    })
}

fn decode(bytes: Vec<u8>) -> Result<Audio, String> {
    let mut wav = WavReader::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let WavSpec {
        channels,
        sample_rate,
        bits_per_sample,
        sample_format,
    } = wav.spec();
    if !(1..=2).contains(&channels) {
        return Err(format!("it has {channels} channels"));
    }
    if !(8_000..=384_000).contains(&sample_rate) {
        return Err(format!("it has {sample_rate} sample frames a second"));
    }
    let samples: Result<Vec<f32>, hound::Error> = match (sample_format, bits_per_sample) {
        (SampleFormat::Float, 32) => wav.samples::<f32>().collect(),
        (SampleFormat::Int, 16 | 24 | 32) => {
            let full_scale = (1_u64 << (bits_per_sample - 1)) as f64;
            wav.samples::<i32>()
                .map(|sample| sample.map(|x| (f64::from(x) / full_scale) as f32))
                .collect()
        }
        (_, bits) => return Err(format!("{bits} bits a sample are not read")),
    };
    let samples = samples.map_err(|error| error.to_string())?;
    if samples.is_empty() {
        return Err("it has no sound".to_owned());
    }
    let channel = |first: usize| {
        samples
            .iter()
            .skip(first)
            .step_by(usize::from(channels))
            .copied()
            .collect()
    };
    Ok(Audio {
        sample_rate,
        left: channel(0),
        right: channel(usize::from(channels) - 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(spec: WavSpec, samples: &[i32]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut wav = WavWriter::new(&mut bytes, spec).unwrap();
        for sample in samples {
            match spec.sample_format {
                SampleFormat::Int => wav.write_sample(*sample).unwrap(),
                SampleFormat::Float => wav.write_sample(*sample as f32).unwrap(),
            }
        }
        wav.finalize().unwrap();
        bytes.into_inner()
    }

    fn spec(channels: u16, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec {
            channels,
            sample_rate: 44_100,
            bits_per_sample,
            sample_format,
        }
    }

    #[test]
    fn what_is_written_is_read_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wav");
        let audio = Audio {
            sample_rate: 48_000,
            left: vec![0.25, -1.5, 1e-20],
            right: vec![0.1, 0.0, -0.3],
        };
        write(&path, &audio).unwrap();
        assert_eq!(read(&path).unwrap(), audio);
    }

    #[test]
    fn whole_numbers_of_every_width_come_out_at_the_same_level() {
        for bits in [16, 24, 32] {
            let half = 1 << (bits - 2);
            let audio = decode(encoded(spec(1, bits, SampleFormat::Int), &[half, -half])).unwrap();
            assert_eq!(
                (audio.left, audio.right),
                (vec![0.5, -0.5], vec![0.5, -0.5]),
                "{bits} bits"
            );
        }
        let stereo = decode(encoded(spec(2, 32, SampleFormat::Float), &[1, 2, 3, 4])).unwrap();
        assert_eq!((stereo.left, stereo.right), (vec![1.0, 3.0], vec![2.0, 4.0]));
    }

    #[test]
    fn what_is_no_sound_is_refused() {
        for bytes in [
            Vec::new(),
            b"RIFF".to_vec(),
            b"not a wav file at all, just some text".to_vec(),
            encoded(spec(3, 16, SampleFormat::Int), &[1, 2, 3]),
            encoded(spec(1, 8, SampleFormat::Int), &[1]),
            encoded(spec(2, 16, SampleFormat::Int), &[]),
        ] {
            assert!(decode(bytes).is_err());
        }
        let mut cut = encoded(spec(2, 16, SampleFormat::Int), &[1, 2, 3, 4]);
        cut.truncate(cut.len() - 3);
        assert!(decode(cut).is_err());
    }
}
