//! How many connections the process can hold. Each needs a file descriptor, and most systems give a process only 1024
//! unless it asks for more; without one left, nobody would be let in any more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What files, the database and children need beside connections.
const OTHERS: u64 = 256;

/// Asks for all descriptors that the process may have; how many connections of `wanted` can be open at once then.
#[must_use]
pub fn make_room(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let need = (wanted as u64).saturating_add(OTHERS);
    let raised = match limit.current {
        Some(current) if current < need => {
            let most = limit.maximum.unwrap_or(need).min(need);
            let raise = Rlimit {
                current: Some(most.max(current)),
                maximum: limit.maximum,
            };
            if setrlimit(Resource::Nofile, raise).is_ok() {
                most.max(current)
            } else {
                current
            }
        }
        Some(current) => current,
        None => need,
    };
    let room = usize::try_from(raised.saturating_sub(OTHERS)).unwrap_or(usize::MAX);
    wanted.min(room.max(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_no_more_than_is_wanted_and_for_some() {
        let room = make_room(64);
        assert_eq!(room, 64);
        assert!(make_room(usize::MAX) >= 16);
    }
}
