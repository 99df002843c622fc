//! Pixels, and letters of a 5 × 7 bitmap: just those that the axes need.

/// Width of a letter with its gap.
const ADVANCE: usize = 6;
/// Height of a letter.
pub const LETTER_HEIGHT: usize = 7;

/// An image of palette indices.
pub struct Canvas {
    width: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A canvas filled with one colour.
    pub fn new(width: usize, height: usize, colour: u8) -> Self {
        Self {
            width,
            pixels: vec![colour; width * height],
        }
    }

    /// Sets a pixel; outside the canvas nothing happens.
    pub fn set(&mut self, x: usize, y: usize, colour: u8) {
        let pixel = if x < self.width {
            self.pixels.get_mut(y * self.width + x)
        } else {
            None
        };
        if let Some(pixel) = pixel {
            *pixel = colour;
        }
    }

    /// Writes a line of text with its upper left corner at (x, y).
    pub fn text(&mut self, x: usize, y: usize, text: &str, colour: u8) {
        for (index, letter) in text.chars().enumerate() {
            for (dy, bits) in glyph(letter).into_iter().enumerate() {
                for dx in (0..5).filter(|dx| bits & (0b1_0000 >> dx) != 0) {
                    self.set(x + index * ADVANCE + dx, y + dy, colour);
                }
            }
        }
    }

    /// The pixels, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}

/// Width of a text in pixels.
pub fn text_width(text: &str) -> usize {
    text.chars().count() * ADVANCE
}

/// A letter's rows, the leftmost pixel in bit 4; unknown ones are blank.
fn glyph(letter: char) -> [u8; LETTER_HEIGHT] {
    match letter {
        '0' => [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        '2' => [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
        '3' => [0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110],
        '4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        '6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
        '8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        '-' => [0, 0, 0, 0b01110, 0, 0, 0],
        '.' => [0, 0, 0, 0, 0, 0b01100, 0b01100],
        'k' => [0b10000, 0b10000, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010],
        'H' => [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        'z' => [0, 0, 0b11111, 0b00010, 0b00100, 0b01000, 0b11111],
        'd' => [0b00001, 0b00001, 0b01101, 0b10011, 0b10001, 0b10001, 0b01111],
        'B' => [0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110],
        's' => [0, 0, 0b01110, 0b10000, 0b01110, 0b00001, 0b11110],
        _ => [0; LETTER_HEIGHT],
    }
}
