//! Names between a department and a title, whatever they look like: 神经内科热依汗医生.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Finding, Kind};

static TITLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"科(?P<name>\p{Han}{2,4}?)(?:医生|医师|大夫|主任|教授|护士)")
        .expect("a fixed pattern")
});

/// Of these a profession is made, not a name: 骨科主治医师, 内科值班医生.
const OF_PROFESSIONS: [&str; 28] = [
    "主治", "主任", "主管", "住院", "值班", "责任", "会诊", "专科", "进修", "实习", "管床", "经治",
    "上级", "当班", "门诊", "全体", "各位", "相关", "其他", "医院", "病区", "病房", "一线", "二线",
    "助理", "副", "总", "的",
];

/// Adds what stands between 科 and a title.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let names = TITLED.captures_iter(text).filter_map(|captures| captures.name("name"));
    let persons =
        names.filter(|name| !OF_PROFESSIONS.iter().any(|word| name.as_str().contains(word)));
    findings.extend(persons.map(|name| Finding::likely(name.range(), Kind::Name)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    #[test]
    fn a_person_and_a_profession() {
        let found = |text| found_by(find, text);
        assert_eq!(found("请神经内科热依汗医生会诊"), ["热依汗"]);
        assert_eq!(found("骨科主治医师、内科值班医生、外科主任、科护士长"), [""; 0]);
    }
}
