//! A picture of a sound: time to the right, frequency (30 Hz–20 kHz, logarithmic) upwards, level (−90–0 dB) as colour.
//!
//! Both channels are mixed to mid; 0 dB is a sine at full scale. The picture is 900 × 420, one palette index a pixel,
//! and the same bytes on every machine. [`colours`] owns the palette, [`canvas`] lines and letters, [`levels`] the
//! transforms.

mod canvas;
mod colours;
mod levels;

use canvas::{Canvas, LETTER_HEIGHT, text_width};
use colours::{LEVEL_COLOURS, Shade};
use songwalker_engine::audio::Audio;
use songwalker_engine::math;

/// Picture width in pixels.
pub const WIDTH: usize = 900;
/// Picture height in pixels.
pub const HEIGHT: usize = 420;
/// Lowest frequency shown, Hz.
pub const LOW_HZ: f64 = 30.0;
/// Highest frequency shown, Hz.
pub const HIGH_HZ: f64 = 20_000.0;
/// Lowest level shown, dB; the highest is 0.
pub const FLOOR_DB: f64 = -90.0;

/// The plot inside the picture: left and top edge, width and height.
const PLOT: (usize, usize, usize, usize) = (58, 14, 768, 372);

/// Frequencies with a line and a label.
const FREQUENCIES: [(f64, &str); 9] = [
    (50.0, "50"),
    (100.0, "100"),
    (200.0, "200"),
    (500.0, "500"),
    (1_000.0, "1k"),
    (2_000.0, "2k"),
    (5_000.0, "5k"),
    (10_000.0, "10k"),
    (20_000.0, "20k"),
];

/// Why no picture came out.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode PNG: {0}")]
pub struct PngError(#[from] png::EncodingError);

/// The spectrogram of a sound as PNG.
pub fn png(audio: &Audio) -> Result<Vec<u8>, PngError> {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, Shade::Background.index());
    let (left, top, width, height) = PLOT;
    let levels = levels::columns(audio, width, height);
    for (x, column) in levels.chunks_exact(height).enumerate() {
        for (y, &db) in column.iter().enumerate() {
            canvas.set(left + x, top + y, level_colour(db));
        }
    }
    frequency_axis(&mut canvas);
    time_axis(&mut canvas, audio.seconds());
    level_scale(&mut canvas);
    encode(&canvas)
}

/// Palette index of a level in dB.
fn level_colour(db: f32) -> u8 {
    let top = (LEVEL_COLOURS - 1) as f32;
    let position = (db - FLOOR_DB as f32) / -FLOOR_DB as f32 * top;
    position.round_ties_even().clamp(0.0, top) as u8
}

/// Row of the plot (0 at the top) at a frequency.
fn row(hz: f64, height: usize) -> f64 {
    let share = math::log2(hz / LOW_HZ) / math::log2(HIGH_HZ / LOW_HZ);
    (1.0 - share) * height as f64
}

fn frequency_axis(canvas: &mut Canvas) {
    let (left, top, width, height) = PLOT;
    for (hz, label) in FREQUENCIES {
        let y = top + (row(hz, height).round_ties_even() as usize).min(height - 1);
        for x in (0..width).step_by(4) {
            canvas.set(left + x, y, Shade::Grid.index());
        }
        for x in 1..6 {
            canvas.set(left - x, y, Shade::Text.index());
        }
        canvas.text(
            left - 9 - text_width(label),
            y.saturating_sub(LETTER_HEIGHT / 2),
            label,
            Shade::Text.index(),
        );
    }
    canvas.text(4, top + height + 12, "Hz", Shade::Text.index());
}

