//! Names of fields in Latin letters: `PatientName`, `patient_name`, `hzxm`.

use std::{collections::HashMap, sync::LazyLock};

use crate::Kind;

/// Words of one kind, parted by spaces, and the bit that stands for them among the others.
#[derive(Clone, Copy)]
struct List(u32, &'static str);

/// Words that are a person's name by themselves; Chinese systems write the initials of pinyin.
const NAMES: List = List(
    1 << 0,
    "surname forename firstname lastname fullname familyname givenname patientname nickname \
    username login xm hzxm brxm lxr lxrxm jhr jhrxm ysxm zyys zzys zzysxm jzys mzys ssys sqys kdys bgys shys jcys \
    zrhs hsxm czy czyxm cjr lrr djr shr",
);

/// Whose name it may be, or which part of one.
const PEOPLE: List = List(
    1 << 1,
    "patient pat person doctor physician nurse contact relative guardian mother father spouse \
    parent child kin provider practitioner surgeon author clinician consultant attending referring resident \
    member user subscriber operator reporter family given first last middle full maiden legal preferred",
);

/// Who has the parts of a name that `PARTS` has.
const OWNERS: List = List(
    1 << 2,
    "name patient person doctor physician nurse contact relative guardian mother father spouse \
    parent child provider practitioner surgeon author member user",
);
const PARTS: List = List(1 << 3, "first last given family middle");

/// Persons by what they do; what is so called holds their names.
const ROLES: List = List(
    1 << 4,
    "doctor physician surgeon anesthetist anaesthetist anesthesiologist anaesthesiologist nurse \
    radiologist pathologist technician technologist reporter reviewer operator author guardian caregiver carer \
    clinician practitioner provider attending consultant referrer transcriptionist signer signatory witness \
    interpreter kin contact",
);

/// Words that are a number of a person by themselves.
const NUMBERS: List = List(
    1 << 5,
    "mrn ssn nhs nhi ohip passport accession licence license vin imei iban empi mpi mbi pid idcard \
    idno cardno account udi barcode openid unionid qq wechat weixin fingerprint \
    sfz sfzh sfzhm zjh zjhm zyh mzh bah blh kh jzkh ybkh ybh yhkh brid hzid jzid patid cwh hzbh brbh grbh zyhm mzhm jzlsh sqdh bgdh jcdh ylzh ylkh",
);

/// What a number may be of, and how it is called.
const NUMBERED: List = List(
    1 << 6,
    "patient pat inpatient outpatient hospital hospitalized admission visit record chart card medical bed room \
    identity identification insurance member policy case encounter episode account acct subject citizen resident social \
    national medicare medicaid health device serial specimen sample accession id personal person user client customer \
    employee staff student doctor physician nurse provider donor subscriber beneficiary bank credit debit tax \
    bill billing invoice receipt claim order prescription rx lab report exam study image film certificate plate vehicle \
    registration reference request requisition application tracking contract implant security instance series",
);
const NUMBER_TAILS: List = List(1 << 7, "no nbr number num nr id uid");

/// Of whom a code, and of what a card is as good as a number.
const CODED: List = List(
    1 << 8,
    "patient person personal member subject identity doctor physician nurse staff operator",
);
const CARDS: List =
    List(1 << 9, "id identity health medical insurance bank credit debit social visit");

const PHONES: List = List(
    1 << 10,
    "phone telephone telecom tel mobile cellphone fax pager lxdh lxrdh sjh sjhm dhhm jtdh dwdh",
);

const ADDRESSES: List = List(
    1 << 11,
    "address addr street zip zipcode postcode postal jtzz xzz hkdz hjdz jtdz lxdz gzdw",
);

/// Places, where a name ends so.
const PLACES: List = List(
    1 << 12,
    "city town county district province prefecture municipality suburb village hometown residence \
    birthplace workplace employer school latitude longitude gps geolocation",
);

/// With these a field has another kind of address, which is found by its form.
const OTHER_ADDRESSES: List = List(1 << 13, "email mail ip mac web url");

/// Words that are a day by themselves, and with which a name of one ends.
const DAYS: List =
    List(1 << 14, "dob dod doa birthday birthdate csrq csny ryrq cyrq date datetime timestamp");

/// What happens at a time.
const EVENTS: List = List(
    1 << 15,
    "birth death admission admit admitted discharge discharged visit surgery operation report reported \
    exam examination check collect collected collection create created update updated modify modified sign signed order \
    ordered start end begin effective issue issued register registered record recorded appointment encounter",
);
const TIMES: List = List(1 << 16, "time day at on");

/// What stands beside an age.
const AGES: List = List(1 << 17, "age years year yrs yr patient at admission visit in");

/// What a field is then about a name, number or address, and none itself.
const ABOUT: List =
    List(1 << 18, "type use kind class category status flag system count result unit date time");

/// What a field's value is, by its name.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    if let Some((data_type, place)) = name.split_once('.')
        && !place.is_empty()
        && place.bytes().all(|byte| byte.is_ascii_digit())
    {
        return of_component(data_type, place);
    }
    let words = words(name);
    let is = |list: List| words.iter().any(|word| fits(list, word));
    let any = |some: &[&str]| words.iter().any(|word| some.contains(&one(word)));
    let last = words.last()?;
    let ends = |list: List| fits(list, last);
    let is_place = (last == "place" && any(&["birth", "work", "native"]))
        || (last == "unit" && any(&["work"]))
        || (last == "name" && any(&["employer", "school", "workplace"]));
    if ends(DAYS) || (ends(TIMES) && is(EVENTS)) {
        Some(Kind::Date)
    } else if is_place {
        Some(Kind::Address)
    } else if ends(ABOUT) {
        None
    } else if is(NAMES)
        || (last == "name" && is(PEOPLE))
        || (ends(PARTS) && is(OWNERS))
        || ends(ROLES)
        || (last == "by" && words.len() > 1)
        || (last == "person" && any(&["contact", "responsible", "emergency"]))
    {
        Some(Kind::Name)
    } else if is(NUMBERS)
        || (ends(NUMBER_TAILS) && words.len() > 1 && is_numbered(&words))
        || (last == "code" && is(CODED))
        || (last == "card" && is(CARDS))
        || (last == "security" && any(&["social"]))
        || (last == "value" && any(&["identifier"]))
        || (last == "serial" && any(&["device"]))
    {
        Some(Kind::Id)
    } else if last == "age" || (any(&["age"]) && words.iter().all(|word| has(AGES, word))) {
        Some(Kind::Age)
    } else if is(PHONES) {
        Some(Kind::Phone)
    } else if (is(ADDRESSES) || ends(PLACES)) && !is(OTHER_ADDRESSES) {
        Some(Kind::Address)
    } else {
        None
    }
}

