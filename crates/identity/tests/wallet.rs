//! Recovery words and envelopes.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::io::{Read, Write};

use emrshare_identity::{
    EnvelopeError, EnvelopeKey, KeyUse, SigningKey, WordList, Words, WordsError,
    open_with_passphrase, seal_with_passphrase,
};
use proptest::prelude::*;

/// Fast, for tests.
const WORK: u8 = 4;

#[test]
fn words_are_those_of_bip_39() {
    let words = Words::from_entropy(&[0; 32], WordList::English);
    assert_eq!(*words.to_secret_text(), format!("{}art", "abandon ".repeat(23)));
}

#[test]
fn the_same_words_give_the_same_keys_in_every_language() {
    for list in [WordList::English, WordList::Chinese] {
        let words = Words::from_entropy(&[7; 32], list);
        let read: Words = words.to_secret_text().parse().unwrap();
        let key = |words: &Words, number| words.key(KeyUse::Relationship, number).public_key();
        assert_eq!(key(&words, 3), key(&read, 3));
        assert_ne!(key(&words, 3), key(&words, 4));
        assert_ne!(key(&words, 0), words.key(KeyUse::Registry, 0).public_key());
    }
}

#[test]
fn wrong_words_are_told_by_place() {
    let text = Words::from_entropy(&[7; 32], WordList::English).to_secret_text();
    let mut unknown: Vec<_> = text.split(' ').collect();
    unknown[1] = "xyzzy";
    let unknown = unknown.join(" ");
    assert_eq!(unknown.parse::<Words>().unwrap_err(), WordsError::Unknown(2));
    let swapped = text.split(' ').rev().collect::<Vec<_>>().join(" ");
    assert_eq!(swapped.parse::<Words>().unwrap_err(), WordsError::Mismatch);
}

#[test]
fn secrets_are_not_shown() {
    let words = Words::from_entropy(&[7; 32], WordList::English);
    assert_eq!(format!("{words:?}"), "Words([REDACTED])");
    let key = EnvelopeKey::of(&SigningKey::from_seed([7; 32]));
    let secret = key.to_secret_text();
    assert!(secret.starts_with("AGE-SECRET-KEY-1"));
    assert!(!format!("{key:?}").contains(&secret[16..]));
}

fn sealed(bytes: &[u8], to: &EnvelopeKey) -> Vec<u8> {
    let mut sealed = Vec::new();
    let mut writer = to.address().seal(&mut sealed).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap();
    sealed
}

fn opened(sealed: &[u8], key: &EnvelopeKey) -> Result<Vec<u8>, EnvelopeError> {
    let mut bytes = Vec::new();
    key.open(sealed)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn an_envelope_opens_with_its_key_only_and_only_whole() {
    let [key, other] = [1, 2].map(|seed| EnvelopeKey::of(&SigningKey::from_seed([seed; 32])));
    let bytes = vec![5; 200_000];
    let envelope = sealed(&bytes, &key);
    assert_eq!(opened(&envelope, &key).unwrap(), bytes);
    assert!(matches!(opened(&envelope, &other), Err(EnvelopeError::Closed)));
    for length in [0, 20, 200, envelope.len() - 1] {
        assert!(opened(&envelope[..length], &key).is_err(), "cut to {length}");
    }
}

#[test]
fn a_passphrase_opens_what_it_sealed() {
    let envelope = seal_with_passphrase(b"words", "correct horse", WORK).unwrap();
    assert_eq!(**open_with_passphrase(&envelope, "correct horse").unwrap(), *b"words");
    let wrong = open_with_passphrase(&envelope, "wrong horse");
    assert!(matches!(wrong, Err(EnvelopeError::Closed)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_changed_bit_is_noticed(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let key = EnvelopeKey::of(&SigningKey::from_seed([1; 32]));
        let mut envelope = sealed(&bytes, &key);
        let place = place.index(envelope.len());
        envelope[place] ^= 1 << bit;
        prop_assert!(opened(&envelope, &key).is_err());
    }
}
