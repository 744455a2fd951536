//! Names behind a word of kinship (其母施桂兰患糖尿病) and before the words of a signature (文国庆敬上).

use std::sync::LazyLock;

use regex::Regex;

use super::family;
use crate::{Finding, Kind};

static KIN: LazyLock<Regex> = LazyLock::new(|| {
    let kin = "其(?:父|母|夫|妻|子|女|兄|弟|姐|妹|孙|媳|婿|祖父|祖母)|父亲|母亲|丈夫|妻子|爱人|儿子|女儿|\
        儿媳|女婿|哥哥|弟弟|姐姐|妹妹|孙子|孙女|外孙|外孙女|外甥|外甥女|侄子|侄女|岳父|岳母|公公|婆婆|爷爷|奶奶|\
        外公|外婆|姥姥|姥爷|叔叔|舅舅|姑姑|姨妈|堂兄|堂弟|表哥|表姐|表弟|表妹|堂姐|堂妹";
    Regex::new(&format!(r"(?:{kin})(?P<name>\p{{Han}}{{2,5}})(?P<end>.?)"))
        .expect("a fixed pattern")
});

static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[，。；：、 \n\u{3000}])(?P<name>\p{Han}{2,3})(?:敬上|敬启|敬诊|谨上|谨启|代签|亲笔)")
        .expect("a fixed pattern")
});

/// Characters with which a sentence goes on behind a name.
const BEHIND: &str = "患死去因于在曾陪代签称诉述自及和与为是的亦也已来要说";
/// Characters of what may be told of kin, of which no given name is made.
const NO_GIVEN: &str = "无未均已曾有在于病症癌炎痛血压糖热亡故世健体不是因由常为和与及其时术后前年岁疸祸装患死陪\
    称诉述说来去要的也者人同意否认知情签字代亦中风痰喘咳肿瘤";

/// Adds names of kin and of those who signed.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    for captures in KIN.captures_iter(text) {
        let Some(words) = captures.name("name") else { continue };
        if let Some(len) = name_len(words.as_str(), &text[words.end()..]) {
            findings.push(Finding::likely(words.start()..words.start() + len, Kind::Name));
        }
    }
    let signed = SIGNED.captures_iter(text).filter_map(|captures| captures.name("name"));
    let signed = signed.filter(|name| family::begins(name.as_str()));
    findings.extend(signed.map(|name| Finding::likely(name.range(), Kind::Name)));
}

/// Bytes of a family name and one or two characters of a given name, if a sign or a word that may
/// stand behind a name follows.
fn name_len(words: &str, rest: &str) -> Option<usize> {
    let characters: Vec<(usize, char)> = words.char_indices().collect();
    let family = [2, 1].into_iter().find(|len| {
        let end = characters.get(*len).map_or(words.len(), |(at, _)| *at);
        if *len == 2 { family::is_name(&words[..end]) } else { family::is_common(&words[..end]) }
    })?;
    let given = characters[family..].iter().take(2).take_while(|(_, c)| !NO_GIVEN.contains(*c));
    let len = family + given.count();
    let end = characters.get(len).map_or(words.len(), |(at, _)| *at);
    let next = words[end..].chars().chain(rest.chars()).next();
    let ends = next.is_none_or(|c| !super::is_han(c) || BEHIND.contains(c));
    (len > family && ends).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    #[test]
    fn kin_and_signatures() {
        let found = |text| found_by(find, text);
        assert_eq!(
            found("其母施桂兰患2型糖尿病，其兄季军死于肝癌，丈夫欧阳建在外地。父亲苗壮，"),
            ["施桂兰", "季军", "欧阳建", "苗壮"]
        );
        assert_eq!(found("恳请安排床位。文国庆敬上"), ["文国庆"]);
        for text in [
            "其母高血压，其父白血病，母亲黄疸，父亲车祸去世，儿子安装起搏器",
            "其母于2010年去世，其父和母亲均体健，女儿余无异常，丈夫何时来院",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
