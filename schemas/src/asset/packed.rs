//! Rows of numbers inside an asset: little-endian bytes in base64, so that they stay exact and small.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One wave: [`super::WAVE_SAMPLES`] samples, each a 32-bit float.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wave(pub Vec<f32>);

/// A recording, 16 bit, mono.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording(pub Vec<i16>);

fn unpack<const N: usize, T>(text: &str, number: fn([u8; N]) -> T) -> Result<Vec<T>, String> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| format!("not base64: {error}"))?;
    let (chunks, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(format!("{} bytes are no whole number of samples", bytes.len()));
    }
    Ok(chunks.iter().map(|chunk| number(*chunk)).collect())
}

impl Wave {
    /// The wave packed in `text`.
    ///
    /// # Errors
    /// In words, when that is not base64 of whole samples.
    pub fn unpack(text: &str) -> Result<Self, String> {
        unpack(text, f32::from_le_bytes).map(Self)
    }

    /// The wave as text.
    #[must_use]
    pub fn pack(&self) -> String {
        STANDARD.encode(self.0.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
    }
}

impl Recording {
    /// The recording packed in `text`.
    ///
    /// # Errors
    /// In words, when that is not base64 of whole samples.
    pub fn unpack(text: &str) -> Result<Self, String> {
        unpack(text, i16::from_le_bytes).map(Self)
    }

    /// The recording as text.
    #[must_use]
    pub fn pack(&self) -> String {
        STANDARD.encode(self.0.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
    }
}

macro_rules! as_text {
    ($($name:ident)*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.pack())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::unpack(&text).map_err(D::Error::custom)
            }
        }
    )* };
}

as_text! { Wave Recording }
