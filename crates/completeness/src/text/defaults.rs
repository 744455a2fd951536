//! What a new database asks for beside what it has learnt.

use emrshare_record::{Language, Section};

use super::{
    measure,
    scale::SIXTEENTHS,
    standards::{Bound, Element},
};

/// Near the end of a Chinese course of stay.
const CHINESE_CLOSINGS: &str = "出院; 离院; 返院; 转院; 转入; 转至; 转回; 回当地; 随诊; 随访; 复诊; 复查; 门诊; 定期; \
    嘱; 带药; 拆线; 告知; 建议; 治愈; 痊愈; 好转; 恢复; 康复; 死亡; 自动";

/// Near the end of an English course of stay.
const ENGLISH_CLOSINGS: &str = "discharge; d/c; went home; sent home; to home; going home; home on; home with; \
    return; follow; f/u; clinic; outpatient; appointment; next visit; rehab; nursing home; facility; transfer; \
    hospice; recover; tolerated; condition; stable; advised; advice; instruct; arranged; review; recheck; \
    repeat; to continue; continue ; will be; died; expired; deceased";

/// Chinese diagnoses end with names of diseases, which are known better than other ends; basic
/// information with whatever a form asks for last.
pub(super) const fn ending_bound(language: Language, section: Section) -> Bound {
    let bits = match (language, section) {
        (Language::Chinese, Section::Diagnosis) => -3,
        (Language::Chinese, Section::Basic) => -6,
        (Language::English, Section::Diagnosis) => -4,
        _ => return measure::ending_bound(),
    };
    measure::ending_bound_of(bits * SIXTEENTHS as i32)
}

/// What is said near the end of a whole course of stay.
pub(super) fn closings(language: Language, section: Section) -> Vec<String> {
    let words = match (section, language) {
        (Section::Hospitalisation, Language::Chinese) => CHINESE_CLOSINGS,
        (Section::Hospitalisation, Language::English) => ENGLISH_CLOSINGS,
        _ => return Vec::new(),
    };
    words.split("; ").map(str::to_owned).collect()
}

/// What a section's text must name by default: of basic information sex or age.
pub(super) fn elements(language: Language, section: Section) -> Vec<Element> {
    let element = |name: &str, words: &[&str]| Element {
        name: name.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    match (section, language) {
        (Section::Basic, Language::Chinese) => vec![
            element("sex", &["男", "女", "性别"]),
            element("age", &["岁", "龄", "出生", "月大", "天大"]),
        ],
        (Section::Basic, Language::English) => {
            let mut sex = element(
                "sex",
                &[
                    "male", "man", "lady", "boy", "girl", "sex", "gender", "he ", "his ", "she ",
                    "her ", "mr ", "mr.", "mrs", "ms ", "ms.", "miss", "gravida", "pregnan",
                    "widow",
                ],
            );
            // 83F, 62M.
            let short = ('0'..='9').flat_map(|digit| ['f', 'm'].map(|sex| format!("{digit}{sex}")));
            sex.words.extend(short.flat_map(|short| [' ', ','].map(|end| format!("{short}{end}"))));
            let age = element(
                "age",
                &[
                    "year", "month", "age", "born", "birth", "dob", "yo ", "y/o", "y.o", "infant",
                    "neonate",
                ],
            );
            vec![sex, age]
        }
        _ => Vec::new(),
    }
}
