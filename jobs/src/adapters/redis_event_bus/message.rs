//! What a signal looks like between processes: one small JSON object. What cannot be read is another version's, and is
//! left: nothing depends on a signal.

use serde::{Deserialize, Serialize};
use songwalker_schemas::{JobId, UserId};
use uuid::Uuid;

use crate::ports::Signal;

#[derive(Serialize, Deserialize)]
struct Message {
    from: Uuid,
    #[serde(flatten)]
    said: Said,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "signal", rename_all = "snake_case")]
enum Said {
    JobChanged { job: Uuid, user: Uuid },
    Progress { job: Uuid, stage: String, progress: f64 },
    CancelRequested { job: Uuid },
    Wake,
    SlotFree,
    Missed,
}

/// The message of a signal that `from` sends.
pub(super) fn written(from: Uuid, signal: Signal) -> Vec<u8> {
    let said = match signal {
        Signal::JobChanged { job_id, user_id } => Said::JobChanged {
            job: job_id.0,
            user: user_id.0,
        },
        Signal::Progress {
            job_id,
            stage,
            progress,
        } => Said::Progress {
            job: job_id.0,
            stage,
            progress,
        },
        Signal::CancelRequested { job_id } => Said::CancelRequested { job: job_id.0 },
        Signal::Wake => Said::Wake,
        Signal::SlotFree => Said::SlotFree,
        Signal::Missed => Said::Missed,
    };
    // No map with other keys than texts, no number that JSON has not: it is always written.
    serde_json::to_vec(&Message { from, said }).unwrap_or_default()
}

/// Who sent what.
pub(super) fn read(message: &[u8]) -> Option<(Uuid, Signal)> {
    let Message { from, said } = serde_json::from_slice(message).ok()?;
    let signal = match said {
        Said::JobChanged { job, user } => Signal::JobChanged {
            job_id: JobId(job),
            user_id: UserId(user),
        },
        Said::Progress { job, stage, progress } => Signal::Progress {
            job_id: JobId(job),
            stage,
            progress,
        },
        Said::CancelRequested { job } => Signal::CancelRequested { job_id: JobId(job) },
        Said::Wake => Signal::Wake,
        Said::SlotFree => Signal::SlotFree,
        Said::Missed => Signal::Missed,
    };
    Some((from, signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_read_back_as_it_was_sent() {
        let (from, job_id) = (Uuid::from_u128(1), JobId(Uuid::from_u128(2)));
        let user_id = UserId(Uuid::from_u128(3));
        let signals = [
            Signal::JobChanged { job_id, user_id },
            Signal::Progress {
                job_id,
                stage: "rendering".to_owned(),
                progress: 0.1,
            },
            Signal::CancelRequested { job_id },
            Signal::Wake,
            Signal::SlotFree,
            Signal::Missed,
        ];
        for signal in signals {
            let message = written(from, signal.clone());
            assert_eq!(read(&message), Some((from, signal)));
        }
    }

    #[test]
    fn what_is_no_message_of_ours_is_left() {
        for message in ["", "{}", "[1]", r#"{"from":"x","signal":"wake"}"#] {
            assert_eq!(read(message.as_bytes()), None, "{message}");
        }
        let of_another_version = format!(r#"{{"from":"{}","signal":"sing"}}"#, Uuid::nil());
        assert_eq!(read(of_another_version.as_bytes()), None);
    }
}
