//! The signature of Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`, one for each secret that works, so that a
//! receiver can change from one to the next without a gap.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::JobsError;
use crate::secret;

/// What a secret starts with where it is told.
const PREFIX: &str = "whsec_";

/// A new secret.
///
/// # Errors
/// The system gives no random bits.
pub(crate) fn new_secret() -> Result<[u8; 32], JobsError> {
    Ok(secret::random_bytes()?)
}

/// A secret as it is told.
#[must_use]
pub fn written(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// The value of `webhook-signature`: `v1,` and the signature in base64, a blank between those of several secrets.
#[must_use]
pub fn sign<S: AsRef<[u8]>>(secrets: &[S], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let head = format!("{id}.{timestamp_s}.");
    let each: Vec<String> = secrets
        .iter()
        .filter_map(|secret| Hmac::<Sha256>::new_from_slice(secret.as_ref()).ok())
        .map(|mut mac| {
            mac.update(head.as_bytes());
            mac.update(body);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        })
        .collect();
    each.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standards_own_example() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = sign(
            &[&secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_secret_signs_and_none_is_told_twice() {
        let (first, second) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(first, second);
        let both = sign(&[first, second], "msg_1", 1, b"{}");
        let each = [
            sign(&[first], "msg_1", 1, b"{}"),
            sign(&[second], "msg_1", 1, b"{}"),
        ];
        assert_eq!(both, each.join(" "));
        assert_ne!(sign(&[first], "msg_2", 1, b"{}"), each[0]);
        assert_ne!(sign(&[first], "msg_1", 2, b"{}"), each[0]);
        assert_ne!(sign(&[first], "msg_1", 1, b"{ }"), each[0]);
        assert_eq!(written(&[0; 3]), "whsec_AAAA");
    }
}
