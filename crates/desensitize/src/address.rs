//! Addresses made coarser.

use std::sync::LazyLock;

use regex::Regex;

use crate::Level;

/// A part of an address, the largest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Part {
    Country,
    Province,
    City,
    District,
    /// Anything smaller, and post codes.
    Street,
}

impl Part {
    /// Whether it stays when an address is made as coarse as this.
    pub(crate) fn stays(self, level: Level) -> bool {
        let smallest = match level {
            Level::District => Self::District,
            Level::City => Self::City,
            Level::Province => Self::Province,
            _ => Self::Country,
        };
        self <= smallest
    }
}

/// Provinces, prefectures and counties by the characters that end them (GB/T 2260).
static CHINESE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:中国)?
        (?P<province>[\p{Han}--[省市区县镇乡村路街道号]]{2,8}?(?:省|自治区|特别行政区)|(?:北京|上海|天津|重庆)市?)?
        (?P<city>[\p{Han}--[省市区县镇乡村路街道号]]{1,10}?(?:市|自治州|地区|盟))?
        (?P<district>[\p{Han}--[省市区县镇乡村路街道号]]{1,10}?(?:区|县|旗|市))?",
    )
    .expect("a fixed pattern")
});

/// The large parts of an address in one text; `None` if it has none.
pub(crate) fn coarser(address: &str, level: Level) -> Option<String> {
    let parts = CHINESE.captures(address.trim())?;
    let named = [(Part::Province, "province"), (Part::City, "city"), (Part::District, "district")];
    let stay = named.into_iter().filter(|(part, _)| part.stays(level));
    let kept: String =
        stay.filter_map(|(_, name)| parts.name(name)).map(|part| part.as_str()).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_addresses() {
        let address = "浙江省杭州市西湖区文三路109号";
        for (level, kept) in [
            (Level::District, Some("浙江省杭州市西湖区")),
            (Level::City, Some("浙江省杭州市")),
            (Level::Province, Some("浙江省")),
            (Level::Country, None),
        ] {
            assert_eq!(coarser(address, level).as_deref(), kept);
        }
        assert_eq!(
            coarser("北京市朝阳区建国路1号", Level::District).as_deref(),
            Some("北京市朝阳区")
        );
        assert_eq!(coarser("西湖区文三路109号", Level::City), None);
        assert_eq!(coarser("西湖区延安路市民中心", Level::City), None);
        assert_eq!(coarser("12 Cedar Lane", Level::District), None);
    }
}
