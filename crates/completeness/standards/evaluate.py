"""Measures how damaged records are told from complete ones: the table of docs/completeness.md.

    evaluate.py SHARED_DATA EMRSHARE [--standards FILE [--encoder DIR]] [--language en] [--show KIND]

Chinese cases are those that prepare.py leaves out; English reports (evaluation only) are cut at
their headings into the three sections. One section of each, drawn at random, is damaged.
EMRSHARE is the command; --show lists what it got wrong of a kind.
"""

import argparse
import csv
import json
import pathlib
import random
import re
import subprocess

from prepare import is_kept_aside

SECTIONS = ("basic", "diagnosis", "hospitalisation")
PLACEHOLDERS = {"zh": ["无", "不详", "见附件", "暂无", "待补"], "en": ["N/A", "none", "see attached", "pending", "-"]}
# What is shorter, such as "None.", is no section.
SHORTEST = 12
HEADINGS = {
    "basic": "SUBJECTIVE|HISTORY|HISTORY OF PRESENT ILLNESS|CHIEF COMPLAINT|REASON FOR CONSULTATION|REASON FOR VISIT|"
    "PAST MEDICAL HISTORY|PAST SURGICAL HISTORY|SOCIAL HISTORY|FAMILY HISTORY|MEDICATIONS|ALLERGIES|"
    "INDICATIONS|INDICATION|INDICATIONS FOR PROCEDURE|REVIEW OF SYSTEMS|HPI|CLINICAL HISTORY|BRIEF HISTORY|"
    "INDICATIONS FOR OPERATION|INDICATION FOR PROCEDURE|PHYSICAL EXAMINATION|OBJECTIVE|HISTORY AND INDICATIONS",
    "diagnosis": "PREOPERATIVE DIAGNOSIS|POSTOPERATIVE DIAGNOSIS|PREOPERATIVE DIAGNOSES|POSTOPERATIVE DIAGNOSES|"
    "IMPRESSION|ASSESSMENT|DIAGNOSIS|DIAGNOSES|ADMITTING DIAGNOSIS|DISCHARGE DIAGNOSIS|DISCHARGE DIAGNOSES|"
    "ADMISSION DIAGNOSIS|FINAL DIAGNOSIS|IMPRESSION/PLAN",
    "hospitalisation": "HOSPITAL COURSE|PROCEDURE|PROCEDURE IN DETAIL|DESCRIPTION OF PROCEDURE|PLAN|DISPOSITION|"
    "OPERATIVE PROCEDURE|DETAILS OF PROCEDURE|DESCRIPTION OF OPERATION|PROCEDURE PERFORMED|FINDINGS|FOLLOWUP|"
    "OPERATION PERFORMED|PROCEDURES|PROCEDURES PERFORMED|OPERATION|OPERATIONS|TITLE OF OPERATION|PROCEDURE DETAIL|"
    "PROCEDURE NOTE|OPERATIVE NOTE|INTRAOPERATIVE FINDINGS|SPECIMEN|SPECIMENS|RECOMMENDATIONS|DISCHARGE INSTRUCTIONS|ANESTHESIA|COMPLICATIONS|TECHNIQUE",
}


def chinese(folder, headings):
    for line in (folder / "text_zh/joined_semisynthetic/records.jsonl").read_text().splitlines():
        record = json.loads(line)
        parts = [[record["sections"].get(name, "") for name in names] for names in headings]
        texts = ["\n".join(filter(None, texts)).strip() for texts in parts]
        if is_kept_aside(record["case"]) and all(texts):
            yield texts


def english(folder):
    section = {name: place for place, names in enumerate(HEADINGS.values()) for name in names.split("|")}
    seen = set()
    with open(folder / "text_en/mtsamples/mtsamples_dev.csv", newline="") as file:
        for row in csv.DictReader(file):
            parts = re.split(r"(?:^|[,\n])\s*([A-Z][A-Z /&-]{2,50}):\s*,?\s*", row["transcription"])
            texts = [[], [], []]
            for heading, text in zip(parts[1::2], parts[2::2]):
                text = text.strip(" ,")
                if (place := section.get(heading.strip())) is not None and text and text not in texts[place]:
                    texts[place].append(text)
            texts = [" ".join(part) for part in texts]
            if min(map(len, texts)) >= SHORTEST and tuple(texts) not in seen:
                seen.add(tuple(texts))
                yield texts