/// What a component of a data type of HL7 v2 is, as its XML names it: `XPN.1`.
fn of_component(data_type: &str, place: &str) -> Option<Kind> {
    Some(match (data_type, place) {
        ("CX" | "EI" | "PL" | "XCN", "1") => Kind::Id,
        ("FN", _) | ("XPN", "1" | "2" | "3") | ("XCN", "2" | "3" | "4") => Kind::Name,
        ("SAD", _) | ("XAD", "1" | "2" | "3" | "4" | "5") => Kind::Address,
        ("XTN", _) => Kind::Phone,
        _ => return None,
    })
}

/// Whether what stands before the tail may have a number that stands for a person.
fn is_numbered(words: &[String]) -> bool {
    let before = words.split_last().map_or(&[][..], |(_, before)| before);
    before.iter().any(|word| fits(NUMBERED, word))
}

/// The words of a name in small letters: `PatientName`, `patient_name`, `PATIENT NAME`,
/// `patientname` and `patient_name2` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(character) = rest.next() {
        let begins = character.is_uppercase()
            && (before.is_lowercase() || rest.peek().is_some_and(|next| next.is_lowercase()));
        if !character.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            words.last_mut().expect("there is one").extend(character.to_lowercase());
        }
        before = character;
    }
    let unnumbered = words.iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    unnumbered.filter(|word| !word.is_empty()).flat_map(parted).collect()
}

/// A word that was put together of two: `patientid`.
fn parted(word: &str) -> Vec<String> {
    const TAILS: [&str; 8] = ["name", "number", "code", "card", "date", "num", "no", "id"];
    let is_known = [NAMES, NUMBERS, DAYS].into_iter().any(|list| has(list, word));
    let parts = TAILS.iter().filter_map(|tail| Some((word.strip_suffix(tail)?, *tail)));
    let mut parts = parts.filter(|(head, _)| has(PEOPLE, head) || has(NUMBERED, head));
    match parts.next().filter(|_| !is_known) {
        Some((head, tail)) => vec![head.to_owned(), tail.to_owned()],
        None => vec![word.to_owned()],
    }
}

/// Whether a word is on a list, or the one of which it is more: a field of phones is one of a phone.
fn fits(list: List, word: &str) -> bool {
    has(list, word) || has(list, one(word))
}

/// A word without the ending of its plural.
fn one(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

fn has(list: List, word: &str) -> bool {
    WORDS.get(word).is_some_and(|bits| bits & list.0 != 0)
}

/// The bits of the lists that a word is on.
static WORDS: LazyLock<HashMap<&str, u32>> = LazyLock::new(|| {
    const LISTS: [List; 19] = [
        NAMES,
        PEOPLE,
        OWNERS,
        PARTS,
        ROLES,
        NUMBERS,
        NUMBERED,
        NUMBER_TAILS,
        CODED,
        CARDS,
        PHONES,
        ADDRESSES,
        PLACES,
        OTHER_ADDRESSES,
        DAYS,
        EVENTS,
        TIMES,
        AGES,
        ABOUT,
    ];
    let mut words = HashMap::new();
    for list in LISTS {
        list.1.split(' ').for_each(|word| *words.entry(word).or_default() |= list.0);
    }
    words
});
