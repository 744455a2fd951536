//! Invented names: the same for the same person, of the same language and gender.

use emrshare_codec::Digest;

use crate::known::Gender;

const FAMILY_ZH: &str = "安毕卞柏鲍边卜蔡曹岑柴车陈程褚崔戴邓丁董窦杜段樊范方房费冯符傅甘高葛耿龚谷顾管郭韩郝何贺洪侯胡华黄霍姬纪季贾江姜蒋金康柯孔赖蓝雷黎李廉梁廖林凌刘柳龙卢鲁陆路吕罗骆马毛茅梅孟苗莫穆倪聂宁牛欧潘庞裴彭蒲齐祁钱强乔秦邱裘曲饶任阮邵沈盛施石史宋苏孙谭汤唐陶田童涂万汪王韦卫魏温翁吴伍武席夏向项萧谢邢熊徐许薛严颜杨姚叶易殷尹应尤于余俞虞袁岳曾詹张章赵郑钟周朱祝庄邹左";
const GIVEN_ZH: [(&str, &str); 2] = [
    (
        "淑秀婉静雅琴芳兰梅莲雪慧敏丽娟燕玲霞蓉薇萍菲婷娜璐瑶珊琳",
        "英华云珍芝贞娴妍芸凤洁莹颖倩怡雯蕾茜岚筠馨晴棠荷",
    ),
    (
        "建志国伟宏永文德明学正光振家庆俊浩宇天泽博承启景荣思",
        "军强杰峰林山涛刚毅斌鹏飞龙勇磊成祥和平安邦彦川海铭帆",
    ),
];
const FAMILY_EN: [&str; 60] = [
    "Abbott", "Alder", "Barlow", "Beckett", "Birch", "Bramley", "Calder", "Carver", "Chandler",
    "Colby", "Cowley", "Dalton", "Denby", "Draper", "Ellery", "Elwood", "Farrow", "Fenton",
    "Garner", "Gibbs", "Hadley", "Halden", "Harlow", "Hatcher", "Ibbott", "Ingram", "Jarvis",
    "Keane", "Kendrick", "Langley", "Larkin", "Lowell", "Maddox", "Merrick", "Milner", "Norwood",
    "Oakes", "Orwell", "Paxton", "Pickett", "Quimby", "Radley", "Redmond", "Rigby", "Sawyer",
    "Selby", "Sutton", "Tanner", "Thorne", "Tilden", "Upton", "Vance", "Wadley", "Walden",
    "Weller", "Whitby", "Winslow", "Wyatt", "Yardley", "Yates",
];
const GIVEN_EN: [[&str; 32]; 2] = [
    [
        "Agnes", "Alice", "Amelia", "Beatrice", "Bella", "Cecily", "Clara", "Daphne", "Edith",
        "Eleanor", "Esther", "Flora", "Frances", "Greta", "Hannah", "Harriet", "Helen", "Ida",
        "Irene", "Joanna", "Judith", "Lydia", "Mabel", "Martha", "Miriam", "Nora", "Olive",
        "Phoebe", "Rosalind", "Sylvia", "Ursula", "Winifred",
    ],
    [
        "Albert",
        "Arthur",
        "Barnaby",
        "Basil",
        "Cedric",
        "Clement",
        "Conrad",
        "Desmond",
        "Duncan",
        "Edgar",
        "Ernest",
        "Felix",
        "Frederick",
        "Gilbert",
        "Gordon",
        "Harold",
        "Hector",
        "Horace",
        "Hubert",
        "Jasper",
        "Julian",
        "Lionel",
        "Maurice",
        "Nigel",
        "Oscar",
        "Percival",
        "Quentin",
        "Roland",
        "Rupert",
        "Silas",
        "Theodore",
        "Wilfred",
    ],
];

/// An invented person.
#[derive(Debug)]
pub(crate) struct Invented {
    family: String,
    given: String,
    is_chinese: bool,
}

impl Invented {
    /// The person that a digest stands for, to take the place of one with this name.
    pub(crate) fn new(digest: &Digest, name: &str, gender: Option<Gender>) -> Self {
        let [a, b, c, d, e, f, g, ..] = digest.0;
        let pick =
            |high: u8, low: u8, len: usize| usize::from(u16::from_be_bytes([high, low])) % len;
        let set = match gender {
            Some(Gender::Female) => 0,
            Some(Gender::Male) => 1,
            None => usize::from(g & 1),
        };
        let is_chinese = name.contains(|c| matches!(c, '\u{3400}'..='\u{9fff}'));
        if !is_chinese {
            let family = FAMILY_EN[pick(a, b, FAMILY_EN.len())];
            let given = GIVEN_EN[set][pick(c, d, GIVEN_EN[set].len())];
            return Self { family: family.into(), given: given.into(), is_chinese };
        }
        let character = |from: &str, at: (u8, u8)| {
            let count = from.chars().count();
            from.chars().nth(pick(at.0, at.1, count)).map(String::from).unwrap_or_default()
        };
        let (first, second) = GIVEN_ZH[set];
        let given = character(first, (c, d)) + &character(second, (e, f));
        Self { family: character(FAMILY_ZH, (a, b)), given, is_chinese }
    }

    /// The whole name, written in the order and case of another.
    pub(crate) fn whole_like(&self, other: &str) -> String {
        let Self { family, given, is_chinese } = self;
        let name = if *is_chinese {
            format!("{family}{given}")
        } else if other.contains(',') {
            format!("{family}, {given}")
        } else {
            format!("{given} {family}")
        };
        in_case_of(other, name)
    }

    pub(crate) fn family_like(&self, other: &str) -> String {
        in_case_of(other, self.family.clone())
    }

    pub(crate) fn given_like(&self, other: &str) -> String {
        in_case_of(other, self.given.clone())
    }
}

fn in_case_of(other: &str, name: String) -> String {
    let letters = || other.chars().filter(|c| c.is_alphabetic());
    if letters().count() > 1 && letters().all(char::is_uppercase) {
        name.to_uppercase()
    } else {
        name
    }
}

/// A name without what differs between its spellings: case, order and signs.
pub(crate) fn canonical(name: &str) -> String {
    let small = name.to_lowercase();
    let mut words: Vec<&str> =
        small.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if name.contains(|c| matches!(c, '\u{3400}'..='\u{9fff}')) {
        return words.concat();
    }
    words.sort_unstable();
    words.join(" ")
}