def damaged(kind, texts, others, language, rng):
    """The texts with one of them damaged, and its place."""
    place = rng.randrange(3)
    text = texts[place]
    other = rng.choice([number for number in range(3) if number != place])
    new = {
        "removed": lambda: "",
        "placeholder": lambda: rng.choice(PLACEHOLDERS[language]),
        "cut to 10-50 %": lambda: text[: max(1, int(len(text) * rng.uniform(0.1, 0.5)))],
        "cut to 50 %": lambda: text[: max(1, len(text) // 2)],
        "another record's other section": lambda: rng.choice(others)[other],
        "the same record's other section": lambda: texts[other],
        "another patient's same section": lambda: rng.choice(others)[place],
    }[kind]()
    return [new if number == place else old for number, old in enumerate(texts)], place


KINDS = [
    "removed",
    "placeholder",
    "cut to 10-50 %",
    "cut to 50 %",
    "another record's other section",
    "the same record's other section",
    "another patient's same section",
]


def judged(command, language, records):
    lines = [
        json.dumps({"id": str(number), "lang": language, "sections": dict(zip(SECTIONS, texts))})
        for number, texts in enumerate(records)
    ]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(records):
        raise SystemExit(done.stderr)
    return answers


def auc(complete, damaged):
    wins = sum((good > bad) + (good == bad) / 2 for good in complete for bad in damaged)
    return wins / (len(complete) * len(damaged))


def measure(name, language, records, command, show):
    rng = random.Random(7)
    complete = judged(command, language, records)
    refused = [number for number, answer in enumerate(complete) if not answer["complete"]]
    print(f"{name}: complete refused {len(refused)} of {len(records)}")
    if show == "complete":
        for number in refused:
            ends = [text[-60:] for text in records[number]]
            print("   ", complete[number]["reasons"], complete[number]["scores"], ends)
    for kind in KINDS:
        score, caught, rounds, places = 0, 0, 5, [[], [], []]
        for _ in range(rounds):
            made = [damaged(kind, texts, records, language, rng) for texts in records]
            answers = judged(command, language, [texts for texts, _ in made])
            score += auc([one["score"] for one in complete], [one["score"] for one in answers])
            caught += sum(not one["complete"] for one in answers)
            for (texts, place), answer in zip(made, answers):
                places[place].append(not answer["complete"])
                if kind == show and answer["complete"]:
                    print(f"    {SECTIONS[place]}: …{texts[place][-60:]!r} {answer['scores']}")
        by_place = " ".join(f"{sum(place) / max(1, len(place)):.2f}" for place in places)
        total = rounds * len(records)
        print(f"    {kind:32} AUC {score / rounds:.3f}  refused {caught / total:.2f}  by section {by_place}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("emrshare")
    parser.add_argument("--standards")
    parser.add_argument("--encoder")
    parser.add_argument("--language")
    parser.add_argument("--show")
    options = parser.parse_args()
    command = [options.emrshare, "check", "--jsonl"]
    if options.standards:
        command += ["--standards", options.standards]
    short = [["基本信息"], ["诊断"], ["住院经过"]]
    long = [["基本信息", "主诉及症状"], ["诊断", "诊断依据"], ["辅助检查", "住院经过"]]
    sets = [
        ("Chinese, short", "zh", list(chinese(options.data, short))),
        ("Chinese, long", "zh", list(chinese(options.data, long))),
        ("English", "en", list(english(options.data))),
    ]
    if options.encoder:
        command += ["--encoder", options.encoder]
    for name, language, records in sets:
        if options.language in (None, language):
            measure(name, language, records, command, options.show)


if __name__ == "__main__":
    main()
