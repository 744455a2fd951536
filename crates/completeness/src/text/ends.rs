//! How often units stand at the end of a phrase, and letters at the end of a word.

use std::collections::{BTreeSet, HashMap, HashSet};

use emrshare_record::Language;

use super::{
    grams::{self, SEED, Unit, mixed},
    scale::{SIXTEENTHS, log2_sixteenths},
    words::{Found, Words},
};

/// Bytes of the table: a check and a share for each place.
pub(crate) const BYTES: usize = 2 * PLACES;

const PLACES: usize = 1 << 16;

/// Units at the end of a text that are looked at together, at most.
const UNITS: usize = 3;

/// Letters at the end of a word that are looked at together, at least and at most. The place before
/// the first letter counts as one.
const LETTERS: (usize, usize) = (2, 5);

/// Letters of a word that is looked up whole, at least: what is shorter begins too many others.
const WORD: usize = 4;

/// What a word that is known says, and letters that only begin known words.
const WHOLE: i32 = SIXTEENTHS as i32;
const INSIDE: i32 = -8 * SIXTEENTHS as i32;

/// How often the same sentence is learnt from, numbers aside.
const REPETITIONS: u32 = 2;

/// A share of one.
const ONE: u64 = 1 << 16;

/// How many times a shorter gram's share counts beside what was seen of a longer one.
const SHORTER: u64 = 6;

/// How far a longer gram's share is from the shorter one's to be kept, of 255.
const DIFFERENCE: u8 = 6;

/// Collects texts that end where they should.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndCounts {
    seen: HashMap<u64, Seen>,
    /// How often a sentence was added already: what is in every record is not learnt from each time.
    sentences: HashMap<u64, u32>,
    words: HashSet<Vec<char>>,
    listed: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    all: u64,
    last: u64,
    /// The next shorter gram, and how many are shorter.
    shorter: u64,
    order: usize,
}

impl EndCounts {
    /// Adds the phrases of a text, and its words.
    pub(crate) fn add(&mut self, text: &str) {
        let units = grams::units(text);
        let is_stop = |unit: &Unit| *unit == Unit::Stop;
        let mut before = 0;
        for sentence in units.split_inclusive(is_stop) {
            let first = before;
            before += sentence.len();
            let added = self.sentences.entry(grams::joined(sentence)).or_default();
            *added += 1;
            if *added <= REPETITIONS {
                (first..before).for_each(|last| self.add_end(&units, last));
            }
        }
        words(text).for_each(|letters| self.add_word(letters));
    }

    /// Adds the words of a list, to be looked up whole. Those of other texts are not kept: they may
    /// be names.
    pub(crate) fn add_list(&mut self, text: &str) {
        for letters in words(text) {
            if letters.len() >= WORD {
                self.listed.insert(letters.iter().collect());
            }
            self.add_word(letters);
        }
    }

    /// The words of the lists that were added, in small letters, ascending, one a line.
    pub(crate) fn listed(&self) -> String {
        let words: Vec<_> = self.listed.iter().map(String::as_str).collect();
        words.join("\n")
    }

    fn add_word(&mut self, letters: Vec<char>) {
        if self.words.contains(&letters) {
            return;
        }
        for end in 1..=letters.len() {
            self.count(&word(&letters[..end]), end == letters.len());
        }
        self.words.insert(letters);
    }

    fn add_end(&mut self, units: &[Unit], last: usize) {
        let next = units.get(last + 1);
        // A comma says neither: much ends before one that is no end of a text.
        if !units[last].is_mark() && next != Some(&Unit::Pause) {
            let is_last = matches!(next, None | Some(Unit::Stop));
            self.count(&phrase(&units[..=last]), is_last);
        }
    }

    /// Counts grams of one end, each longer than the one before.
    fn count(&mut self, grams: &[u64], is_last: bool) {
        let mut shorter = 0;
        for (order, gram) in grams.iter().copied().enumerate() {
            let seen = self.seen.entry(gram).or_insert(Seen { all: 0, last: 0, shorter, order });
            seen.all += 1;
            seen.last += u64::from(is_last);
            shorter = gram;
        }
    }

