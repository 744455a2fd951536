//! How often one address may try to sign in.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use axum::http::StatusCode;

use super::error::ApiError;

const WINDOW_MS: u64 = 60_000;
/// Challenges for an address in a minute: scripts sign in at each command.
const CHALLENGES_MAX: u32 = 6_000;
/// Failed tries of an address in a minute: then it is locked out until the minute is over.
const FAILURES_MAX: u32 = 10;
/// Addresses that are remembered at a time.
const ADDRESSES_MAX: usize = 100_000;

/// Counts by address and minute.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<IpAddr, Window>>);

#[derive(Clone, Copy, Default)]
struct Window {
    start_ms: u64,
    challenges: u32,
    failures: u32,
}

impl Throttle {
    /// Counts a challenge.
    pub(crate) fn challenge(&self, from: IpAddr, now_ms: u64) -> Result<(), ApiError> {
        self.count(from, now_ms, |window| {
            window.challenges = window.challenges.saturating_add(1);
        })
    }

    /// Counts a failed try.
    pub(crate) fn failure(&self, from: IpAddr, now_ms: u64) -> Result<(), ApiError> {
        self.count(from, now_ms, |window| window.failures = window.failures.saturating_add(1))
    }

    /// Refuses an address that is locked out.
    pub(crate) fn check(&self, from: IpAddr, now_ms: u64) -> Result<(), ApiError> {
        self.count(from, now_ms, |_| {})
    }

    fn count(
        &self,
        from: IpAddr,
        now_ms: u64,
        add: impl FnOnce(&mut Window),
    ) -> Result<(), ApiError> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |window: &Window| now_ms.saturating_sub(window.start_ms) >= WINDOW_MS;
        if windows.len() >= ADDRESSES_MAX {
            windows.retain(|_, window| !is_over(window));
        }
        if windows.len() >= ADDRESSES_MAX && !windows.contains_key(&from) {
            return Err(too_many());
        }
        let window = windows.entry(from).or_default();
        if is_over(window) {
            *window = Window { start_ms: now_ms, ..Window::default() };
        }
        add(window);
        if window.challenges > CHALLENGES_MAX || window.failures > FAILURES_MAX {
            return Err(too_many());
        }
        Ok(())
    }
}

fn too_many() -> ApiError {
    let message = "too many tries from this address; wait a minute";
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too-many", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ELSEWHERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    #[test]
    fn who_fails_too_often_is_locked_out_for_a_minute_and_nobody_else() {
        let throttle = Throttle::default();
        for _ in 0..FAILURES_MAX {
            throttle.failure(HERE, 1_000_000).unwrap();
        }
        throttle.failure(HERE, 1_000_001).unwrap_err();
        throttle.check(HERE, 1_000_000 + WINDOW_MS - 1).unwrap_err();
        throttle.check(ELSEWHERE, 1_000_001).unwrap();
        throttle.check(HERE, 1_000_000 + WINDOW_MS).unwrap();
    }

    #[test]
    fn challenges_are_counted_by_address() {
        let throttle = Throttle::default();
        let asked = (0..=CHALLENGES_MAX).map(|_| throttle.challenge(HERE, 1_000_000));
        assert_eq!(asked.filter(Result::is_err).count(), 1);
        throttle.challenge(ELSEWHERE, 1_000_000).unwrap();
    }
}
