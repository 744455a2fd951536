//! A person and a story as a FHIR Bundle.

use serde_json::{Value, json};

use crate::{
    Random,
    image::Imaging,
    person::{Person, iso},
    stories::Story,
};

pub(crate) fn write(
    random: &mut Random,
    person: &Person,
    story: &Story,
    imaging: Option<(Imaging, &str)>,
) -> Vec<u8> {
    let mut entries = vec![
        patient(person),
        json!({
            "resourceType": "Practitioner", "id": "doctor",
            "name": [{"text": person.doctor}],
        }),
        json!({"resourceType": "Organization", "id": "hospital", "name": person.hospital}),
        json!({
            "resourceType": "Encounter", "id": "stay", "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP",
            },
            "subject": {"reference": "Patient/patient"},
            "serviceProvider": {"reference": "Organization/hospital"},
            "period": {"start": iso(person.admission), "end": iso(person.discharge())},
        }),
        condition("main", story.diagnosis, Some(story.icd10)),
        condition("second", story.second, None),
        composition(random, person, story),
    ];
    entries.extend(imaging.map(|(imaging, study)| imaging_study(imaging, study)));
    let entries: Vec<_> =
        entries.into_iter().map(|resource| json!({ "resource": resource })).collect();
    let bundle = json!({"resourceType": "Bundle", "type": "document", "entry": entries});
    serde_json::to_vec_pretty(&bundle).expect("a JSON value can be written")
}

fn patient(person: &Person) -> Value {
    json!({
        "resourceType": "Patient", "id": "patient",
        "identifier": [
            {"system": "urn:emrshare:identity", "value": person.identity},
            {"system": "urn:emrshare:medical-record-number", "value": person.number},
        ],
        "name": [{
            "family": person.family, "given": [person.given], "text": person.full_name(),
        }],
        "gender": if person.female { "female" } else { "male" },
        "birthDate": iso(person.birth),
        "telecom": [{"system": "phone", "value": person.phone}],
        "address": [{
            "city": person.city, "line": [person.line],
            "country": if person.chinese { "CN" } else { "US" },
        }],
    })
}

fn condition(id: &str, text: &str, icd10: Option<&str>) -> Value {
    let mut code = json!({ "text": text });
    if let Some(icd10) = icd10 {
        let system = "http://hl7.org/fhir/sid/icd-10";
        code["coding"] = json!([{"system": system, "code": icd10, "display": text}]);
    }
    json!({
        "resourceType": "Condition", "id": id, "code": code,
        "subject": {"reference": "Patient/patient"},
    })
}

fn imaging_study(imaging: Imaging, study: &str) -> Value {
    json!({
        "resourceType": "ImagingStudy", "id": "imaging", "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": format!("urn:oid:{study}")}],
        "subject": {"reference": "Patient/patient"},
        "series": [{
            "uid": format!("{study}.1"),
            "numberOfInstances": 1,
            "modality": {
                "system": "http://dicom.nema.org/resources/ontology/DCM",
                "code": imaging.modality(),
            },
            "bodySite": {"display": imaging.body_part()},
        }],
    })
}

fn composition(random: &mut Random, person: &Person, story: &Story) -> Value {
    let [basic, diagnosis, course] = if person.chinese {
        chinese(random, person, story)
    } else {
        english(random, person, story)
    };
    let titles = if person.chinese {
        ["基本信息", "诊断", "住院经过"]
    } else {
        ["Basic information", "Diagnosis", "Hospital course"]
    };
    let codes = ["45970-1", "29548-5", "8648-8"];
    let sections: Vec<_> = titles
        .iter()
        .zip(codes)
        .zip([basic, diagnosis, course])
        .map(|((title, code), text)| {
            let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{text}</p></div>");
            json!({
                "title": title,
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "text": {"status": "generated", "div": div},
            })
        })
        .collect();
    json!({
        "resourceType": "Composition", "id": "summary", "status": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}]},
        "subject": {"reference": "Patient/patient"},
        "author": [{"reference": "Practitioner/doctor"}],
        "date": iso(person.discharge()),
        "title": if person.chinese { "出院小结" } else { "Discharge summary" },
        "section": sections,
    })
}

fn chinese(random: &mut Random, person: &Person, story: &Story) -> [String; 3] {
    let (year, month, day) = person.admission;
    let sex = if person.female { "女" } else { "男" };
    let room = random.between(1, 40);
    [
        format!(
            "姓名：{}，性别：{sex}，年龄：{}岁，身份证号：{}，联系电话：{}，住址：{}{}，科别：{}，\
             住院号：{}，床号：{room}床，入院日期：{year}年{month}月{day}日，住院天数：{}天",
            person.full_name(),
            person.age(),
            person.identity,
            person.phone,
            person.city,
            person.line,
            story.department,
            person.number,
            person.days,
        ),
        format!(
            "主要诊断：{}。其他诊断：{}。诊断依据：{}。",
            story.diagnosis, story.second, story.basis
        ),
        format!(
            "患者{}因“{}”于{year}年{month}月{day}日收入{}。入院查体：{}。诊疗经过：{}。主管医师：{}。",
            person.full_name(),
            story.complaint,
            story.department,
            story.findings,
            story.course,
            person.doctor,
        ),
    ]
}

fn english(random: &mut Random, person: &Person, story: &Story) -> [String; 3] {
    let sex = if person.female { "female" } else { "male" };
    let title = if person.female { "Mrs." } else { "Mr." };
    let admitted = iso(person.admission);
    let ward = random.between(1, 12);
    [
        format!(
            "Name: {}. Sex: {sex}. Age: {} years. Date of birth: {}. Record number: {}. Social \
             security number: {}. Telephone: {}. Address: {}, {}. Department: {}, ward {ward}. \
             Admitted: {admitted}. Length of stay: {} days.",
            person.full_name(),
            person.age(),
            iso(person.birth),
            person.number,
            person.identity,
            person.phone,
            person.line,
            person.city,
            story.department,
            person.days,
        ),
        format!(
            "Principal diagnosis: {}. Secondary diagnosis: {}. Grounds: {}.",
            story.diagnosis, story.second, story.basis
        ),
        format!(
            "{title} {} was admitted on {admitted} with {}. On examination: {}. {}. Attending \
             physician: Dr. {}.",
            person.family, story.complaint, story.findings, story.course, person.doctor,
        ),
    ]
}
