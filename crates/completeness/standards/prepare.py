"""Complete records to build the standard database from, as JSON lines.

    prepare.py SHARED_DATA ICD10_XML OUT.jsonl PROSE.jsonl WORDS.txt

SHARED_DATA/text_zh is read for Chinese (MIT; only vectors of it reach the database), more is put
together from chinese.txt; English is put together from english.txt and titles of ICD-10-CM (public domain;
the tabular list in PyPI's simple-icd-10-cm). A fifth of the Chinese cases is left out for measuring.
PROSE.jsonl is of whole texts that are no sections, and of last words of sections (endings.txt), to
learn how phrases and words end; WORDS.txt are the words of the titles.
"""

import hashlib
import json
import pathlib
import random
import re
import sys
import xml.etree.ElementTree


def is_kept_aside(case):
    return hashlib.sha256(case.encode()).digest()[0] % 5 == 0


def chinese(folder):
    """Each case in the ways that hospitals cut a record into sections."""
    lines = (folder / "text_zh/joined_semisynthetic/records.jsonl").read_text().splitlines()
    for line in lines:
        record = json.loads(line)
        if is_kept_aside(record["case"]):
            continue
        part = lambda *names: "\n".join(record["sections"].get(name, "") for name in names).strip()
        yield record["id"], [
            part("基本信息"),
            part("诊断"),
            part("住院经过"),
        ]
        yield record["id"] + "-long", [
            part("基本信息", "主诉及症状"),
            part("诊断", "诊断依据"),
            part("辅助检查", "住院经过"),
        ]


def diagnoses(folder):
    """Diagnoses as consultations write them (MIT), and names of diseases (Apache-2.0)."""
    for line in (folder / "text_zh/ai_hospital_mvme/doctor_summaries.jsonl").read_text().splitlines():
        record = json.loads(line)
        if not is_kept_aside(record["case"]):
            yield record["sections"].get("诊断结果", "")
    names = []
    for line in (folder / "deid/text/cmedqaner_zh/cmedqaner_zh.jsonl").read_text().splitlines():
        record = json.loads(line)
        names += [record["text"][at["start"] : at["end"]] for at in record["clinical"] if at["type"] == "disease"]
    names = sorted({name for name in names if len(name) > 2})
    rng = random.Random(2026)
    for _ in range(len(names) // 2):
        drawn = rng.sample(names, rng.randint(1, 3))
        yield "；".join(drawn) if rng.random() < 0.5 else "\n".join(f"{n}. {name}" for n, name in enumerate(drawn, 1))


def more_chinese(folder):
    """The records again, with other diagnoses."""
    records = [texts for _, texts in chinese(folder)]
    for number, diagnosis in enumerate(diagnoses(folder)):
        if diagnosis.strip():
            basic, _, course = records[number % len(records)]
            yield f"zh-{number}", [basic, diagnosis, course]


def titles_of(tabular_list):
    """What diseases are called: chapters A to R, at most 89 letters."""
    for code in xml.etree.ElementTree.parse(tabular_list).iter("diag"):
        title = code.findtext("desc")
        if code.findtext("name") < "S" and len(title) < 90:
            yield title


def sentences(name):
    text = (pathlib.Path(__file__).parent / name).read_text()
    pools = {}
    for line in text.splitlines():
        if line.startswith("["):
            pool = pools.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            pool.append(line)
    return pools


def said(rng, sentence):
    return re.sub(r"\{([^}]*)\}", lambda found: rng.choice(found[1].split("|")), sentence)


def english(titles, count):
    rng = random.Random(2026)
    pools = sentences("english.txt")
    for number in range(count):
        draw = lambda name, least, most: " ".join(
            said(rng, sentence) for sentence in rng.sample(pools[name], rng.randint(least, most))
        )
        diagnosis = draw("diagnosis", 0, 2)
        stop = rng.choice([".", ".", ""])
        listed = [f"{place}. {rng.choice(titles)}{stop}" for place in range(1, rng.randint(2, 4))]
        basic = draw("basic", 1, 6)
        yield f"en-{number}", [
            basic if rng.random() < 0.9 else basic.rstrip("."),
            " ".join([diagnosis, *listed]).strip(),
            draw("hospitalisation", 2, 9),
        ]


def written(name, language, count):
    """Records of our own sentences, in the ways that hospitals set them out."""
    rng = random.Random(2026)
    pools = sentences(name)
    stop, gap, marks = ("。", "", "；\n，、") if language == "zh" else (".", " ", ";\n,")
    for number in range(count):
        drawn = lambda section, least, most: [
            said(rng, sentence) for sentence in rng.sample(pools[section], rng.randint(least, most))
        ]
        mark = rng.choice(marks)
        diagnoses = drawn("diagnosis", 1, 4)
        if rng.random() < 0.5:
            diagnoses = [f"{place}.{gap}{text}" for place, text in enumerate(diagnoses, 1)]
        texts = [
            "\n".join(drawn("basic", 1, 3)),
            (mark if mark == "\n" else mark + gap).join(diagnoses),
            gap.join(text.rstrip(stop) + stop for text in drawn("hospitalisation", 3, 6)),
        ]
        yield f"{language}-own-{number}", [text if rng.random() < 0.6 else text.rstrip(stop) for text in texts]


def prose(folder, titles):
    """Summaries of consultations (MIT), questions and texts with made-up persons (MIT), titles."""
    for name in ("doctor_summaries", "symptom_exam_pairs"):
        for line in (folder / f"text_zh/ai_hospital_mvme/{name}.jsonl").read_text().splitlines():
            record = json.loads(line)
            if not is_kept_aside(record["case"]):
                yield from (("zh", text) for text in record["sections"].values() if isinstance(text, str))
    for name in ("asq_phi_en", "presidio_synth_en"):
        for line in (folder / f"deid/text/{name}/{name}.jsonl").read_text().splitlines():
            yield "en", json.loads(line)["text"]
    yield from (("en", title) for title in titles)
    yield from endings()


def endings():
    """Our own last words of sections, each alternative at least twice."""
    rng = random.Random(2026)
    for language, lines in sentences("endings.txt").items():
        for line in lines:
            parts = re.split(r"\{([^}]*)\}", line)
            choices = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
            most = max(map(len, choices))
            for turn in range(2 * most):
                drawn = [one[turn % most] if len(one) == most else rng.choice(one) for one in choices]
                yield language, "".join(drawn)


def main(shared, tabular_list, out, prose_out, words_out):
    titles = list(titles_of(tabular_list))
    with open(out, "w") as file:
        shared = pathlib.Path(shared)
        sets = [("zh", chinese(shared)), ("zh", more_chinese(shared)), ("en", english(titles, 1500))]
        sets += [("zh", written("chinese.txt", "zh", 60)), ("en", written("english_notes.txt", "en", 60))]
        for language, records in sets:
            for name, texts in records:
                sections = dict(zip(("basic", "diagnosis", "hospitalisation"), texts))
                line = {"id": name, "lang": language, "sections": sections}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    with open(prose_out, "w") as file:
        for language, text in prose(shared, titles):
            file.write(json.dumps({"lang": language, "text": text}, ensure_ascii=False) + "\n")
    words = {word for title in titles for word in re.findall("[a-z]+", title.lower())}
    pathlib.Path(words_out).write_text("\n".join(sorted(words)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
