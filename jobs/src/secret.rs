//! Secrets: what holds one, how one is made, how one is stored.
//!
//! A [`Secret`] never prints itself, neither by `Debug`, `Display` nor as JSON (R10). Tokens are random bits in
//! base62; the database holds only their SHA-256. What a token permits belongs to the keys.

use std::fmt;
use std::path::Path;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What stands wherever a secret would be printed.
const MASK: &str = "***";

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

/// A secret could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The system gave no random bits.
    #[error("the system gives no random bits: {0}")]
    NoRandomness(getrandom::Error),
    /// The file that should hold the secret cannot be read.
    #[error("the file of the secret cannot be read: {0}")]
    Unreadable(std::io::ErrorKind),
    /// The file that should hold the secret is empty.
    #[error("the file of the secret is empty")]
    Empty,
}

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself: for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a file holds, without the white space around it.
    ///
    /// # Errors
    /// The file cannot be read, or holds nothing.
    pub fn from_file(path: &Path) -> Result<Self, SecretError> {
        let text = std::fs::read_to_string(path).map_err(|error| SecretError::Unreadable(error.kind()))?;
        match text.trim() {
            "" => Err(SecretError::Empty),
            text => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Takes every scalar: an environment variable that looks like a number is still a secret, and an error about its
/// type would print it.
struct SecretVisitor;

impl Visitor<'_> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Secret, E> {
        Ok(Secret(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Secret, E> {
        Ok(Secret(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Secret, E> {
        Ok(Secret(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Secret, E> {
        Ok(Secret(value.to_string()))
    }
}

/// A new token: `prefix`, then `bits` random bits (a multiple of 8) in base62, always of the same length.
///
/// # Errors
/// The system gives no random bits.
pub fn token(prefix: &str, bits: usize) -> Result<Secret, SecretError> {
    let mut bytes = vec![0_u8; bits / 8];
    getrandom::fill(&mut bytes).map_err(SecretError::NoRandomness)?;
    Ok(Secret(format!("{prefix}{}", base62(&bytes))))
}

/// So many random bytes, as they are.
///
/// # Errors
/// The system gives no random bits.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(SecretError::NoRandomness)?;
    Ok(bytes)
}

/// Whether a text has the form of a token of so many bits behind `prefix`.
#[must_use]
pub fn is_of_form(text: &str, prefix: &str, bits: usize) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == length(bits / 8) && digits.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// What the database holds of a token.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// How many digits the largest number of so many bytes has in base62.
const fn length(bytes: usize) -> usize {
    // log2(62) = 5.95419…: rounded down, so that the length is never too small.
    (bytes * 8 * 100_000).div_ceil(595_419)
}

/// The bytes as one big-endian number in base62, padded to the length that the largest such number needs.
fn base62(bytes: &[u8]) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; length(bytes.len())];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = BASE62[remainder as usize];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn base62_counts_and_pads() {
        assert_eq!(base62(&[0; 16]), "0".repeat(22));
        assert_eq!(base62(&[61]), "0z");
        assert_eq!(base62(&[62]), "10");
        // 2^128 - 1 in base62.
        assert_eq!(base62(&[255; 16]), "7n42DGM5Tflk9n8mt7Fhc7");
        assert_eq!(base62(&[255; 32]).len(), 43);
    }

    #[test]
    fn tokens_have_a_fixed_length_and_never_repeat() {
        let tokens: BTreeSet<String> = (0..500)
            .map(|_| token("swk_", 256).unwrap().expose().to_owned())
            .collect();
        assert_eq!(tokens.len(), 500);
        assert!(tokens.iter().all(|t| t.len() == 4 + 43 && t.starts_with("swk_")));
        assert_eq!(token("", 128).unwrap().expose().len(), 22);
    }

    #[test]
    fn the_form_of_a_token_is_prefix_length_and_digits() {
        for (prefix, bits) in [("swk_", 256), ("", 128)] {
            let token = token(prefix, bits).unwrap();
            let text = token.expose();
            assert!(is_of_form(text, prefix, bits));
            let other = format!("{}-", &text[..text.len() - 1]);
            for bad in ["", prefix, &text[1..], &format!("{text}0"), &other] {
                assert!(!is_of_form(bad, prefix, bits), "{bad}");
            }
        }
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("canary-7".to_owned());
        let json = serde_json::to_string(&secret).unwrap();
        let printed = format!("{secret} {secret:?} {:?} {json}", Some(&secret));
        assert!(!printed.contains("canary"), "{printed}");
        assert_eq!(secret.expose(), "canary-7");
    }

    #[test]
    fn the_hash_is_sha_256() {
        let hex: String = hash("abc").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            hex,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_secret_is_read_from_a_file_without_its_last_newline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        assert!(matches!(
            Secret::from_file(&path),
            Err(SecretError::Unreadable(_))
        ));
        std::fs::write(&path, "  \n").unwrap();
        assert!(matches!(Secret::from_file(&path), Err(SecretError::Empty)));
        std::fs::write(&path, "canary\n").unwrap();
        assert_eq!(Secret::from_file(&path).unwrap().expose(), "canary");
    }
}
