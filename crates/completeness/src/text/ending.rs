//! Does a text end, or was it cut off?

use std::sync::LazyLock;

use regex::Regex;

use super::{
    ends, grams,
    scale::{SIXTEENTHS, log2_sixteenths},
};

/// The most that an ending can say for or against a text: 16 times a logarithm to base 2.
pub(crate) const SURE: i32 = 8 * SIXTEENTHS as i32;

/// Characters from the end in which a list's number or a date is looked for.
const TAIL: usize = 16;

/// What counts against an ending if the rest of the text shows how it should look.
const BREAKS_HABIT: i32 = -3 * SIXTEENTHS as i32;

/// Letters that a word before a full stop has at least, if it is no abbreviation.
const WORD: usize = 4;

/// Added to each share of texts, in thousandths, so that no mark is ever certain.
const DOUBT: u64 = 20;

/// How much likelier a text ends like this whole than cut off: 16 times a logarithm to base 2.
///
/// `marked` is how many of a thousand complete texts of its kind end with a full stop or another
/// mark that ends a sentence.
pub(crate) fn evidence(text: &str, table: &[u8], marked: u32) -> i32 {
    let text = text.trim_end();
    match text.chars().next_back() {
        None => -SURE,
        Some(_) if is_open(text) => -SURE,
        Some(last) if is_terminal(last) => SURE,
        Some(';' | '；') => -SURE,
        Some(last) if grams::is_open(last) || grams::is_pause(last) => -SURE,
        Some(_) if has_open_bracket(text) => -SURE,
        Some(_) => {
            let unmarked = 1000 - u64::from(marked.min(1000)) + DOUBT;
            let usual = log2_sixteenths(unmarked) as i32 - log2_sixteenths(1000 + DOUBT) as i32;
            let habit = if breaks_habit(text) {
                usual.min(BREAKS_HABIT)
            } else if keeps_habit(text) {
                usual / 2
            } else {
                usual
            };
            (ends::after(text, table) + habit).clamp(-SURE, SURE)
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

/// The other lines have no mark at their ends either.
fn keeps_habit(text: &str) -> bool {
    let mut lines = text.lines().rev().skip(1).peekable();
    lines.peek().is_some() && !lines.any(is_marked)
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
    use emrshare_record::Language;

    use super::{
        super::{Standards, language::LanguageStandard},
        *,
    };

    /// By the embedded database, for a diagnosis.
    fn evidence_of(text: &str) -> i32 {
        let standards = Standards::embedded();
        let language = standards.language(Language::of(text));
        let marked = |standard: &LanguageStandard| standard.rules[1].marked;
        language.map_or(0, |standard| evidence(text, &standard.ends, marked(standard)))
    }

    #[test]
    fn a_cut_text_is_seen() {
        for whole in [
            "患者好转出院。",
            "2型糖尿病",
            "性别：女；年龄：70岁",
            "Fever with cough",
            "Resection of the left inguinal hernia",
        ] {
            assert!(evidence_of(whole) > 0, "{whole}");
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
            assert!(evidence_of(cut) < 0, "{cut}");
        }
    }

    #[test]
    fn where_all_texts_end_with_a_mark_its_absence_counts() {
        let evidence = |text, marked| evidence(text, &[], marked);
        assert!(evidence("2型糖尿病", 0) > evidence("2型糖尿病", 1000));
        assert_eq!(evidence("2型糖尿病。", 1000), SURE);
    }

    #[test]
    fn lines_without_marks_make_a_line_without_one_usual() {
        let evidence = |text| evidence(text, &[], 1000);
        assert!(evidence("手术\n高血压病\n糖尿病") > evidence("手术。\n高血压病。\n糖尿病"));
        assert!(evidence("手术\n高血压病\n糖尿病") > evidence("糖尿病"));
    }

    #[test]
    fn a_list_shows_what_its_items_look_like() {
        assert!(breaks_habit("性别：女；年龄：70岁；科"));
        assert!(!breaks_habit("性别：女；年龄：70岁；科别：外科"));
        assert!(breaks_habit("He went home. He was well. He then"));
        assert!(!breaks_habit("acute appendicitis"));
    }
}
