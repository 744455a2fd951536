"""How well sections are judged that a database adds to the three.

    evaluate_added.py EMRSHARE RECORDS.jsonl

EMRSHARE is the command; RECORDS.jsonl is `text_zh/joined_semisynthetic/records.jsonl`. Half of the
records teach a section, the others are judged, whole and damaged. Prints the AUC of the section's score
of whole against damaged texts, and in brackets the share that is refused.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

SECTIONS = {"辅助检查": "examinations", "诊断依据": "grounds", "主诉及症状": "complaints"}
NAMES = {"基本信息": "basic", "诊断": "diagnosis", "住院经过": "hospitalisation"}
PLACEHOLDERS = ["无", "不详", "见附件", "略", "N/A"]


def line(sections, name, text):
    told = {known: sections.get(key, "") for key, known in NAMES.items()} | {name: text}
    return json.dumps({"lang": "zh", "sections": told}, ensure_ascii=False) + "\n"


def damaged(kind, sections, title):
    text = sections[title]
    if kind == "removed":
        return ""
    if kind == "placeholder":
        return random.choice(PLACEHOLDERS)
    if kind == "other":
        return sections[random.choice([other for other in sections if other != title])]
    return text[: max(1, len(text) * int(kind.removeprefix("cut")) // 100)]


def scores(emrshare, database, name, lines):
    command = [emrshare, "check", "--jsonl", "--standards", database]
    answers = subprocess.run(command, input="".join(lines), capture_output=True, text=True, check=True).stdout
    return [json.loads(answer)["scores"][name] for answer in answers.splitlines()]


def evaluate(emrshare, records, title, name, folder):
    half = len(records) // 2
    lines, exported, database = (str(folder / file) for file in ("lines.jsonl", "exported.json", "added.json"))
    pathlib.Path(lines).write_text("".join(line(record, name, record[title]) for record in records[:half]))
    subprocess.run([emrshare, "standards", "export", exported], check=True, capture_output=True)
    add = ["standards", "add", exported, lines, "--section", name, "--title", name, "--out", database]
    subprocess.run([emrshare, *add], check=True, capture_output=True)
    rest = records[half:]
    whole = scores(emrshare, database, name, [line(record, name, record[title]) for record in rest])
    print(f"{name}: whole ones refused {sum(score <= 0 for score in whole)} of {len(whole)}")
    for kind in ("removed", "placeholder", "cut50", "cut20", "other"):
        bad = scores(emrshare, database, name, [line(r, name, damaged(kind, r, title)) for r in rest])
        above = sum((a > b) + (a == b) / 2 for a in whole for b in bad) / len(whole) / len(bad)
        print(f"  {kind:12} {above:.3f} ({sum(score <= 0 for score in bad) / len(bad):.2f})")


def main():
    emrshare, path = sys.argv[1:]
    records = [json.loads(text)["sections"] for text in open(path, encoding="utf-8")]
    random.seed(1)
    random.shuffle(records)
    with tempfile.TemporaryDirectory() as folder:
        for title, name in SECTIONS.items():
            evaluate(emrshare, records, title, name, pathlib.Path(folder))


if __name__ == "__main__":
    main()
