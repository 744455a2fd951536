//! Challenges to sign: the node keeps nothing of one until it was signed, so those who only ask for
//! them keep nobody else out.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ring::hmac;
use subtle::ConstantTimeEq as _;

use crate::clock;

/// How long a challenge is good.
const CHALLENGE_MS: u64 = 60_000;
/// Taken challenges that are remembered at a time.
const TAKEN_MAX: usize = 100_000;

/// When it was given 8, random 8, the first half of their HMAC-SHA-256 under the node's secret 16.
pub(crate) type Challenge = [u8; 32];

/// Gives challenges, and takes each once, within a minute.
pub(crate) struct Challenges {
    /// Another one after each start.
    secret: hmac::Key,
    /// With the end of their time.
    taken: Mutex<HashMap<Challenge, u64>>,
}

impl Default for Challenges {
    fn default() -> Self {
        let secret: [u8; 32] = clock::random();
        Self { secret: hmac::Key::new(hmac::HMAC_SHA256, &secret), taken: Mutex::default() }
    }
}

impl Challenges {
    /// A new challenge.
    pub(super) fn give(&self, now_ms: u64) -> Challenge {
        let random: [u8; 8] = clock::random();
        let mut challenge = [0; 32];
        challenge[..8].copy_from_slice(&now_ms.to_be_bytes());
        challenge[8..16].copy_from_slice(&random);
        let tag = hmac::sign(&self.secret, &challenge[..16]);
        challenge[16..].copy_from_slice(&tag.as_ref()[..16]);
        challenge
    }

    /// Whether a challenge is this node's own, in time and not taken before; from now on it is taken.
    /// Only for those who may sign in: what is taken is remembered.
    pub(super) fn take(&self, challenge: Challenge, now_ms: u64) -> bool {
        let Some(until_ms) = self.end(&challenge).filter(|until_ms| *until_ms > now_ms) else {
            return false;
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= TAKEN_MAX {
            taken.retain(|_, until_ms| *until_ms > now_ms);
        }
        taken.len() < TAKEN_MAX && taken.insert(challenge, until_ms).is_none()
    }

    /// When the time of a challenge of this node ends.
    fn end(&self, challenge: &Challenge) -> Option<u64> {
        let (given, tag) = challenge.split_at(16);
        let expected = hmac::sign(&self.secret, given);
        let is_own = bool::from(expected.as_ref()[..16].ct_eq(tag));
        let given_ms = u64::from_be_bytes(*given.first_chunk()?);
        is_own.then(|| given_ms.saturating_add(CHALLENGE_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_taken_once_and_within_a_minute() {
        let challenges = Challenges::default();
        let [first, second] = [(); 2].map(|()| challenges.give(1_000_000));
        assert!(challenges.take(first, 1_000_001));
        assert!(!challenges.take(first, 1_000_002));
        assert!(!challenges.take(second, 1_000_000 + CHALLENGE_MS));
        assert!(challenges.take(second, 999_999 + CHALLENGE_MS));
    }

    #[test]
    fn what_this_node_did_not_give_is_no_challenge() {
        let challenges = Challenges::default();
        let now_ms = 1_000_000;
        assert!(!challenges.take([0; 32], now_ms));
        assert!(!challenges.take(Challenges::default().give(now_ms), now_ms));
        for byte in [0, 8, 16, 31] {
            let mut changed = challenges.give(now_ms);
            changed[byte] ^= 1;
            assert!(!challenges.take(changed, now_ms), "{byte}");
        }
    }

    #[test]
    fn taken_ones_are_forgotten_when_their_time_is_over() {
        let challenges = Challenges::default();
        for _ in 0..TAKEN_MAX {
            assert!(challenges.take(challenges.give(1_000_000), 1_000_000));
        }
        let later_ms = 1_000_000 + CHALLENGE_MS;
        assert!(!challenges.take(challenges.give(later_ms - 1), later_ms - 1));
        assert!(challenges.take(challenges.give(later_ms), later_ms));
    }
}
