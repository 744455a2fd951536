//! Files at rest: who opens them, and what is left when their heads are gone.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::io::Read;

use emrshare_identity::{
    EnvelopeAddress, EnvelopeError, EnvelopeKey, PublicKey, SealedHead, SigningKey, seal_at_rest,
};
use proptest::prelude::*;

fn key(seed: u8) -> EnvelopeKey {
    EnvelopeKey::of(&SigningKey::from_seed([seed; 32]))
}

fn opened(key: &EnvelopeKey, head: &SealedHead, body: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let mut bytes = Vec::new();
    key.open_at_rest(head, body)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn an_address_follows_from_a_public_key() {
    // From the tests of libsodium, `ed25519_convert`.
    let seed = hex("421151a459faeade3d247115f94aedae42318124095afabe4d1451a559faedee");
    let converted = hex("f1814f0e8ff1043d8a44d25babff3cedcae6c22c3edaa48f857ae70de2baae50");
    let key = SigningKey::from_seed(seed);
    assert_eq!(EnvelopeAddress::of(&key.public_key()), Some(EnvelopeAddress(converted)));
    assert_eq!(EnvelopeKey::of(&key).address(), EnvelopeAddress(converted));
}

#[test]
fn keys_that_nobody_has_give_no_address() {
    // The neutral element, a point of order 4, and what is no point.
    let neutral = hex("0100000000000000000000000000000000000000000000000000000000000000");
    let no_point = hex("0200000000000000000000000000000000000000000000000000000000000000");
    for bytes in [neutral, [0; 32], no_point] {
        assert_eq!(EnvelopeAddress::of(&PublicKey(bytes)), None);
    }
}

#[test]
fn readers_change_and_the_body_stays() {
    let bytes = vec![5; 200_000];
    let (head, body) = seal_at_rest(&bytes, &[key(1).address()]).unwrap();
    assert!(matches!(opened(&key(2), &head, &body), Err(EnvelopeError::Closed)));
    let both = head.address_to(&key(1), &[key(1).address(), key(2).address()]).unwrap();
    assert_eq!(opened(&key(1), &both, &body).unwrap(), bytes);
    assert_eq!(opened(&key(2), &both, &body).unwrap(), bytes);
    let other = both.address_to(&key(1), &[key(1).address(), key(3).address()]).unwrap();
    assert!(opened(&key(2), &other, &body).is_err());
    assert_eq!(opened(&key(3), &other, &body).unwrap(), bytes);
    assert!(both.address_to(&key(4), &[key(4).address()]).is_err());
}

#[test]
fn head_and_body_are_an_age_file() {
    let (head, body) = seal_at_rest(b"original", &[key(1).address()]).unwrap();
    let head = head.address_to(&key(1), &[key(1).address(), key(2).address()]).unwrap();
    let file = [head.as_bytes(), &body].concat();
    let mut bytes = Vec::new();
    key(2).open(file.as_slice()).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"original");
}

#[test]
fn a_body_is_useless_under_the_head_of_another() {
    let (head, body) = seal_at_rest(b"one", &[key(1).address()]).unwrap();
    let (other, _) = seal_at_rest(b"one", &[key(1).address()]).unwrap();
    assert_eq!(opened(&key(1), &head, &body).unwrap(), b"one");
    assert!(opened(&key(1), &other, &body).is_err());
    for length in [0, 15, 16, body.len() - 1] {
        assert!(opened(&key(1), &head, &body[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn a_key_is_read_as_it_is_written() {
    let read: EnvelopeKey = format!("{}\n", *key(1).to_secret_text()).parse().unwrap();
    assert_eq!(read.address(), key(1).address());
    for text in ["", "AGE-SECRET-KEY-1", &"ab".repeat(32)] {
        assert!(text.parse::<EnvelopeKey>().is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_changed_bit_is_noticed(
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let (head, body) = seal_at_rest(b"original", &[key(1).address()]).unwrap();
        let head = head.address_to(&key(1), &[key(1).address(), key(2).address()]).unwrap();
        let mut file = [head.as_bytes(), &body].concat();
        let place = place.index(file.len());
        file[place] ^= 1 << bit;
        let (head, body) = file.split_at(head.as_bytes().len());
        let head = SealedHead::from_bytes(head.to_vec());
        prop_assert!(opened(&key(2), &head, body).is_err());
        prop_assert!(head.address_to(&key(1), &[key(1).address()]).is_err() || place >= head.as_bytes().len());
    }
}

fn hex(text: &str) -> [u8; 32] {
    let byte = |place| u8::from_str_radix(&text[2 * place..2 * place + 2], 16).unwrap();
    std::array::from_fn(byte)
}
