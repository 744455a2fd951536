"""Names to put into sentences, and the sentences of `chinese_sentences.txt` filled with them."""
import importlib.util, json, os, re
from lac import NAME, NAME_ON, OTHER, PLACE, Lac

here = os.path.dirname(os.path.abspath(__file__))
home = os.path.join(here, "..", "data")
NO_NAME = -1  # anything but a name

# Characters of many given names, words that are names too, and parts of names of other peoples.
COMMON = ("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉梅红建国华文斌辉鹏飞宇轩浩然子涵梓萱欣怡雨泽睿晨思琪佳诗语嘉俊博瑞凯乐天一诺铭"
          "依晓云志成德福贵荣春花金凤莲珍珠爱民永胜利新学庆喜顺昌富宝根生长海波峰林森松柏江河水火土山石田立东南西北中正义仁礼智信忠孝廉耻温良恭"
          "俭让彤悦婷倩雪莹琳瑶璐媛妍颖慧雅洁冰心月星阳光亮灿烂辰昊翔越安康宁健壮")
WORDS = """高原 白雪 江山 杨柳 夏天 田野 石磊 方圆 黄河 金星 白云 安宁 时光 成功 常青 林海 雷雨 江河 江南 金秋 秋月 秋实 春雨 春晓 万里
万年 千里 马力 马达 高峰 高洁 高兴 高山 高明 高远 高雅 方正 方向 方舟 文静 文明 文采 平安 平凡 安静 安康 安心 安全 康健 康宁 花朵
花蕾 华夏 华章 华山 云霞 云彩 云海 温馨 温柔 温泉 冷静 冷风 严肃 严谨 严冬 严明 宁静 常规 常乐 常春 季节 季风 纪律 纪念 纪元 经典
经纬 左右 关心 关怀 关键 光明 光辉 牛奶 牛犇 苗条 苗圃 路遥 路线 程序 程度 车前 包容 包涵 成长 成熟 成就 成立 和平 和谐 和气 应用
时代 时间 时尚 时刻 于是 于今 任务 任性 任重 何以 向阳 向导 向前 向往 金鱼 金山 金玉 金银 金刚 银杏 银河 银铃 钱币 钱塘 水仙 水晶
水清 火焰 石榴 石林 石英 石油 沙漠 沙石 海洋 海燕 海波 海星 海涛 黎明 晨曦 朝阳 朝霞 东方 东海 东升 西湖 南风 北辰 米粒 米兰 甘露
甘草 甘甜 苏醒 梅花 兰花 菊香 杏花 桃花 桂花 茉莉 玫瑰 牡丹 芍药 百合 丁香 薄荷 蓝天 蓝图 紫薇 丹青 丹顶 朱砂 朱红 红旗 红梅
青松 青山 白鸽 白杨 白兰 黑土 胡杨 胡桃 胡椒 柏林 松柏 竹青 叶子 叶绿 树林 林荫 林立 森林 杜鹃 燕子 凤凰 龙腾 鱼跃 熊猫 羊毛 马蹄
鹿鸣 骆驼 毛衣 毛笔 皮革 布谷 衣裳 巾帼 连续 连环 连心 宣传 宣纸 宋词 唐诗 唐山 汉语 秦岭 楚汉 齐心 齐鲁 鲁班 魏武 韩文 赵州 吴江
越剧 陈醋 陈酿 陈述 陈列 许可 许诺 许愿 许多 谢意 谢幕 谢绝 曾经 孔雀 孔明 孟夏 古城 古韵 古典 历程 史诗 史册 余波 余音 余晖 余味
盛开 盛夏 盛大 盛世 富强 富饶 充实 丰收 丰满 满意 满月 喜庆 喜悦 乐观 乐章 欢欢 庆典 祝福 祝愿 祝贺 贺喜 颜色 容易 容光 章程 章节
杭州 柳絮 柳丝 申请 申明 居安 权利 权威 解放 解决 解冻 管理 管家 游泳 游戏 游丝 查询 查证 检验 封面 封顶 农夫 农田 童话 童年 童心
危险 宗旨 宗师 武器 武术 武艺 党员 团圆 国庆 国泰 新民 建设 建国 建军 征途 征程 战胜 战旗 战友""".split()
PARTS = ("阿卜杜 买买提 古丽 艾合买提 吐尔逊 热合曼 依明 帕提 扎西 卓玛 次仁 多吉 旺堆 央金 格桑 拉姆 索朗 达瓦 其木格 巴特尔 乌云 格日勒 "
         "苏布德 阿依 努尔 热依拉 木合塔尔 买尔旦 阿孜古丽").split()
TOWNS = ("北京 上海 长沙市 朝阳区 江苏省南京市 浙江义乌 河南周口 成都市武侯区 山东省济南市历下区 广州 西安 武汉市洪山区 昆明 哈尔滨 "
         "深圳市南山区 乌鲁木齐 拉萨 大连 苏州 宁波市").split()
FIRMS = "金鑫泰达盛隆昌恒通科源汇天博雅正诚"


