//! The judgement of sections.

use emrshare_record::{Language, Section, Sections};

use crate::{Reason, SectionScore, Standards, Verdict};

/// Texts that stand for a missing one.
const PLACEHOLDERS: [&str; 24] = [
    "无",
    "暂无",
    "不详",
    "未知",
    "未填",
    "未提供",
    "待补",
    "待补充",
    "略",
    "见附件",
    "详见附件",
    "同上",
    "none",
    "n/a",
    "na",
    "nil",
    "unknown",
    "tbd",
    "todo",
    "pending",
    "see attached",
    "see attachment",
    "not available",
    "not recorded",
];

/// Judges the three sections of a record.
#[must_use]
pub fn judge_sections(sections: &Sections, standards: &Standards) -> Verdict {
    let mut reasons = Vec::new();
    let whole = sections.joined();
    let scores = Section::ALL.map(|section| {
        let text = sections.get(section).trim();
        // A short section says little about its language; the record does.
        let language = Language::of(if text.chars().count() < 20 { &whole } else { text });
        let Some(standard) = standards.section(language, section) else {
            reasons.push(Reason::NoStandard { section, language: language.code() });
            return SectionScore { section, similarity: 0, threshold: 0 };
        };
        let similarity = standard.similarity(text);
        let threshold = standard.thresholds.similarity_min;
        reasons.extend(fault(section, text, standard.thresholds.characters_min).or_else(|| {
            (similarity < threshold).then_some(Reason::Unlike { section, similarity, threshold })
        }));
        SectionScore { section, similarity, threshold }
    });
    let whole_similarity =
        standards.whole(Language::of(&whole)).map_or(0, |standard| standard.similarity(&whole));
    Verdict::new(scores, whole_similarity, reasons)
}

/// What is wrong without any comparison.
fn fault(section: Section, text: &str, needed: usize) -> Option<Reason> {
    let found = text.chars().filter(|character| !character.is_whitespace()).count();
    if found == 0 {
        return Some(Reason::Missing { section });
    }
    let bare = text.trim_matches(|c: char| {
        c.is_whitespace() || c.is_ascii_punctuation() || "。、，；：".contains(c)
    });
    let bare = bare.to_lowercase();
    if bare.is_empty() || PLACEHOLDERS.contains(&bare.as_str()) {
        return Some(Reason::Placeholder { section });
    }
    (found < needed).then_some(Reason::TooShort { section, found, needed })
}
