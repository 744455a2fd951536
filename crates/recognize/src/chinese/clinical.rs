//! Clinical words that look like names: drugs, diseases named after people, findings.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

static TERMS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(include_str!("../../data/medical_terms.txt").lines())
        .expect("a list of fixed size")
});

/// What a drug is given as or how much of it, right behind its name.
static DOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ (（]*(?:[\d.]+ ?(?:mg|g|ml|ug|μg|iu|u|万|%|片|粒|支)|(?:片|胶囊|注射|针|颗粒|口服|软膏|乳膏|滴眼|滴丸|栓|丸|散|汤|化疗|静滴|静推|方案|综合征|氏|病|征|菌|试验|(?:po|iv|im|bid|tid|qd|qn)(?-u:\b)))")
        .expect("a fixed pattern")
});

/// Words behind which a drug is named.
const GIVEN: [&str; 16] = [
    "口服", "静滴", "静注", "静推", "肌注", "服用", "给予", "予以", "用药", "应用", "联合", "联用",
    "改用", "加用", "停用", "+",
];

/// Words of care.
static CARE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = "患者 病人 患儿 产妇 孕妇 医师 医生 护士 大夫 入院 出院 住院 门诊 急诊 病区 病房 查房 \
                 诊断 病史 病程 主诉 会诊 手术 术后 术前 麻醉 护理 治疗 复诊 随访 随诊 转诊 抢救";
    AhoCorasick::new(words.split_whitespace()).expect("a list of fixed size")
});

/// Whether a text is one of a hospital: it has a word of care, or two terms of medicine.
pub(super) fn is_of_hospital(text: &str, terms: &[Range<usize>]) -> bool {
    terms.len() > 1 || CARE.is_match(text)
}

/// Where clinical terms stand.
pub(super) fn terms(text: &str) -> Vec<Range<usize>> {
    TERMS.find_iter(text).map(|found| found.range()).collect()
}

/// Whether a finding is a clinical term, or a part of one, or a drug by what stands around it.
pub(super) fn is_part(text: &str, terms: &[Range<usize>], finding: &Range<usize>) -> bool {
    let first = terms.partition_point(|term| term.end <= finding.start);
    let mut overlapping = terms[first..].iter().take_while(|term| term.start < finding.end);
    let as_long = |term: &Range<usize>| finding.len() <= term.len() + "字".len();
    overlapping.any(as_long)
        || DOSE.is_match(&text[finding.end..])
        || GIVEN.iter().any(|word| text[..finding.start].ends_with(word))
}