fn time_axis(canvas: &mut Canvas, seconds: f64) {
    let (left, top, width, height) = PLOT;
    let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0]
        .into_iter()
        .find(|step| seconds / step <= 10.0)
        .unwrap_or(60.0);
    let bottom = top + height;
    let mut index = 0;
    while f64::from(index) * step <= seconds + 1e-9 && index <= 20 {
        let time = f64::from(index) * step;
        let share = if seconds > 0.0 { time / seconds } else { 0.0 };
        let x = left + ((share * width as f64).round_ties_even() as usize).min(width - 1);
        for y in (0..height).step_by(4) {
            canvas.set(x, top + y, Shade::Grid.index());
        }
        for y in 0..5 {
            canvas.set(x, bottom + y, Shade::Text.index());
        }
        let label = if step < 1.0 {
            format!("{time:.1}")
        } else {
            format!("{time:.0}")
        };
        canvas.text(
            x - text_width(&label) / 2,
            bottom + 9,
            &label,
            Shade::Text.index(),
        );
        index += 1;
    }
    canvas.text(left + width + 14, bottom + 9, "s", Shade::Text.index());
}

fn level_scale(canvas: &mut Canvas) {
    let (left, top, width, height) = PLOT;
    let x = left + width + 14;
    for y in 0..height {
        let db = FLOOR_DB * y as f64 / (height - 1) as f64;
        for dx in 0..10 {
            canvas.set(x + dx, top + y, level_colour(db as f32));
        }
    }
    for db in [0, -30, -60, -90] {
        let label = if db == 0 {
            "0 dB".to_owned()
        } else {
            db.to_string()
        };
        let y = top + (f64::from(db) / FLOOR_DB * (height - 1) as f64) as usize;
        let y = y
            .saturating_sub(LETTER_HEIGHT / 2)
            .clamp(top, top + height - LETTER_HEIGHT);
        canvas.text(x + 14, y, &label, Shade::Text.index());
    }
}

fn encode(canvas: &Canvas) -> Result<Vec<u8>, PngError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(colours::palette());
    // Fixed settings: the bytes must not depend on what another version takes for balanced.
    encoder.set_deflate_compression(png::DeflateCompression::Level(6));
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(canvas.pixels())?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, amplitude: f64, seconds: f64) -> Audio {
        let frames = (seconds * 44_100.0) as usize;
        let wave: Vec<f32> = (0..frames)
            .map(|n| (amplitude * math::sin(2.0 * math::PI * hz * n as f64 / 44_100.0)) as f32)
            .collect();
        Audio {
            sample_rate: 44_100,
            left: wave.clone(),
            right: wave,
        }
    }

    fn levels(audio: &Audio) -> Vec<f32> {
        levels::columns(audio, PLOT.2, PLOT.3)
    }

    #[test]
    fn a_sine_stands_in_its_row_at_its_level_in_both_ranges() {
        for hz in [55.0, 440.0, 700.0, 3_000.0, 12_000.0] {
            let levels = levels(&sine(hz, 0.5, 1.0));
            let column = &levels[300 * PLOT.3..301 * PLOT.3];
            let (peak_row, peak) =
                column.iter().enumerate().fold(
                    (0, f32::MIN),
                    |best, (y, &db)| if db > best.1 { (y, db) } else { best },
                );
            assert!(
                (peak_row as f64 - row(hz, PLOT.3)).abs() < 3.0,
                "{hz} Hz: row {peak_row}"
            );
            assert!((peak + 6.02).abs() < 1.5, "{hz} Hz: {peak} dB");
            // Two octaves away there is nothing.
            let away = if hz > 1_000.0 { hz / 4.0 } else { hz * 4.0 };
            assert!(column[row(away, PLOT.3) as usize] < -70.0, "{hz} Hz leaks");
        }
    }

    #[test]
    fn silence_is_drawn_in_the_darkest_colour_and_decodes() {
        for frames in [0, 1, 44_100] {
            let bytes = png(&Audio::silence(44_100, frames)).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut pixels).unwrap();
            assert_eq!((info.width as usize, info.height as usize), (WIDTH, HEIGHT));
        }
        assert_eq!(level_colour(-200.0), 0);
        assert_eq!(level_colour(f32::NAN), 0);
        assert_eq!(level_colour(3.0), LEVEL_COLOURS as u8 - 1);
    }

    #[test]
    fn the_same_sound_gives_the_same_picture() {
        let audio = sine(220.0, 0.3, 0.5);
        assert_eq!(png(&audio).unwrap(), png(&audio).unwrap());
    }
}
