//! Do the sections speak of one person?

use std::sync::LazyLock;

use emrshare_record::{Section, Sections};
use regex::Regex;

/// What a section says of the patient's sex, if it says so plainly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sex {
    Female,
    Male,
}

/// Plain statements: a field, or the patient with age and sex. Relatives are not meant.
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?: 性别 \s* [:：]? \s* | 患者 [，,、]? \s* (?:为|系)? (?:老年|中老年|中年|青年|\d+岁)* [，,]? \s*
          | (?:老年|中年|青年|岁) [，,]? \s* )
          (?: (?<zh_female>女) | (?<zh_male>男) )
        | (?i: \b (?: sex | gender ) \s* :? \s* (?: (?<en_female>f(?:emale)?) | (?<en_male>m(?:ale)?) ) \b
          | \b (?: patient | this | he | she ) \s+ (?: is | was ) \s+ an? \s+
            \d+ [-\ ] year [-\ ] old \s+ (?: \w+ [-\ ] ){0,2}?
            (?: (?<en_woman>female|woman|lady|girl) | (?<en_man>male|man|gentleman|boy) ) \b )",
    )
    .expect("a constant that the tests compile")
});

/// Characters after 女 or 男 that make a relative or friend of it: 女儿, 女婿, 男友, 女朋友, 男方.
const RELATIVE: [char; 5] = ['儿', '婿', '友', '朋', '方'];

/// What stands before the sex of a child that was born.
const NEWBORN: [&str; 8] = ["婴", "新生儿", "胎", "娩", "baby", "infant", "newborn", "neonate"];

/// Characters between a child and its sex, at most.
const CHILD: usize = 16;

/// The first section that contradicts an earlier one in the patient's sex.
pub(crate) fn contradicting(sections: &Sections) -> Option<Section> {
    let mut known = None;
    Section::ALL.into_iter().find(|section| {
        let said = sex(sections.get(*section));
        let contradicts = said.is_some() && known.is_some() && said != known;
        known = known.or(said);
        contradicts
    })
}

/// The sex that a text states; `None` if it states none or both.
fn sex(text: &str) -> Option<Sex> {
    let mut said = None;
    for found in STATEMENT.captures_iter(text) {
        let whole = found.get(0).map_or(0..0, |whole| whole.range());
        if text[whole.end..].starts_with(RELATIVE) || is_of_newborn(&text[..whole.start]) {
            continue;
        }
        let is_female = ["zh_female", "en_female", "en_woman"];
        let female = is_female.iter().any(|name| found.name(name).is_some());
        let sex = if female { Sex::Female } else { Sex::Male };
        if said.is_some_and(|said| said != sex) {
            return None;
        }
        said = Some(sex);
    }
    said
}

/// Whether a text ends with a child that was born, whose sex is told next.
fn is_of_newborn(before: &str) -> bool {
    let start = before.char_indices().rev().nth(CHILD - 1).map_or(0, |(at, _)| at);
    let near = before[start..].to_lowercase();
    NEWBORN.iter().any(|word| near.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_is_told_from_others() {
        assert_eq!(sex("性别：女；年龄：70岁"), Some(Sex::Female));
        assert_eq!(sex("患者老年男性，急性起病"), Some(Sex::Male));
        assert_eq!(sex("This is a 45-year-old white female."), Some(Sex::Female));
        assert_eq!(sex("Sex: M"), Some(Sex::Male));
        assert_eq!(sex("患者70岁，女儿陪同入院"), None);
        assert_eq!(sex("患者70岁，女性"), Some(Sex::Female));
        assert_eq!(sex("The mother of a 3-year-old boy was seen."), None);
        assert_eq!(sex("his mother and a female nurse; 女儿陪同"), None);
        assert_eq!(sex("患者男性，48岁，其妻36岁，女性"), None);
        assert_eq!(sex("剖宫产娩一活婴，性别男，体重3200g"), None);
        assert_eq!(sex("She delivered a healthy baby (sex: male)."), None);
    }

    #[test]
    fn a_section_of_another_patient_is_named() {
        let sections = |third: &str| {
            Sections::new("性别：女；年龄：70岁".into(), "2型糖尿病".into(), third.into())
        };
        assert_eq!(
            contradicting(&sections("患者男性，行手术治疗。")),
            Some(Section::Hospitalisation)
        );
        assert_eq!(contradicting(&sections("患者女性，行手术治疗。")), None);
    }
}
