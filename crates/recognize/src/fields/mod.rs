//! What the names of fields say of their values: columns of a table, keys of JSON, tags and attributes
//! of XML, names before `=`.

mod assigned;
mod chinese;
mod latin;
mod value;
mod xml;

pub use value::value_of_field;

use crate::{Finding, Kind, context::is_han};

/// Adds values of XML, and of fields that are named in the text.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    xml::find(text, findings);
    assigned::find(text, findings);
}

/// What a field's value is, if its name says that it identifies a person.
///
/// ```
/// use emrshare_recognize::{Kind, kind_of_field};
///
/// assert_eq!(kind_of_field("PatientName"), Some(Kind::Name));
/// assert_eq!(kind_of_field("住院号"), Some(Kind::Id));
/// assert_eq!(kind_of_field("inpatient_no"), Some(Kind::Id));
/// assert_eq!(kind_of_field("drug_name"), None);
/// ```
#[must_use]
pub fn kind_of_field(name: &str) -> Option<Kind> {
    let name = name.trim();
    if name.contains(is_han) { chinese::kind_of(name) } else { latin::kind_of(name) }
}

/// What a field's value is, by its own name or as a part of what it stands in, such as the `id` of a
/// `patient`.
///
/// ```
/// use emrshare_recognize::{Kind, kind_of_part};
///
/// assert_eq!(kind_of_part("patient", "name"), Some(Kind::Name));
/// assert_eq!(kind_of_part("patient", "mrn"), Some(Kind::Id));
/// assert_eq!(kind_of_part("drug", "name"), None);
/// ```
#[must_use]
pub fn kind_of_part(owner: &str, name: &str) -> Option<Kind> {
    const PARTS: [&str; 12] = [
        "name", "id", "no", "number", "first", "last", "given", "family", "middle", "value",
        "line", "state",
    ];
    let is_part = || PARTS.iter().any(|part| name.eq_ignore_ascii_case(part));
    kind_of_field(name)
        .or_else(|| is_part().then(|| kind_of_field(&format!("{owner} {name}"))).flatten())
}

/// Values of the elements and attributes of XML whose names say what they are, in order of their tags.
///
/// ```
/// use emrshare_recognize::find_in_xml;
///
/// let found = find_in_xml("<patient><name>Bo Li</name></patient><drug><name>Aspirin</name></drug>");
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].range, 15..20);
/// ```
#[must_use]
pub fn find_in_xml(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    xml::find(text, &mut findings);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields() {
        for (kind, names) in [
            (
                Kind::Name,
                "PatientName PATIENT_NAME patientname pat_name firstName last-name surname xm HZXM \
                 AttendingDoctor attending_physician nurse created_by reporter next_of_kin username contactPerson ZYYS \
                 姓名 患者姓名 联系人 主治医师 创建人 麻醉师 主诊 患者",
            ),
            (
                Kind::Id,
                "MRN patientMRN patientid InpatientNo visit_id IDCardNo idCard sfzh accession bankCard \
                 orderId report_no social_security doctor_id DoctorCode HospitalizedNo hzbh CWH 住院号 身份证号 病案号 证件号码 处方号 报告编号 \
                 患者ID QQ号",
            ),
            (Kind::Phone, "phone phones MobilePhone contact_tel lxdh 电话 手机 手机号码"),
            (
                Kind::Address,
                "Address homeAddress address2 school_name WorkUnit street zip_code city birth_place 住址 家庭住址 籍贯 省 区县 学校",
            ),
            (Kind::Age, "age patientAge age_years 年龄 患者年龄"),
            (
                Kind::Date,
                "dob birthDate birthdate visitDate created_at report_time 出生日期 入院时间 生日",
            ),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(kind_of_field(name), Some(kind), "{name}");
            }
        }
        assert_eq!(kind_of_field("Phone No."), Some(Kind::Phone));
        for name in "name DrugName testname id code valid video address_type red_cell_count \
                     诊断 项目名称 email_address diagnosis tag td doctor_note nurse_notes group_no \
                     主管部门 国药准字号 型号 批号 序号 药品编号 age_group cell lat lesion_location region state order"
            .split_whitespace()
        {
            assert_eq!(kind_of_field(name), None, "{name}");
        }
    }

    #[test]
    fn parts_of_what_they_stand_in() {
        for (owner, name, kind) in [
            ("patients", "name", Kind::Name),
            ("name", "first", Kind::Name),
            ("doctor", "id", Kind::Id),
            ("patient", "ID", Kind::Id),
            ("identifier", "value", Kind::Id),
            ("telecom", "value", Kind::Phone),
            ("address", "state", Kind::Address),
        ] {
            assert_eq!(kind_of_part(owner, name), Some(kind), "{owner} {name}");
        }
        for (owner, name) in [("drug", "name"), ("result", "id"), ("patient", "weight")] {
            assert_eq!(kind_of_part(owner, name), None, "{owner} {name}");
        }
    }
}
