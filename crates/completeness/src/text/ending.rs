//! Does a text end, or was it cut off?

use std::sync::LazyLock;

use regex::Regex;

use super::grams::{self, Unit};

/// Number of buckets of the table of phrase ends.
pub(crate) const ENDS: usize = 1 << 13;

/// A whole ending, in thousandths.
pub(crate) const WHOLE: u32 = 1000;

/// What an ending counts whose last word nobody has seen, in thousandths: Chinese, other. Words of
/// other languages are long: half a word is rarely another one.
const UNSEEN: (u32, u32) = (400, 60);

/// Characters from the end in which a list's number or a date is looked for.
const TAIL: usize = 16;

/// How much less an ending counts if the rest of the text shows how it should look.
const BREAKS_HABIT: u32 = 8;

/// Letters that a word before a full stop has at least, if it is no abbreviation.
const WORD: usize = 4;

/// How often words and pairs of Chinese characters stand before a stop or the end of a text.
#[derive(Clone, Debug)]
pub(crate) struct EndCounts {
    all: Vec<u32>,
    last: Vec<u32>,
}

impl EndCounts {
    pub(crate) const fn new() -> Self {
        Self { all: Vec::new(), last: Vec::new() }
    }

    pub(crate) fn add(&mut self, text: &str) {
        self.all.resize(ENDS, 0);
        self.last.resize(ENDS, 0);
        let units = grams::units(text);
        for (position, unit) in units.iter().enumerate() {
            if *unit == Unit::Stop {
                continue;
            }
            let is_last = matches!(units.get(position + 1), None | Some(Unit::Stop));
            for key in keys(&units[..=position]).into_iter().flatten() {
                self.all[key] += 1;
                self.last[key] += u32::from(is_last);
            }
        }
    }

    /// 0 for what was not seen, else 1 to 255: how often it was last. What was seen once or twice
    /// is between that and the half.
    pub(crate) fn table(&self) -> Vec<u8> {
        let share = |(all, last): (&u32, &u32)| match all {
            0 => 0,
            all => (1 + 254 * (2 * u64::from(*last) + 1) / (2 * u64::from(*all) + 2)) as u8,
        };
        self.all.iter().zip(&self.last).map(share).collect()
    }
}

/// How sure it is that a text ends where it ends, in thousandths.
pub(crate) fn wholeness(text: &str, table: &[u8]) -> u32 {
    let text = text.trim_end();
    match text.chars().next_back() {
        None => 0,
        Some(_) if is_open(text) => 0,
        Some(last) if is_terminal(last) => WHOLE,
        Some(last) if ",，、:：;；(（[【{《<-".contains(last) => 0,
        Some(_) => {
            let seen = phrase_end(text, table);
            if breaks_habit(text) { seen / BREAKS_HABIT } else { seen }
        }
    }
}

/// A list's number without its item, or a date without its day.
fn is_open(text: &str) -> bool {
    static OPEN: LazyLock<Regex> = LazyLock::new(|| {
        let number = r"(?:^|\n|\.,|\.,?\s+|[;；。]\s*)[(（]?\d{1,2}[.)、）]?";
        let date = r"日期[:：]\s*\d{1,4}(?:-\d{0,2})?(?:-\d?)?";
        let open = format!("(?:{number}|{date})$");
        Regex::new(&open).expect("a constant that the tests compile")
    });
    let tail = text.char_indices().rev().nth(TAIL).map_or(0, |(at, _)| at);
    OPEN.is_match(&text[tail..])
}

const fn is_terminal(character: char) -> bool {
    matches!(
        character,
        '.' | '。'
            | '．'
            | '!'
            | '！'
            | '?'
            | '？'
            | '…'
            | ')'
            | '）'
            | ']'
            | '】'
            | '”'
            | '"'
            | '》'
    )
}

/// How often the last words stand before a stop: as a pair if that was seen, else the last alone,
/// which says less.
fn phrase_end(text: &str, table: &[u8]) -> u32 {
    let units = grams::units(text);
    let seen = |key: usize| match table.get(key) {
        None | Some(0) => None,
        Some(share) => Some((u32::from(*share) - 1) * WHOLE / 254),
    };
    let unseen = match units.last() {
        Some(Unit::Han(_)) => UNSEEN.0,
        _ => UNSEEN.1,
    };
    let [single, pair] = keys(&units);
    let single = single.and_then(seen).map_or(unseen, |share| share.midpoint(unseen));
    pair.and_then(seen).unwrap_or(single)
}

/// The places in the table of a text's last unit: alone, and with the unit before it.
fn keys(units: &[Unit]) -> [Option<usize>; 2] {
    let place = |units: &[Unit]| usize::from(grams::bucket(grams::joined(units))) % ENDS;
    [1, 2].map(|length| units.len().checked_sub(length).map(|at| place(&units[at..])))
}

/// All sentences but the last have a stop, or all items of a list but the last have a colon.
fn breaks_habit(text: &str) -> bool {
    let mut items = text.split([';', '；', '\n']).rev();
    let last = items.next().unwrap_or_default();
    let has_colon = |item: &str| item.contains([':', '：']);
    let (fields, others) = items.fold((0, 0), |(fields, others), item| {
        if has_colon(item) { (fields + 1, others) } else { (fields, others + 1) }
    });
    text.contains(['。', '！', '？'])
        || ends_sentences(text)
        || (fields > 1 && others == 0 && !has_colon(last))
}

/// Whether a full stop after a word of some letters ends a sentence. "Dr." and "1." end none.
fn ends_sentences(text: &str) -> bool {
    text.match_indices('.').any(|(at, _)| {
        let letters = text[..at].chars().rev().take_while(|c| c.is_alphabetic()).count();
        let next = text[at + 1..].chars().next();
        letters >= WORD && next.is_some_and(|c| c.is_whitespace() || c == ',')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<u8> {
        let mut counts = EndCounts::new();
        counts.add("高血压病，2型糖尿病；年龄：77岁；继发性癫痫。脑外伤后遗症");
        counts.add("Fever with cough. Treated with antibiotics, discharged home");
        counts.table()
    }

    #[test]
    fn a_cut_text_is_seen() {
        let table = table();
        for whole in ["患者好转出院。", "2型糖尿病", "性别：女；年龄：70岁", "Fever with cough"]
        {
            assert!(wholeness(whole, &table) > 500, "{whole}");
        }
        for number in ["CKD, stage 3", "CKD, stage 3.", "temperature 98.6", "术后 2019-05"] {
            assert!(!is_open(number), "{number}");
        }
        for cut in [
            "1. 高血压\n2.",
            "入院日期：2022-0",
            "fever. 2. ",
            "患者好转。继续",
            "脑外",
            "性别：女；年龄：70",
            "Fever with",
            "fever,",
            "",
        ] {
            assert!(wholeness(cut, &table) < 400, "{cut}");
        }
    }

    #[test]
    fn a_list_shows_what_its_items_look_like() {
        assert!(breaks_habit("性别：女；年龄：70岁；科"));
        assert!(!breaks_habit("性别：女；年龄：70岁；科别：外科"));
        assert!(breaks_habit("He went home. He was well. He then"));
        assert!(!breaks_habit("acute appendicitis"));
    }
}