    /// The table's bytes. A gram that was seen once, or says what its shorter one says, is left
    /// out; of two for one place the more frequent is kept.
    pub(crate) fn table(&self) -> Vec<u8> {
        let mut grams: Vec<_> = self.seen.iter().collect();
        grams.sort_unstable_by_key(|(key, seen)| (seen.order, **key));
        let mut shares = HashMap::new();
        for (key, seen) in &grams {
            let shorter = shares.get(&seen.shorter).copied().unwrap_or(ONE / 2);
            shares.insert(**key, (seen.last * ONE + SHORTER * shorter) / (seen.all + SHORTER));
        }
        let byte = |key| shares.get(&key).map_or(0, |share| (1 + share * 254 / ONE) as u8);
        grams.sort_by_key(|(_, seen)| (seen.order > 0, u64::MAX - seen.all));
        let mut table = vec![0; BYTES];
        for (key, seen) in grams {
            let says_more = byte(*key).abs_diff(byte(seen.shorter)) >= DIFFERENCE;
            let [check, share] = place(&mut table, *key);
            if *check == 0 && (seen.order == 0 || (seen.all > 1 && says_more)) {
                (*check, *share) = (check_of(*key), byte(*key));
            }
        }
        table
    }
}

/// How much likelier a text ends after these units, whole, than it was cut there: 16 times a
/// logarithm to base 2.
pub(crate) fn after(text: &str, table: &[u8], words: &Words) -> i32 {
    let units = grams::units(text);
    let last_word = text.rsplit(|c| !is_letter(c)).next().unwrap_or_default();
    evidence(&phrase(&units), table) + word_evidence(&small(last_word), table, words)
}

fn word_evidence(letters: &[char], table: &[u8], words: &Words) -> i32 {
    let found = match letters {
        [] => return 0,
        short if short.len() < WORD => Found::Unknown,
        long => words.find(&long.iter().collect::<String>()),
    };
    match found {
        Found::Whole => WHOLE,
        Found::Start => INSIDE,
        Found::Unknown => evidence(&word(letters), table),
    }
}

/// The logarithm of the odds of the longest gram that is known less those of the average.
fn evidence(grams: &[u64], table: &[u8]) -> i32 {
    let share = |gram: &u64| {
        let at = 2 * (*gram as usize % PLACES);
        table.get(at..at + 2).filter(|entry| entry[0] == check_of(*gram)).map(|entry| entry[1])
    };
    let odds = |share: u8| {
        let log = |count: u8| log2_sixteenths(2 * u64::from(count) + 1) as i32;
        log(share - 1) - log(u8::MAX - share)
    };
    let average = grams.first().and_then(share).filter(|share| *share > 0);
    let longest = grams.iter().rev().find_map(share).filter(|share| *share > 0);
    average.zip(longest).map_or(0, |(average, longest)| odds(longest) - odds(average))
}

/// The last units: what all have in common, a word's last letters, one, two, three units.
fn phrase(units: &[Unit]) -> Vec<u64> {
    let mut grams = vec![mixed(SEED, 1)];
    if let Some(Unit::Word { suffix: Some(suffix), .. }) = units.last() {
        grams.push(mixed(*suffix, 2));
    }
    let lengths = 1..=units.len().min(UNITS);
    grams.extend(lengths.map(|length| mixed(grams::joined(&units[units.len() - length..]), 3)));
    grams
}

/// The last letters of a word or its beginning: what all have in common, two to five of them.
fn word(letters: &[char]) -> Vec<u64> {
    let backwards = letters.iter().rev().copied().chain(['^']);
    let mut hash = mixed(SEED, 4);
    let mut grams = vec![hash];
    for (count, letter) in backwards.take(LETTERS.1).enumerate() {
        hash = mixed(hash, u64::from(letter));
        if count + 1 >= LETTERS.0 {
            grams.push(hash);
        }
    }
    grams
}

/// The words of a text that are written in letters, in small ones.
fn words(text: &str) -> impl Iterator<Item = Vec<char>> {
    let words = text.split(|c: char| !is_letter(c)).filter(|word| !word.is_empty());
    words.map(small)
}

fn small(word: &str) -> Vec<char> {
    word.chars().flat_map(char::to_lowercase).collect()
}

fn is_letter(character: char) -> bool {
    character.is_alphabetic() && !Language::is_han(character)
}

fn place(table: &mut [u8], key: u64) -> &mut [u8; 2] {
    let (entries, _) = table.as_chunks_mut();
    &mut entries[key as usize % PLACES]
}

/// Tells grams of one place apart; 0 is for none.
fn check_of(key: u64) -> u8 {
    ((key >> 56) as u8).max(1)
}
