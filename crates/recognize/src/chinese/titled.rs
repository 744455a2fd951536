//! Names that a title tells, whatever they look like: between a department and a title (神经内科热依汗医生),
//! a family name before one (找方院长), or behind 小 and 老 (护士小吴).

use std::sync::LazyLock;

use regex::Regex;

use super::family;
use crate::{Finding, Kind};

static TITLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"科(?P<name>\p{Han}{2,4}?)(?:医生|医师|大夫|主任|教授|护士)")
        .expect("a fixed pattern")
});

/// A family name between a word or sign and a title.
static FAMILY: LazyLock<Regex> = LazyLock::new(|| {
    let before = r"(?:^|[，。；、：:（( \n找请由经代与和向随跟让遵按据知报嘱诉谢问的员])";
    let title = "(?:院长|主任|教授|医生|医师|大夫|护士|老师|主治|主管)";
    Regex::new(&format!(r"{before}(?P<name>\p{{Han}}){title}")).expect("a fixed pattern")
});

/// A whole name between a sign and a form of address.
static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[，。；、：:（( \n\u{3000}])(?P<name>\p{Han}{2,3})(?:女士|先生)")
        .expect("a fixed pattern")
});

/// A family name behind 小 or 老 and one who is called so.
static FAMILIAR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:员|同事|同学|邻居|护士|医生|老乡|工友|室友|朋友|保姆|护工)(?P<name>[小老]\p{Han})",
    )
    .expect("a fixed pattern")
});

/// Of these a profession is made, not a name: 骨科主治医师, 内科值班医生.
const OF_PROFESSIONS: [&str; 28] = [
    "主治", "主任", "主管", "住院", "值班", "责任", "会诊", "专科", "进修", "实习", "管床", "经治",
    "上级", "当班", "门诊", "全体", "各位", "相关", "其他", "医院", "病区", "病房", "一线", "二线",
    "助理", "副", "总", "的",
];

/// Words of two characters that begin with 小 or 老 and a family name: 小时, 小叶.
const SMALL_WORDS: [&str; 8] = ["小时", "小于", "小叶", "小方", "小白", "小黄", "小麦", "老年"];

/// Adds names that a title or a form of address tells.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let mut add = |pattern: &Regex, is_name: fn(&str) -> bool| {
        let names = pattern.captures_iter(text).filter_map(|captures| captures.name("name"));
        let names = names.filter(|name| is_name(name.as_str()));
        findings.extend(names.map(|name| Finding::likely(name.range(), Kind::Name)));
    };
    add(&FAMILY, family::is_common);
    add(&ADDRESSED, family::begins_usual);
    add(&FAMILIAR, is_familiar);
    add(&TITLED, is_no_profession);
}

/// Whether the second character is a family name, and both are no word.
fn is_familiar(name: &str) -> bool {
    let family = name.char_indices().nth(1).map_or("", |(at, _)| &name[at..]);
    family::is_common(family) && !SMALL_WORDS.contains(&name)
}

fn is_no_profession(name: &str) -> bool {
    !OF_PROFESSIONS.iter().any(|word| name.contains(word))
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
        assert_eq!(found("门诊复查，找方院长；胡斌代汤主治签字"), ["方", "汤"]);
        assert_eq!(found("全主任医师、请主任会诊，副院长，由总医师"), [""; 0]);
        assert_eq!(found("随访：温馨女士您好，尊敬的女士、各位先生"), ["温馨"]);
        assert_eq!(found("社区网格员小吴协助，护士小时工，邻居老李"), ["小吴", "老李"]);
    }
}
