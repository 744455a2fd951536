//! What a Patient resource says, as a sentence of basic information would.

use serde_json::Value;

use super::Language;

/// Labels and words of one language.
struct Words {
    /// Name, sex, date of birth, marital status, address.
    labels: [&'static str; 5],
    /// Between label and value, and at the end.
    marks: [&'static str; 2],
    /// Male, female, other, unknown.
    genders: [&'static str; 4],
}

const ENGLISH: Words = Words {
    labels: ["Patient", "Sex", "Date of birth", "Marital status", "Address"],
    marks: [": ", ". "],
    genders: ["male", "female", "other", "unknown"],
};

const CHINESE: Words = Words {
    labels: ["姓名", "性别", "出生日期", "婚姻状况", "住址"],
    marks: ["：", "。"],
    genders: ["男", "女", "其他", "不详"],
};

/// The text of a Patient; empty if it says nothing.
pub(super) fn text_of(patient: &Value, language: Language) -> String {
    let words = match language {
        Language::Chinese => CHINESE,
        Language::English => ENGLISH,
    };
    let gender = patient.get("gender").and_then(Value::as_str).map(|gender| {
        let known = ["male", "female", "other", "unknown"].iter().position(|it| *it == gender);
        words.genders[known.unwrap_or(3)].to_owned()
    });
    let marital = patient.get("maritalStatus").and_then(|status| {
        let shown = status.get("text").or_else(|| status.pointer("/coding/0/display"));
        shown.and_then(Value::as_str).map(str::to_owned)
    });
    let birth = patient.get("birthDate").and_then(Value::as_str).map(str::to_owned);
    let values = [
        chinese_name(patient).or_else(|| first(patient, "name", &["text", "given", "family"])),
        gender,
        birth,
        marital,
        first(
            patient,
            "address",
            &["text", "line", "city", "district", "state", "postalCode", "country"],
        ),
    ];
    let said = words.labels.iter().zip(values);
    let said = said.filter_map(|(label, value)| Some((label, value.filter(|it| !it.is_empty())?)));
    let said: Vec<_> = said.collect();
    if let [(_, alone)] = said.as_slice() {
        // A label is no information.
        return alone.clone();
    }
    let [between, end] = words.marks;
    let sentences = said.iter().map(|(label, value)| format!("{label}{between}{value}{end}"));
    sentences.collect::<String>().trim_end().to_owned()
}

/// A first name in Chinese characters that has no text: the family name stands first.
fn chinese_name(patient: &Value) -> Option<String> {
    let name = patient.pointer("/name/0").filter(|name| name.get("text").is_none())?;
    let family = name.get("family")?.as_str()?;
    let given = name.get("given").and_then(Value::as_array);
    let given = given.into_iter().flatten().filter_map(Value::as_str);
    family
        .chars()
        .all(Language::is_han)
        .then(|| given.fold(family.to_owned(), |name, it| name + it))
}

/// The first name or address, its members one after the other; a text alone if there is one.
fn first(patient: &Value, list: &str, members: &[&str]) -> Option<String> {
    let first = patient.get(list)?.get(0)?;
    let strings = |member: &&str| match first.get(*member) {
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut said = members.iter().map(strings).filter(|strings| !strings.is_empty());
    if first.get("text").is_some() {
        return said.next().map(|text| text.concat());
    }
    Some(said.flatten().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_stand_as_their_language_has_them() {
        let text =
            |name: Value, language| text_of(&json!({"name": [name], "gender": "male"}), language);
        let chinese = json!({"family": "欧阳", "given": ["修文"]});
        assert_eq!(text(chinese, Language::Chinese), "姓名：欧阳修文。性别：男。");
        let english = json!({"family": "Ashworth", "given": ["Nadia", "Jane"]});
        assert_eq!(text(english, Language::English), "Patient: Nadia Jane Ashworth. Sex: male.");
    }
}
