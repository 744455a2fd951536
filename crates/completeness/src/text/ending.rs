//! Does a text end, or was it cut off?

use std::sync::LazyLock;

use regex::Regex;

use super::{
    SectionRules, ends, grams,
    language::LanguageStandard,
    scale::{SIXTEENTHS, log2_sixteenths},
};

/// The most that an ending can say for or against a text: 16 times a logarithm to base 2.
pub(crate) const SURE: i32 = 8 * SIXTEENTHS as i32;

/// Characters from the end in which a list's number or a date is looked for.
const TAIL: usize = 16;

/// Characters from the end in which a closing word is looked for.
const CLOSING: usize = 100;

/// What a closing word says for an ending, and its absence against it.
const CLOSED: i32 = 3 * SIXTEENTHS as i32;
const NOT_CLOSED: i32 = -(SIXTEENTHS as i32);

/// What counts against an ending if the rest of the text shows how it should look.
const BREAKS_HABIT: i32 = -3 * SIXTEENTHS as i32;

/// The same in running prose: who writes whole sentences ends them.
const BREAKS_PROSE: i32 = -6 * SIXTEENTHS as i32;

/// Words that sentences of running prose have, on average.
const PROSE: usize = 8;

/// Letters that a word before a full stop has at least, if it is no abbreviation.
const WORD: usize = 4;

/// Added to each share of texts, in thousandths, so that no mark is ever certain.
const DOUBT: u64 = 20;

/// How much likelier a text ends like this whole than cut off: 16 times a logarithm to base 2.
pub(crate) fn evidence(text: &str, standard: &LanguageStandard, rules: &SectionRules) -> i32 {
    let text = text.trim_end();
    match text.chars().next_back() {
        None => -SURE,
        Some(_) if is_open(text) => -SURE,
        Some(last) if is_terminal(last) => SURE,
        Some(';' | '；') => -SURE,
        Some(last) if grams::is_open(last) || grams::is_pause(last) => -SURE,
        Some(_) if has_open_bracket(text) => -SURE,
        Some(_) => {
            let phrase = ends::after(text, &standard.ends, &standard.words);
            let said = phrase + habit(text, rules.marked) + closing(text, &rules.closings);
            said.clamp(-SURE, SURE)
        }
    }
}

/// Whether a text ends with a mark that ends a sentence.
pub(crate) fn is_marked(text: &str) -> bool {
    text.trim_end().chars().next_back().is_some_and(is_terminal)
}

/// A list's number without its item, a date without its day, a title without a name, half a number
/// among Chinese characters.
fn is_open(text: &str) -> bool {
    static OPEN: LazyLock<Regex> = LazyLock::new(|| {
        let number = r"(?:^|\n|\.,|\.,?\s+|[;；。]\s*)[(（]?\d{1,2}[.)、）]?";
        let date = r"日期[:：]\s*\d{1,4}(?:-\d{0,2})?(?:-\d?)?";
        let title = r"\b(?:Dr|Mr|Mrs|Ms|Prof|vs)\.";
        let half = r"\p{Han}\d+\.";
        let open = format!("(?:{number}|{date}|{title}|{half})$");
        Regex::new(&open).expect("a constant that the tests compile")
    });
    let tail = text.char_indices().rev().nth(TAIL).map_or(0, |(at, _)| at);
    OPEN.is_match(&text[tail..])
}

