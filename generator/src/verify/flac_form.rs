//! What a FLAC file says of itself, without decoding it.

/// What a FLAC file says of itself.
pub struct FlacForm {
    /// Sample frames per second.
    pub rate: u32,
    pub channels: u8,
    /// Bits of a sample.
    pub bits: u8,
    /// Length in sample frames.
    pub frames: u64,
    /// Whether a frame of sound follows the header.
    pub sounds: bool,
}

impl FlacForm {
    /// The form of a FLAC file: `fLaC`, then STREAMINFO of 34 bytes, whose bytes 10–17 hold 20 bits of rate, 3 of channels,
    /// 5 of sample size and 36 of length (RFC 9639 §8.2).
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let info = bytes.strip_prefix(b"fLaC")?.get(4..38)?;
        let packed = u64::from_be_bytes(info.get(10..18)?.try_into().ok()?);
        Some(Self {
            rate: (packed >> 44) as u32,
            channels: ((packed >> 41) & 0b111) as u8 + 1,
            bits: ((packed >> 36) & 0b1_1111) as u8 + 1,
            frames: packed & ((1 << 36) - 1),
            sounds: sounds(bytes),
        })
    }
}

/// Whether a frame's sync code stands behind the last metadata block (RFC 9639 §8.1, §9.1).
fn sounds(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(4..);
    while let Some([kind, a, b, c, after @ ..]) = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        rest = after.get(length..);
        if kind & 0x80 != 0 {
            return rest.is_some_and(|frames| matches!(frames, [0xff, 0xf8 | 0xf9, _, ..]));
        }
    }
    false
}
