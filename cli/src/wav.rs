//! WAV files: what a render is written as, and what is read to be measured.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read};
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use songwalker_engine::audio::Audio;
use songwalker_schemas::ErrorCode;

use crate::failure::Failure;
use crate::whole_file;

/// Largest file that is read, bytes: five minutes of 32-bit stereo at 48 kHz, ten of 16-bit.
const MAX_BYTES: usize = 120_000_000;

/// Longest file that is read, minutes.
const MAX_MINUTES: u32 = 20;

/// Most sample frames that are read, ten minutes at 48 kHz: measuring takes up to 24 bytes of memory for each.
const MAX_FRAMES: u32 = 28_800_000;

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
    let file = whole_file::open(path, MAX_BYTES, ErrorCode::InvalidAudio)?;
    let bytes = BufReader::with_capacity(1 << 16, file.take(MAX_BYTES as u64));
    decode(bytes).map_err(|problem| {
        if problem.raw_os_error().is_some() {
            return Failure::reading(path, &problem);
        }
        Failure::new(
            ErrorCode::InvalidAudio,
            format!("cannot use {}: {problem}", path.display()),
        )
        .with_hint("give a WAV file of 16, 24 or 32 bit, mono or stereo")
    })
}

fn decode(bytes: impl Read) -> io::Result<Audio> {
    let refused = |problem: String| Err(io::Error::other(problem));
    let mut wav = WavReader::new(bytes).map_err(io_error)?;
    let WavSpec {
        channels,
        sample_rate,
        bits_per_sample,
        sample_format,
    } = wav.spec();
    if !(1..=2).contains(&channels) {
        return refused(format!("it has {channels} channels"));
    }
    if !(8_000..=384_000).contains(&sample_rate) {
        return refused(format!("it has {sample_rate} sample frames a second"));
    }
    let frames = wav.duration();
    if frames == 0 {
        return refused("it has no sound".to_owned());
    }
    if frames > sample_rate * 60 * MAX_MINUTES {
        return refused(format!("it is longer than {MAX_MINUTES} minutes"));
    }
    if frames > MAX_FRAMES {
        return refused(format!("it has more than {MAX_FRAMES} sample frames"));
    }
    match (sample_format, bits_per_sample) {
        (SampleFormat::Float, 32) => split(wav.samples::<f32>(), frames as usize, channels, sample_rate),
        (SampleFormat::Int, 16 | 24 | 32) => {
            let full_scale = (1_u64 << (bits_per_sample - 1)) as f64;
            let samples = wav
                .samples::<i32>()
                .map(|sample| sample.map(|x| (f64::from(x) / full_scale) as f32));
            split(samples, frames as usize, channels, sample_rate)
        }
        (_, bits) => refused(format!("{bits} bits a sample are not read")),
    }
}

/// Sorts samples into two sides as they come.
fn split(
    mut samples: impl Iterator<Item = Result<f32, hound::Error>>,
    frames: usize,
    channels: u16,
    sample_rate: u32,
) -> io::Result<Audio> {
    let mut left = Vec::with_capacity(frames);
    let mut right = Vec::with_capacity(if channels == 2 { frames } else { 0 });
    while let Some(sample) = samples.next() {
        left.push(sample.map_err(io_error)?);
        if channels == 2 {
            let Some(sample) = samples.next() else { break };
            right.push(sample.map_err(io_error)?);
        }
    }
    if channels == 1 {
        right.clone_from(&left);
    }
    Ok(Audio {
        sample_rate,
        left,
        right,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

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
            let audio = decode(&*encoded(spec(1, bits, SampleFormat::Int), &[half, -half])).unwrap();
            assert_eq!(
                (audio.left, audio.right),
                (vec![0.5, -0.5], vec![0.5, -0.5]),
                "{bits} bits"
            );
        }
        let stereo = decode(&*encoded(spec(2, 32, SampleFormat::Float), &[1, 2, 3, 4])).unwrap();
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
            assert!(decode(&*bytes).is_err());
        }
        let mut cut = encoded(spec(2, 16, SampleFormat::Int), &[1, 2, 3, 4]);
        cut.truncate(cut.len() - 3);
        assert!(decode(&*cut).is_err());
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_is_read() {
        // Only the head is there, and it announces one frame of 16-bit mono too many.
        for (rate, most, word) in [
            (8_000, 8_000 * 60 * MAX_MINUTES, "20 minutes"),
            (96_000, MAX_FRAMES, "sample frames"),
        ] {
            let mut mono = spec(1, 16, SampleFormat::Int);
            mono.sample_rate = rate;
            let mut long = encoded(mono, &[1]);
            let size = long.len() - 6;
            long[size..size + 4].copy_from_slice(&((most + 1) * 2).to_le_bytes());
            let refused = decode(&*long).unwrap_err();
            assert!(refused.to_string().contains(word), "{refused}");
        }

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wav");
        File::create(&path)
            .unwrap()
            .set_len(MAX_BYTES as u64 + 1)
            .unwrap();
        assert_eq!(read(&path).unwrap_err().exit_code(), 3);
    }
}
