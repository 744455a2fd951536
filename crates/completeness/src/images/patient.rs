//! Is an image of the record's patient?

use emrshare_record::{Record, dicom::Subject};
use serde_json::Value;

/// What an image's header says of the record's patient.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Compare {
    /// Nothing that it says is another patient's.
    Same,
    /// Sex or birth date are another's, or both under the same number.
    Doubtful,
    /// Sex and birth date are another's.
    Other,
}

/// Compares an image's header with the record's patient; of several, with the one that it fits best,
/// such as a child or its mother.
pub(super) fn compare(record: &Record, subject: &Subject) -> Compare {
    let patients = record.bundle().of_type("Patient");
    patients.map(|patient| compared(patient, subject)).min().unwrap_or(Compare::Same)
}

fn compared(patient: &Value, subject: &Subject) -> Compare {
    let text = |name: &str| patient.get(name).and_then(Value::as_str);
    let sex = text("gender").and_then(|gender| match gender {
        "male" => Some('M'),
        "female" => Some('F'),
        _ => None,
    });
    let birth = text("birthDate").map(|date| date.replace('-', ""));
    let birth = birth.filter(|date| date.len() == 8);
    let is_other_sex = sex.zip(subject.sex).is_some_and(|(a, b)| a != b);
    let is_other_birth = birth.zip(subject.birth.as_ref()).is_some_and(|(a, b)| a != *b);
    match (is_other_sex, is_other_birth) {
        (false, false) => Compare::Same,
        (true, true) if !has_number(patient, subject) => Compare::Other,
        _ => Compare::Doubtful,
    }
}

/// Whether the image's patient has a number of the record's.
fn has_number(patient: &Value, subject: &Subject) -> bool {
    let numbers = patient.get("identifier").and_then(Value::as_array).into_iter().flatten();
    let mut numbers = numbers.filter_map(|number| number.get("value")?.as_str());
    numbers.any(|number| Some(number) == subject.id.as_deref())
}

#[cfg(test)]
mod tests {
    use emrshare_record::Bundle;
    use serde_json::json;

    use super::*;

    fn record(patients: &[Value]) -> Record {
        let mut bundle = Bundle::empty();
        patients.iter().for_each(|patient| bundle.push(patient.clone()));
        Record::new(bundle, Vec::new())
    }

    fn subject(sex: char, birth: &str) -> Subject {
        Subject { id: Some("778".into()), sex: Some(sex), birth: Some(birth.into()) }
    }

    fn patient(gender: &str, birth: &str) -> Value {
        json!({"resourceType": "Patient", "gender": gender, "birthDate": birth})
    }

    #[test]
    fn an_image_of_another_patient_is_told() {
        let woman = patient("female", "1968-03-12");
        let compared = |subject: &Subject| compare(&record(std::slice::from_ref(&woman)), subject);
        assert_eq!(compared(&subject('F', "19680312")), Compare::Same);
        assert_eq!(compared(&subject('F', "19680321")), Compare::Doubtful);
        assert_eq!(compared(&subject('M', "19680312")), Compare::Doubtful);
        assert_eq!(compared(&subject('M', "19520519")), Compare::Other);
        assert_eq!(compared(&Subject::default()), Compare::Same);
    }

    #[test]
    fn what_a_record_does_not_say_is_no_difference() {
        for silent in [record(&[]), record(&[patient("unknown", "1968")])] {
            assert_eq!(compare(&silent, &subject('M', "19520519")), Compare::Same);
        }
    }

    #[test]
    fn of_several_patients_the_nearest_counts_and_the_same_number_is_no_other() {
        let mut child = patient("male", "2023-05-06");
        let both = record(&[patient("female", "1994-01-02"), child.clone()]);
        assert_eq!(compare(&both, &subject('M', "20230506")), Compare::Same);
        assert_eq!(compare(&both, &subject('F', "20230506")), Compare::Doubtful);
        child["identifier"] = json!([{"value": "778"}]);
        assert_eq!(compare(&record(&[child]), &subject('F', "19520519")), Compare::Doubtful);
    }
}