def read(name):
    with open(os.path.join(home, name), encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")]


def is_han(text):
    return all("\u4e00" <= c <= "\u9fff" for c in text)


def read_as(lac, words, before, behind, first, going_on):
    """The words that LAC reads as one thing between these texts."""
    kept = []
    for start in range(0, len(words), 512):
        part = words[start:start + 512]
        for word, kinds in zip(part, lac.read([before + word + behind for word in part])):
            inside = kinds[len(before):len(before) + len(word)]
            if inside == [first] + [going_on] * (len(word) - 1) and kinds[len(before) + len(word)] != going_on:
                kept.append(word)
    return kept


class Names:
    """Draws of names, places and words, each by a kind that a sentence may name."""

    def __init__(self, rng):
        self.rng = rng
        self.family = dict(line.split("\t") for line in read("family_names.tsv"))
        self.families = list(self.family)
        self.weights = [int(count) ** 0.75 for count in self.family.values()]
        self.compound = [name for name in self.families if len(name) == 2]
        usual = set(sorted(self.families, key=lambda name: -int(self.family[name]))[:250])
        self.word_names = [word for word in WORDS if word[0] in usual]
        self.latin_given, self.latin_family = read("latin_given_names.txt"), read("latin_family_names.txt")
        self.read_dictionary()
        self.given = [name[1:] for name in self.chinese if len(name) in (2, 3)]
        self.given_characters = [c for name in self.given for c in name]
        self.rare = [c for word in self.words for c in word]
        self.kinds = {"name": self.name, "given": self.given_name, "nick": self.nickname, "latin": self.latin,
                      "latins": self.latin_names, "foreign": self.foreign_name}
        self.others = {"company": self.company, "abroad": lambda: rng.choice(self.abroad),
                       "club": lambda: rng.choice(self.abroad if rng.random() < 0.6 else self.foreign),
                       "word": self.word, "brand": self.latin}
        self.plain = {"family": self.family_name, "place": lambda: rng.choice(TOWNS), "n": self.number,
                      "time": self.time, "date": self.date, "phone": lambda: f"1{rng.randrange(3 * 10**9, 10**10)}"}

    def read_dictionary(self):
        """Names, places and words of jieba's dictionary; it holds much that is no name, so LAC must agree."""
        chinese, foreign, places = [], [], []
        self.words, self.frequencies = [], []
        path = os.path.join(os.path.dirname(importlib.util.find_spec("jieba").origin), "dict.txt")
        with open(path, encoding="utf-8") as file:
            for word, frequency, tag in map(str.split, file):
                if not is_han(word):
                    continue
                if tag == "nr" and 2 <= len(word) <= 4 and word[0] in self.family:
                    chinese.append(word)
                elif tag == "nrt" and 2 <= len(word) <= 6:
                    foreign.append(word)
                elif not tag.startswith("nr") and len(word) >= 2 and int(frequency) >= 3:
                    self.words.append(word)
                    self.frequencies.append(int(frequency) ** 0.5)
                    if tag == "ns" and len(word) >= 3:
                        places.append(word)
        lac = Lac().eval()
        as_name = lambda words: read_as(lac, words, "医生", "说", NAME, NAME_ON)
        as_place = lambda words: set(read_as(lac, words, "我们去", "旅游。", PLACE, PLACE + 1))
        self.chinese, foreign = as_name(chinese), as_name(foreign)
        is_place = as_place(foreign + places)
        self.foreign = [name for name in foreign if name not in is_place]
        self.abroad = [word for word in foreign + places if word in is_place]

    def family_name(self):
        return self.rng.choices(self.families, self.weights)[0]

    def given_name(self):
        rng, chance = self.rng, self.rng.random()
        if chance < 0.35:
            return rng.choice(self.given)
        if chance < 0.47:
            return rng.choice(COMMON)
        if chance < 0.5:
            return rng.choice(WORDS)
        if chance < 0.85:
            return rng.choice(COMMON) + rng.choice(COMMON)
        if chance < 0.9:
            return rng.choice(COMMON) * 2
        draw = lambda: rng.choice(self.rare if rng.random() < 0.3 else self.given_characters)
        return "".join(draw() for _ in range(rng.choice((1, 2, 2))))

    def name(self):
        rng, chance = self.rng, self.rng.random()
        if chance < 0.25:
            return rng.choice(self.chinese)
        if chance < 0.31:
            return rng.choice(self.word_names)
        if chance < 0.34:
            return "".join(rng.choice(PARTS) for _ in range(rng.choice((1, 2))))
        if chance < 0.37:
            return rng.choice(self.compound) + self.given_name()
        if chance < 0.41:
            return self.foreign_name()
        if chance < 0.44:
            return self.latin()
        first = self.family_name() if rng.random() < 0.92 else rng.choice(self.families)
        if chance < 0.46:
            return first + rng.choice(("某", "某某", "XX", "×", "××"))
        if chance < 0.48:
            first += self.family_name()
        return first + self.given_name()

    def nickname(self):
        rng, chance = self.rng, self.rng.random()
        given, family = self.given_name(), self.family_name()
        last = given[-1]
        if chance < 0.2:
            return "小" + rng.choice((last, last, family))
        if chance < 0.32:
            return "阿" + last
        if chance < 0.42:
            return last + "儿"
        if chance < 0.55:
            return last * 2
        if chance < 0.62:
            return "老" + family
        if chance < 0.68:
            return rng.choice((family, last)) + rng.choice("哥姐爷叔婶姨总妹宝仔子")
        if chance < 0.74:
            return rng.choice("大二三") + rng.choice((last, "宝", "毛", "妞", "牛"))
        if chance < 0.8:
            return last + rng.choice(("宝", "宝宝", "妹", "子", "娃", "豆", "崽", "丫"))
        if chance < 0.9:
            return given if len(given) > 1 else last * 2
        return rng.choice(self.words)[:4] if chance < 0.95 else "小" + given

    def latin(self):
        rng, chance = self.rng, self.rng.random()
        word = rng.choice(self.latin_given if rng.random() < 0.6 else self.latin_family).lower()
        if chance < 0.6:
            return word.capitalize()
        if chance < 0.75:
            return word
        if chance < 0.8:
            return word.upper()
        if chance < 0.87:
            return word.capitalize() + rng.choice(self.latin_given).capitalize()
        if chance < 0.92:
            return word.capitalize() + str(rng.randrange(100))
        return word.capitalize()[:rng.randrange(3, max(4, len(word) + 1))]

    def latin_names(self):
        given, family = (self.rng.choice(part).capitalize() for part in (self.latin_given, self.latin_family))
        initial = self.rng.choice("ABCDEFGHJKLMRST")
        return self.rng.choice((f"{given} {family}", f"{given} {family}", f"{given}{family}", f"{given}·{family}",
                                f"{given} {initial}. {family}", f"{family}, {given}"))

    def foreign_name(self):
        parts = self.rng.choices((1, 2, 3), (6, 3, 1))[0]
        return "·".join(self.rng.choice(self.foreign) for _ in range(parts))

    def company(self):
        rng, chance = self.rng, self.rng.random()
        if chance < 0.3:
            return rng.choice(COMMON + FIRMS) + rng.choice(COMMON + FIRMS)
        if chance < 0.5:
            return rng.choice(self.given_characters) + rng.choice(self.given_characters)
        if chance < 0.6:
            return rng.choice(COMMON) + rng.choice(COMMON) + rng.choice("达泰通鑫源科")
        return rng.choice(WORDS) if chance < 0.8 else rng.choice(self.words)[:3]

    def word(self):
        if self.rng.random() < 0.6:
            return self.rng.choice(self.words)
        return self.rng.choices(self.words, self.frequencies)[0]

    def number(self):
        return str(self.rng.randrange(*self.rng.choice(((1, 10), (10, 100), (100, 300)))))

    def time(self):
        if self.rng.random() < 0.3:
            return f"{self.rng.randrange(1, 13)}点"
        return f"{self.rng.randrange(24):02}:{self.rng.randrange(60):02}"

    def date(self):
        year, month, day = self.rng.randrange(2000, 2026), self.rng.randrange(1, 13), self.rng.randrange(1, 29)
        return f"{year}年{month}月{day}日" if self.rng.random() < 0.5 else f"{year}-{month:02}-{day:02}"

    def fill(self, sentence):
        """A sentence with its slots filled, and what each character is."""
        text, kinds = "", []
        for number, part in enumerate(re.split(r"\{(\w+)\}", sentence)):
            if number % 2 == 0:
                made, these = part, [OTHER] * len(part)
            elif part in self.kinds:
                made = self.kinds[part]()
                these = [NAME] + [NAME_ON] * (len(made) - 1)
            elif part in self.others:
                made = self.others[part]()
                these = [NO_NAME] * len(made)
            else:
                made = self.plain[part]()
                these = [OTHER] * len(made)
            text, kinds = text + made, kinds + these
        return text, kinds


def sentences():
    """The sentences by their headings."""
    found = {}
    with open(os.path.join(here, "chinese_sentences.txt"), encoding="utf-8") as file:
        for line in filter(None, map(str.rstrip, file)):
            if line.startswith("## "):
                part = found.setdefault(line[3:], [])
            else:
                part.append(line)
    return found


def texts(data, samples=None):
    """Texts of hospitals: `samples` are sections of generated records."""
    for part in ("cehrner_zh", "cmedqaner_zh"):
        with open(f"{data}/deid/text/{part}/{part}.jsonl", encoding="utf-8") as file:
            yield from (json.loads(line)["text"] for line in file)
    mvme, joined = (f"{data}/text_zh/{name}.jsonl" for name in
                    ("ai_hospital_mvme/doctor_summaries", "joined_semisynthetic/records"))
    for path, step in ((mvme, 3), (joined, 1), (samples, 1)):
        if path:
            with open(path, encoding="utf-8") as file:
                for line in list(file)[::step]:
                    yield from (text for text in json.loads(line)["sections"].values() if isinstance(text, str))
