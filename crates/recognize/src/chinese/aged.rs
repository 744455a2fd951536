//! Names that a sex or an age behind them tells, words or not: 田野，男，45岁; 父龙腾，32岁.

use std::sync::LazyLock;

use regex::Regex;

use super::family;
use crate::{Finding, Kind};

/// A name of two or three characters behind a sign or a word for a person.
static BEFORE_SEX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[，,。；：:、（( \n\u{3000}者人儿妇属])(?P<name>\p{Han}{2,3})[，,、 ] ?(?:性别[:：]? ?)?[男女][，,、。； ]")
        .expect("a fixed pattern")
});

/// One behind a word of kinship or for a person.
static BEFORE_AGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"[父母夫妻子女兄弟姐妹者人儿妇属](?P<name>\p{Han}{2,3})[，,、 ] ?(?:现年|年)?\d{1,3}岁",
    )
    .expect("a fixed pattern")
});

/// Adds names that begin with a usual family name.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    if !text.contains(['男', '女', '岁']) {
        return;
    }
    for pattern in [&BEFORE_SEX, &BEFORE_AGE] {
        let names = pattern.captures_iter(text).filter_map(|captures| captures.name("name"));
        let names = names.filter(|name| family::begins_usual(name.as_str()));
        findings.extend(names.map(|name| Finding::likely(name.range(), Kind::Name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    #[test]
    fn names_before_a_sex_or_an_age() {
        let found = |text| found_by(find, text);
        assert_eq!(
            found("田野，男，45岁。患者吉祥，女，既往体健。父龙腾，32岁，务农；母向小红，30岁"),
            ["田野", "吉祥", "龙腾", "向小红"]
        );
        assert_eq!(found("立遗嘱人尤金花，现年90岁"), ["尤金花"]);
        for text in ["患者，男，45岁，农民，女性", "高龄，女性，患者高热，3天", "产妇，32岁"]
        {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
