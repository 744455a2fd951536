//! Who calls, as far as addresses tell: none may hold all places.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Connections of one address at the same time: a quarter of all places.
const CONNECTIONS_MAX: usize = 256;

/// Connections by address.
#[derive(Clone, Default)]
pub(crate) struct Callers(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// The place of a connection; it is free again when this is dropped.
pub(crate) struct Place {
    callers: Callers,
    from: IpAddr,
}

impl Callers {
    /// A place for another connection of an address, unless it holds too many.
    pub(crate) fn enter(&self, from: IpAddr) -> Option<Place> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(from).or_default();
        if *count >= CONNECTIONS_MAX {
            return None;
        }
        *count += 1;
        Some(Place { callers: self.clone(), from })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.callers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.from);
            }
        }
    }
}

/// What stands for a caller's address: of IPv6 the network of 64 bits, in which one caller may have any
/// (RFC 4291, section 2.5.4).
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_so_many_places_and_others_have_theirs() {
        let callers = Callers::default();
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        let mut places: Vec<_> =
            (0..CONNECTIONS_MAX).map(|_| callers.enter(one).unwrap()).collect();
        assert!(callers.enter(one).is_none());
        assert!(callers.enter(other).is_some());
        places.pop();
        places.push(callers.enter(one).unwrap());
        drop(places);
        assert!(callers.0.lock().unwrap().is_empty());
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
