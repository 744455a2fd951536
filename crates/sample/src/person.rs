//! Made-up patients.

use crate::Random;

pub(crate) struct Person {
    pub(crate) chinese: bool,
    pub(crate) family: &'static str,
    pub(crate) given: String,
    pub(crate) female: bool,
    pub(crate) birth: (u64, u64, u64),
    pub(crate) admission: (u64, u64, u64),
    pub(crate) days: u64,
    pub(crate) identity: String,
    pub(crate) number: String,
    pub(crate) phone: String,
    pub(crate) city: &'static str,
    pub(crate) line: String,
    pub(crate) doctor: String,
    pub(crate) hospital: &'static str,
}

const FAMILY_ZH: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "欧阳", "司马",
];
const GIVEN_ZH: [&str; 16] = [
    "伟", "芳", "秀英", "敏", "静", "丽娟", "强", "磊", "军", "建国", "桂兰", "晓明", "志刚",
    "雪梅", "海燕", "文博",
];
const FAMILY_EN: [&str; 16] = [
    "Ashworth",
    "Bennett",
    "Calloway",
    "Delgado",
    "Ellison",
    "Fairbanks",
    "Grantham",
    "Holloway",
    "Ivanov",
    "Jennings",
    "Kowalski",
    "Lindqvist",
    "Marchetti",
    "Norwood",
    "Okafor",
    "Pemberton",
];
const GIVEN_EN: [&str; 16] = [
    "Adrian",
    "Beatrice",
    "Colin",
    "Dorothy",
    "Edmund",
    "Felicity",
    "Gordon",
    "Harriet",
    "Isaac",
    "Josephine",
    "Kenneth",
    "Lorraine",
    "Marcus",
    "Nadia",
    "Oliver",
    "Priscilla",
];
const CITIES_ZH: [&str; 6] = ["武汉市", "成都市", "杭州市", "西安市", "长沙市", "沈阳市"];
const STREETS_ZH: [&str; 6] = ["建设路", "人民路", "解放大道", "长江路", "和平街", "文化路"];
const CITIES_EN: [&str; 6] =
    ["Springfield", "Riverton", "Lakewood", "Fairview", "Georgetown", "Ashland"];
const STREETS_EN: [&str; 6] =
    ["Maple Avenue", "Oak Street", "Cedar Lane", "Mill Road", "Park Drive", "Elm Street"];
const HOSPITALS_ZH: [&str; 3] = ["江城第一人民医院", "东湖中心医院", "南山医学院附属医院"];
const HOSPITALS_EN: [&str; 3] =
    ["Riverside General Hospital", "Northgate Medical Center", "St. Columba Teaching Hospital"];

impl Person {
    pub(crate) fn draw(random: &mut Random, chinese: bool) -> Self {
        let birth = (random.between(1936, 2004), random.between(1, 12), random.between(1, 28));
        let female = random.between(0, 1) == 1;
        let admission = (random.between(2021, 2025), random.between(1, 12), random.between(1, 28));
        let number = random.digits(8);
        if chinese {
            let line = format!(
                "{}{}号{}栋{}室",
                random.pick(&STREETS_ZH),
                random.between(1, 400),
                random.between(1, 30),
                random.between(101, 2404)
            );
            Self {
                chinese,
                family: *random.pick(&FAMILY_ZH),
                given: (*random.pick(&GIVEN_ZH)).into(),
                female,
                birth,
                admission,
                days: random.between(3, 21),
                identity: resident_id(random, birth, female),
                number,
                phone: format!("1{}{}", random.pick(&["38", "59", "77", "86"]), random.digits(8)),
                city: *random.pick(&CITIES_ZH),
                line,
                doctor: format!("{}{}", random.pick(&FAMILY_ZH), random.pick(&GIVEN_ZH)),
                hospital: *random.pick(&HOSPITALS_ZH),
            }
        } else {
            Self {
                chinese,
                family: *random.pick(&FAMILY_EN),
                given: (*random.pick(&GIVEN_EN)).into(),
                female,
                birth,
                admission,
                days: random.between(2, 14),
                identity: format!("{}-{}-{}", random.digits(3), random.digits(2), random.digits(4)),
                number,
                phone: format!("(555) {}-{}", random.digits(3), random.digits(4)),
                city: *random.pick(&CITIES_EN),
                line: format!("{} {}", random.between(1, 2400), random.pick(&STREETS_EN)),
                doctor: format!("{} {}", random.pick(&GIVEN_EN), random.pick(&FAMILY_EN)),
                hospital: *random.pick(&HOSPITALS_EN),
            }
        }
    }

    pub(crate) fn full_name(&self) -> String {
        if self.chinese {
            format!("{}{}", self.family, self.given)
        } else {
            format!("{} {}", self.given, self.family)
        }
    }

    pub(crate) const fn age(&self) -> u64 {
        self.admission.0 - self.birth.0
    }

    /// The day of discharge; months are taken as 28 days long, which every month is at least.
    pub(crate) const fn discharge(&self) -> (u64, u64, u64) {
        let (year, month, day) = self.admission;
        let day = day + self.days;
        if day <= 28 {
            (year, month, day)
        } else if month < 12 {
            (year, month + 1, day - 28)
        } else {
            (year + 1, 1, day - 28)
        }
    }
}

pub(crate) fn iso((year, month, day): (u64, u64, u64)) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// A resident number with its check digit (GB 11643-1999), under a region code that is not given
/// to any place.
fn resident_id(random: &mut Random, (year, month, day): (u64, u64, u64), female: bool) -> String {
    const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let order = random.between(10, 99);
    let sex = random.between(0, 4) * 2 + u64::from(!female);
    let mut id = format!("990101{year:04}{month:02}{day:02}{order}{sex}");
    let sum: u64 =
        id.bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum();
    id.push(CHECKS[(sum % 11) as usize]);
    id
}
