#!/usr/bin/env python3
"""Makes ../data/family_names.tsv, divisions.txt and division_stems.txt.

usage: python3 chinese_lists.py DATA
  DATA  the folder with deid/gazetteers (names_cn: Apache-2.0, admin_divisions_cn: WTFPL)

Stems are divisions without their last word (浙江省: 浙江), as addresses often have them.
"""
import csv, json, os, re, sys

source = os.path.join(sys.argv[1], "deid", "gazetteers")
home = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
MISSPELT = {"冷狐", "刘傅", "刘付", "殴阳", "夏候"}
# What the tables call a division and nobody would write in an address alone.
NAMELESS = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "城区", "郊区", "矿区", "东区",
            "西区", "新区"}
whole, stems = set(), {"香港", "澳门", "台湾", "内蒙古", "广西", "宁夏", "新疆", "西藏"}


def add(name, has_stem):
    if name in NAMELESS:
        return
    whole.add(name)
    if has_stem:
        stem = re.sub(r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|省|市|地区|盟)$", "", name)
        stem = re.sub(r"(.{2,}?)(?:[\u4e00-\u9fff]{1,3}族)*自治州$", r"\1", stem)
        if len(stem) >= 2 and stem != name:
            stems.add(stem)


def table(name):
    with open(f"{source}/admin_divisions_cn/{name}", encoding="utf-8") as file:
        return json.load(file) if name.endswith("json") else list(csv.DictReader(file))


for row in table("areas.csv"):
    name = row["name"]
    add(name, name.endswith("市"))
    is_plain = not name.endswith(("新区", "开发区", "管理区", "园区", "自治县"))
    if name not in NAMELESS and len(name) >= 3 and name[-1] in "区县" and is_plain:
        stems.add(name[:-1])
for row in table("cities.csv") + table("provinces.json"):
    add(row["name"], True)
for region, cities in table("HK-MO-TW.json").items():
    for name in (region, *cities):
        add(name, True)


def write(name, lines):
    with open(os.path.join(home, name), "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


write("divisions.txt", sorted(whole))
write("division_stems.txt", sorted(stems - whole))
with open(f"{source}/names_cn/family_names_1k.tsv", encoding="utf-8-sig") as file:
    rows = [line.strip().split("\t") for line in file if "\t" in line][1:]
write("family_names.tsv", [f"{n}\t{max(1, round(float(f)))}" for n, f in rows if n not in MISSPELT])
