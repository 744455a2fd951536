//! Times and genders as HL7 v2 and CDA write them.

/// `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]` (HL7 v2 DTM, HL7 v3 TS) as a FHIR `dateTime`: with the time if
/// it has a zone, otherwise the day.
pub(crate) fn date_time(text: &str) -> Option<String> {
    let day = date(text)?;
    Some(time_of(text).filter(|_| day.len() == 10).map_or(day.clone(), |time| day + &time))
}

/// `THH:MM:SS±ZZ:ZZ`
fn time_of(text: &str) -> Option<String> {
    let (time, zone) = text.split_at(text.find(['+', '-'])?);
    let (hour, minute, second) = (two(time, 8)?, two(time, 10)?, two(time, 12).unwrap_or(0));
    let (zone_hour, zone_minute) = (two(zone, 1)?, two(zone, 3)?);
    let is_time = hour < 24 && minute < 60 && second < 60 && zone_hour < 15 && zone_minute < 60;
    let sign = &zone[..1];
    is_time
        .then(|| format!("T{hour:02}:{minute:02}:{second:02}{sign}{zone_hour:02}:{zone_minute:02}"))
}

/// The day, month or year of such a time.
pub(crate) fn date(text: &str) -> Option<String> {
    let year: u32 = text.get(..4)?.parse().ok().filter(|year| (1000..=9999).contains(year))?;
    let Some(month) = two(text, 4).filter(|month| (1..=12).contains(month)) else {
        return Some(format!("{year}"));
    };
    match two(text, 6).filter(|day| (1..=31).contains(day)) {
        Some(day) => Some(format!("{year}-{month:02}-{day:02}")),
        None => Some(format!("{year}-{month:02}")),
    }
}

/// FHIR's code for a code of HL7 table 0001, of HL7 v3 or of GB/T 2261.1.
pub(crate) fn gender(code: &str) -> &'static str {
    match code.to_ascii_uppercase().as_str() {
        "M" | "1" | "男" => "male",
        "F" | "2" | "女" => "female",
        "O" | "A" | "UN" => "other",
        _ => "unknown",
    }
}

fn two(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 2)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_what_they_say_and_invent_nothing() {
        let cases = [
            ("2004", Some("2004")),
            ("200401", Some("2004-01")),
            ("20040125", Some("2004-01-25")),
            ("20040125114025", Some("2004-01-25")),
            ("20040125114025+0420", Some("2004-01-25T11:40:25+04:20")),
            ("200401251140-0500", Some("2004-01-25T11:40:00-05:00")),
            ("20040125114025.123+0800", Some("2004-01-25T11:40:25+08:00")),
            ("20041325", Some("2004")),
            ("20040125250000+0800", Some("2004-01-25")),
            ("0000", None),
            ("yesterday", None),
        ];
        for (text, expected) in cases {
            assert_eq!(date_time(text).as_deref(), expected, "{text}");
        }
    }
}
