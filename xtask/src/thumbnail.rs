//! A spectrogram at a third of its size, for pages that show many. Its pixels are levels, so that their mean is one.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};

/// How many pixels of the picture become one, each way.
const STEP: usize = 3;

/// The plot inside the picture: left, top, width, height.
const PLOT: (usize, usize, usize, usize) = (58, 14, 768, 372);

/// The thumbnail of a spectrogram PNG: its plot without axes, in the same palette.
pub fn of(picture: &[u8]) -> Result<Vec<u8>> {
    let mut decoder = png::Decoder::new(Cursor::new(picture));
    decoder.set_transformations(png::Transformations::IDENTITY);
    let mut reader = decoder.read_info()?;
    let palette = reader.info().palette.as_ref().context("no palette")?.to_vec();
    let mut pixels = vec![0; reader.output_buffer_size().context("too large")?];
    let frame = reader.next_frame(&mut pixels)?;
    let (left, top, width, height) = PLOT;
    let stride = frame.line_size;
    ensure!(
        stride >= left + width && frame.height as usize >= top + height,
        "not a spectrogram of ours"
    );
    let mut small = Vec::new();
    for y in (top..top + height - STEP + 1).step_by(STEP) {
        for x in (left..left + width - STEP + 1).step_by(STEP) {
            let block = (0..STEP).flat_map(|dy| (0..STEP).map(move |dx| (y + dy) * stride + x + dx));
            let sum: usize = block.map(|at| usize::from(pixels[at])).sum();
            // An even index only: half the levels, much smaller files.
            small.push(((sum / (STEP * STEP)) & !3) as u8);
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, (width / STEP) as u32, (height / STEP) as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(&small)?;
    Ok(out)
}