/// Whether the last bracket of the last line is an opening one.
fn has_open_bracket(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let last = line.chars().rev().find(|c| matches!(c, '(' | '（' | ')' | '）'));
    matches!(last, Some('(' | '（'))
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

/// What the absence of a mark at the end says, by what is usual and by the rest of the text.
fn habit(text: &str, marked: u32) -> i32 {
    let unmarked = 1000 - u64::from(marked.min(1000)) + DOUBT;
    let usual = log2_sixteenths(unmarked) as i32 - log2_sixteenths(1000 + DOUBT) as i32;
    if is_prose(text) {
        usual.min(BREAKS_PROSE)
    } else if breaks_habit(text) {
        usual.min(BREAKS_HABIT)
    } else if keeps_habit(text) {
        usual / 2
    } else {
        usual
    }
}

/// What a closing word near the end says, or its absence.
fn closing(text: &str, closings: &[String]) -> i32 {
    let tail = text.char_indices().rev().nth(CLOSING).map_or(0, |(at, _)| at);
    let tail = text[tail..].to_lowercase();
    if closings.is_empty() {
        0
    } else if closings.iter().any(|word| tail.contains(word.as_str())) {
        CLOSED
    } else {
        NOT_CLOSED
    }
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
        || ended_sentences(text).next().is_some()
        || (fields > 1 && others == 0 && !has_colon(last))
}

/// Whether the last line is of long sentences that end with a full stop, and of one that does not. A
/// heading or a name is no sentence, nor is what stands behind a colon.
fn is_prose(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let stops: Vec<_> = ended_sentences(line).collect();
    let Some(end) = stops.last() else { return false };
    let (ended, last) = line.split_at(*end);
    let is_sentence = last.split_whitespace().any(|word| word.starts_with(char::is_lowercase));
    is_sentence && !last.contains(':') && ended.split_whitespace().count() >= PROSE * stops.len()
}

/// The other lines have no mark at their ends either.
fn keeps_habit(text: &str) -> bool {
    let mut lines = text.lines().rev().skip(1).peekable();
    lines.peek().is_some() && !lines.any(is_marked)
}

/// Where full stops after a word of some letters end a sentence. "Dr." and "1." end none.
fn ended_sentences(text: &str) -> impl Iterator<Item = usize> + '_ {
    let stops = text.match_indices('.').filter(|(at, _)| {
        let letters = text[..*at].chars().rev().take_while(|c| c.is_alphabetic()).count();
        let next = text[at + 1..].chars().next();
        letters >= WORD && next.is_some_and(|c| c.is_whitespace() || c == ',')
    });
    stops.map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use emrshare_record::Language;

    use super::{super::Standards, *};

    /// By the embedded database, for a diagnosis (1) or a course of stay (2).
    fn evidence_in(section: usize, text: &str) -> i32 {
        let language = Standards::embedded().language(Language::of(text));
        language.map_or(0, |standard| evidence(text, standard, &standard.rules[section]))
    }

    fn evidence_of(text: &str) -> i32 {
        evidence_in(1, text)
    }

    const BETWEEN: i32 = -(SIXTEENTHS as i32);

    #[test]
    fn a_cut_text_is_seen() {
        for whole in [
            "患者好转出院。",
            "2型糖尿病",
            "性别：女；年龄：70岁",
            "Fever with cough",
            "Resection of the left inguinal hernia",
        ] {
            assert!(evidence_of(whole) > BETWEEN, "{whole}");
        }
        for number in ["CKD, stage 3", "CKD, stage 3.", "temperature 98.6", "术后 2019-05"] {
            assert!(!is_open(number), "{number}");
        }
        for cut in [
            "1. 高血压\n2.",
            "血红蛋白5.",
            "经剖宫产术分娩（孕4产2",
            "referred to Dr.",
            "入院日期：2022-0",
            "fever. 2. ",
            "患者好转。继续",
            "脑外",
            "性别：女；年龄：70",
            "Fever with",
            "Fever with antibio",
            "Resection of the left inguinal herni",
            "全麻下行Resectio",
            "fever,",
            "",
        ] {
            assert!(evidence_of(cut) < BETWEEN, "{cut}");
        }
    }

    #[test]
    fn where_all_texts_end_with_a_mark_its_absence_counts() {
        assert!(habit("2型糖尿病", 0) > habit("2型糖尿病", 1000));
        assert_eq!(evidence_of("2型糖尿病。"), SURE);
    }

    #[test]
    fn running_prose_ends_with_a_stop() {
        let sentence = "He was brought in by his daughter after two days of vomiting and pain. ";
        assert!(is_prose(&format!("{sentence}The scan showed a dilated duct")));
        assert!(!is_prose(&format!("{sentence}Signed, B. Tremblay, DPT")), "a name");
        assert!(!is_prose(&format!("{sentence}PHYSICAL EXAMINATION")), "a heading");
        assert!(!is_prose(&format!("{sentence}cc: the family doctor")));
        assert!(!is_prose(&format!("{sentence}\nwidowed, lives alone")), "a line of its own");
        assert!(!is_prose("Retired teacher. Smoker. Lives with his wife"), "notes");
        let cut = format!("{sentence}The scan showed a dilated");
        assert!(evidence_of(&cut) < evidence_of("Seen today. The scan showed a dilated"));
    }

    #[test]
    fn lines_without_marks_make_a_line_without_one_usual() {
        let habit = |text| habit(text, 1000);
        assert!(habit("手术\n高血压病\n糖尿病") > habit("手术。\n高血压病。\n糖尿病"));
        assert!(habit("手术\n高血压病\n糖尿病") > habit("糖尿病"));
    }

    #[test]
    fn a_course_of_stay_that_says_how_it_went_on_is_whole() {
        for (whole, cut) in [
            ("予抗感染治疗后出院，一周后查甲功", "予抗感染治疗，查甲功"),
            ("Discharged with iron", "Treated with iron"),
        ] {
            assert!(evidence_in(2, whole) > evidence_in(2, cut), "{whole}");
            let [in_whole, in_cut] = [whole, cut].map(evidence_of);
            assert!(in_whole - in_cut < CLOSED, "a diagnosis says nothing of that: {whole}");
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
