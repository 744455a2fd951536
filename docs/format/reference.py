#!/usr/bin/env python3
"""A second implementation of docs/format.md, to be read beside it.

    python3 docs/format/reference.py            checks all test vectors of this repository
    python3 docs/format/reference.py FILE...    checks these files of vectors

Python 3.9 or later and nothing else. Every function names the section that it implements and
raises FormatError with the name of the broken rule. Signatures are checked by plain integer
arithmetic: clear and slow, and of no use where secrets are handled.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys


class FormatError(Exception):
    """A rule is broken; the message is its name."""


def need(holds, rule):
    if not holds:
        raise FormatError(rule)


# Section 1: conventions ------------------------------------------------------------------------


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tagged(tag, *parts):
    """H(tag, ...): SHA-256 behind the tag's length and the tag."""
    return sha256(bytes([len(tag)]), tag, *parts)


def framed(tag, message):
    """What is signed: the tag's length, the tag, the message."""
    return bytes([len(tag)]) + tag + message


class Reader:
    """Big-endian fields, one after another."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        need(self.at + length <= len(self.data), "Truncated")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, length):
        return int.from_bytes(self.take(length), "big")

    def left(self):
        return len(self.data) - self.at

    def end(self):
        need(self.left() == 0, "Trailing")


# Sections 2 and 3: operation, index, entry -----------------------------------------------------

KINDS = ["add", "update", "delete"]
RECORD, CONTRACT = 0x1E35, 0x1E36


def operation(bits):
    kind = bits >> 20 & 3
    need(kind != 3, "ReservedKind")
    return {"marker": bits >> 22, "kind": KINDS[kind], "acting": bits & 0xFFFFF}


def padded_operation(data):
    bits = int.from_bytes(data, "big")
    need(bits & 15 == 0, "Padding")
    return operation(bits >> 4)


def index_key(data):
    need(len(data) == 28, "Length")
    bits = int.from_bytes(data, "big")
    need(bits >> 220 == 0, "Padding")
    return {"origin": bits >> 200, "serial": str(bits & (1 << 200) - 1)}


ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def checksum(symbols):
    remainder = 1
    for symbol in [3, 3, 3, 0, 5, 13, 18] + symbols:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ symbol
        for bit, generator in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
            remainder ^= generator if top >> bit & 1 else 0
    return remainder


def index_text(bits):
    symbols = [bits >> shift & 31 for shift in range(215, -1, -5)]
    check = checksum(symbols + [0] * 6) ^ 0x2BC830A3
    symbols += [check >> shift & 31 for shift in range(25, -1, -5)]
    return "".join(ALPHABET[symbol] for symbol in symbols)


def parse_index_text(text):
    need(len(text) == 50, "Length")
    folded = text.lower().replace("o", "0").replace("i", "1").replace("l", "1")
    need(all(character in ALPHABET for character in folded), "Character")
    symbols = [ALPHABET.index(character) for character in folded]
    need(checksum(symbols) == 0x2BC830A3, "Checksum")
    bits = 0
    for symbol in symbols[:44]:
        bits = bits << 5 | symbol
    return bits


def entry(data):
    need(len(data) == 96, "Length")
    head = int.from_bytes(data[:32], "big")
    fields = operation(head >> 220)
    index = head & (1 << 220) - 1
    fields |= {"origin": index >> 200, "serial": str(index & (1 << 200) - 1)}
    return fields | {"original": data[32:64].hex(), "desensitized": data[64:].hex()}


def entries(data):
    need(len(data) % 96 == 0, "Length")
    return [entry(data[at : at + 96]) for at in range(0, len(data), 96)]


# Section 4: Merkle trees (RFC 9162, section 2.1) -------------------------------------------------


def leaf(data):
    return sha256(b"\0", data)


def node(left, right):
    return sha256(b"\1", left, right)


def split(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node(root(leaves[:middle]), root(leaves[middle:]))


def path(leaves, position):
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if position < middle:
        return path(leaves[:middle], position) + [root(leaves[middle:])]
    return path(leaves[middle:], position - middle) + [root(leaves[:middle])]


def climb(start, position, count, hashes):
    """The root that a path leads to."""
    need(position < count, "Inclusion")

    def up(position, count, hashes):
        if count == 1:
            need(not hashes, "Inclusion")
            return start
        need(hashes, "Inclusion")
        middle = split(count)
        if position < middle:
            return node(up(position, middle, hashes[:-1]), hashes[-1])
        return node(hashes[-1], up(position - middle, count - middle, hashes[:-1]))

    return up(position, count, hashes)


def consistency(leaves, first, whole=True):
    if first == len(leaves):
        return [] if whole else [root(leaves)]
    middle = split(len(leaves))
    if first <= middle:
        return consistency(leaves[:middle], first, whole) + [root(leaves[middle:])]
    return consistency(leaves[middle:], first - middle, False) + [root(leaves[:middle])]


# Section 5: history ------------------------------------------------------------------------------


def history_bytes(blocks):
    leaves, peaks, at = [leaf(block) for block in blocks], [], 0
    for bit in range(len(leaves).bit_length() - 1, -1, -1):
        if len(leaves) >> bit & 1:
            peaks.append(root(leaves[at : at + (1 << bit)]))
            at += 1 << bit
    return len(blocks).to_bytes(8, "big") + b"".join(peaks)


# Sections 6 to 8: items, headers, blocks ---------------------------------------------------------


def submission(data):
    need(len(data) <= 4096 * 96 + 72, "Limit")
    need(len(data) >= 72, "Truncated")
    batch = entries(data[:-72])
    need(batch, "Empty")
    acting = batch[0]["acting"]
    need(all(one["acting"] == acting for one in batch), "MixedNodes")
    sequence, signature = data[-72:-64], data[-64:]
    top = root([leaf(data[at : at + 96]) for at in range(0, len(data) - 72, 96)])
    count = len(batch).to_bytes(4, "big")
    return {
        "node": acting,
        "sequence": int.from_bytes(sequence, "big"),
        "entries": batch,
        "entries_root": top,
        "signature": signature,
        "signed": acting.to_bytes(4, "big") + sequence + count + top,
        "leaf": leaf(b"\1" + sequence + signature + count + top),
    }


def verify_submission(read, chain, key):
    message = framed(b"_EMRSHARE_LEDGER_SUBMISSION", chain + read["signed"])
    need(ed25519(key, message, read["signature"]), "Signature")


def transaction(data):
    need(len(data) <= 65536, "Limit")
    reader = Reader(data)
    fields = padded_operation(reader.take(5))
    contract, signer, nonce = reader.number(2), reader.take(32), reader.number(8)
    payload = reader.take(max(0, reader.left() - 64))
    signature = reader.take(64)
    return {
        "node": fields["acting"],
        "contract": contract,
        "signer": signer,
        "nonce": nonce,
        "payload": payload,
        "signature": signature,
        "signed": data[:-64],
        "leaf": leaf(b"\2" + data),
    }


def transaction_id(read):
    return tagged(b"_EMRSHARE_LEDGER_TRANSACTION_ID", read["signed"])


# What calls hold, field by field: a width in bytes, names of values, or a choice by a first byte.
ROLE = ["patient", "doctor", "researcher", "regulator", "inspector", "operator"]
PURPOSE = ["personal", "treatment", "consultation", "research", "emergency", "inspection"]
PARTS = ["", "texts", "images", "everything"]
RIGHTS = ["none", "view", "append", "view+append"]
AGREED = ["query", "update", "query+update"]
REASON = ["unconscious", "life-threatening", "incapable", "public-health"]
NODE, TIME, KEY, INDEX, TEXT = "node", 8, "key", "index", "text"
QUOTA = [("none", []), ("some", [TIME])]
MOTION = [("suspend", [NODE]), ("reinstate", [NODE]), ("terms", [KEY, KEY, KEY]), ("appoint", [ROLE, KEY, KEY]), ("admit", [KEY]), ("quota", [QUOTA])]
SCOPE = [("all", []), ("record", [INDEX])]
GRANTEE = [("person", [KEY]), ("role", [NODE, ROLE]), ("institution", [NODE])]
ABOUT = [("none", []), ("record", [INDEX])]
PARTY = [("key", [KEY]), ("person", [KEY])]
CALLS = {
    (1, 0): [MOTION],
    (1, 1): [KEY, ["no", "yes"]],
    (1, 2): [NODE, TEXT, TEXT, TEXT, TEXT, "signature"],
    (1, 3): [],
    (1, 4): [NODE, TEXT, TEXT, TEXT, TEXT],
    (1, 5): [NODE, TEXT, TEXT, TEXT, TEXT, "signature"],
    (2, 0): [ROLE, KEY, KEY],
    (2, 1): [KEY],
    (2, 2): [KEY, KEY],
    (2, 3): [KEY, KEY],
    (2, 4): [KEY],
    (2, 5): ["address"],
    (2, 6): ["address"],
    (3, 0): [INDEX, KEY],
    (3, 1): [KEY, RIGHTS],
    (3, 2): [KEY, RIGHTS],
    (3, 3): [PARTY, KEY],
    (3, 4): [INDEX, KEY, KEY, TIME, "signature"],
    (4, 0): [SCOPE, GRANTEE, "purposes", PARTS, TIME, TIME, TIME, TIME],
    (4, 1): [SCOPE, GRANTEE],
    (4, 2): [INDEX, REASON],
    (5, 0): [INDEX],
    (5, 1): [INDEX, PURPOSE, PARTS, KEY],
    (5, 2): [KEY],
    (6, 0): [NODE, KEY, AGREED, TIME, TIME],
    (6, 1): [KEY],
    (6, 2): [KEY],
    (6, 3): [KEY, INDEX],
    (6, 4): [KEY, INDEX],
    (6, 5): [KEY, INDEX],
    (6, 6): [KEY, INDEX],
    (6, 7): [KEY, KEY],
    (7, 0): [KEY, KEY, ABOUT],
    (7, 1): [KEY],
    (7, 2): [KEY],
    (7, 3): [KEY, KEY],
    (7, 4): [KEY],
}


def call(contract, payload):
    reader = Reader(payload)
    method = reader.number(1)
    need((contract, method) in CALLS, "Value")
    values = [call_field(reader, kind) for kind in CALLS[contract, method]]
    reader.end()
    return [method] + values


def call_field(reader, kind):
    if kind == KEY:
        return reader.take(32).hex()
    if kind == "address":
        return reader.take(20).hex()
    if kind == "signature":
        return reader.take(64).hex()
    if kind == TEXT:
        length = reader.number(2)
        need(length <= 2048, "Limit")
        return reader.take(length).decode()
    if kind == TIME:
        return str(reader.number(8))
    if kind == NODE:
        node = reader.number(4)
        need(node < 1 << 20, "Value")
        return node
    if kind == INDEX:
        fields = index_key(reader.take(28))
        return index_text(fields["origin"] << 200 | int(fields["serial"]))
    if kind == "purposes":
        bits = reader.number(1)
        need(bits >> len(PURPOSE) == 0, "Value")
        return [name for place, name in enumerate(PURPOSE) if bits >> place & 1]
    value = reader.number(1)
    need(value < len(kind) and kind[value], "Value")
    if isinstance(kind[value], str):
        return kind[value]
    name, parts = kind[value]
    return [name] + [call_field(reader, part) for part in parts]


def verify_transaction(read, chain):
    message = framed(b"_EMRSHARE_LEDGER_TRANSACTION", chain + read["signed"])
    need(ed25519(read["signer"], message, read["signature"]), "Signature")


def item(data):
    need(len(data) >= 2, "Truncated")
    marker = int.from_bytes(data[:2], "big") >> 2
    if marker == RECORD:
        return submission(data)
    if marker == CONTRACT:
        return transaction(data)
    return {"leaf": leaf(b"\0" + data)}


HEADER_LEN = 249


def header(reader):
    start = reader.at
    need(reader.number(1) == 1, "Version")
    fields = {"chain": reader.take(32), "height": reader.number(8), "time_ms": reader.number(8)}
    for name in ["previous", "history_root", "body_root"]:
        fields[name] = reader.take(32)
    fields |= {"items": reader.number(4), "entries": reader.number(4)}
    for name in ["state_root", "validators_root", "next_validators_root"]:
        fields[name] = reader.take(32)
    return fields | {"hash": tagged(b"_EMRSHARE_LEDGER_HEADER", reader.data[start : reader.at])}


def block(data):
    need(len(data) <= 2 * 1024 * 1024, "Limit")
    reader = Reader(data)
    head, items = header(reader), []
    while reader.left():
        need(len(items) < 16384, "Limit")
        length = reader.number(4)
        need(length <= 4096 * 96 + 72, "Limit")
        items.append(item(reader.take(length)))
    count = sum(len(one.get("entries", [])) for one in items)
    body = root([one["leaf"] for one in items])
    commits = (head["items"], head["entries"], head["body_root"]) == (len(items), count, body)
    need(commits, "Commitment")
    return head, items


# Section 9: validators and genesis ---------------------------------------------------------------


def validator_rows(members):
    ordered = sorted(members, key=lambda member: member[1])
    return b"".join(number.to_bytes(4, "big") + key for number, key in ordered)


def validators_root(members):
    return tagged(b"_EMRSHARE_LEDGER_VALIDATORS", validator_rows(members))


def validator_set(members):
    return len(members).to_bytes(2, "big") + validator_rows(members)


def read_validator_set(reader):
    count = reader.number(2)
    need(count <= 128, "Limit")
    members = [(reader.number(4), reader.take(32)) for _ in range(count)]
    keys = [key for _, key in members]
    need(all(number < 1 << 20 for number, _ in members), "Value")
    need(all(a < b for a, b in zip(keys, keys[1:])), "Value")
    return members


def text(value):
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def quorum(count):
    return max(1, count - (count - 1) // 3)


def bit(hashed, level):
    return hashed[level // 8] >> (7 - level % 8) & 1


def state_leaf(key_hash, value_hash):
    return tagged(b"_EMRSHARE_LEDGER_STATE_LEAF", key_hash, value_hash)


def state_node(left, right):
    return tagged(b"_EMRSHARE_LEDGER_STATE_NODE", left, right)


def state_root(rows):
    return subtree([(sha256(key), sha256(value)) for key, value in rows], 0)


def subtree(leaves, level):
    if not leaves:
        return bytes(32)
    if len(leaves) == 1:
        return state_leaf(*leaves[0])
    halves = [[one for one in leaves if bit(one[0], level) == side] for side in (0, 1)]
    return state_node(*(subtree(half, level + 1) for half in halves))


def genesis(document):
    need(canonical(json.loads(document)) == document, "NotCanonical")
    fields = json.loads(document)
    need(fields["format"] == "emrshare-genesis/1", "Format")
    members = []
    for member in fields["members"]:
        der = base64.b64decode("".join(member["certificate"].strip().splitlines()[1:-1]))
        name = f"urn:emrshare:node:{member['node']}:".encode()
        at = der.index(name) + len(name)
        members.append((member["node"], bytes.fromhex(der[at : at + 64].decode())))
    rows = {b"cM": len(members).to_bytes(4, "big"), b"cU": text(fields["authority"])}
    for (number, key), member in zip(members, fields["members"]):
        node = number.to_bytes(4, "big")
        texts = [member[name] for name in ["institution", "api", "consensus", "certificate"]]
        rows |= {b"cm" + node: key, b"cK" + key: node}
        rows[b"cC" + node] = node + b"".join(text(value) for value in texts)
    shares = [fields["thresholds"][name].split("/") for name in sorted(fields["thresholds"])]
    rows[b"cH"] = b"".join(bytes(int(number) for number in share) for share in shares)
    named = [bytes.fromhex(fields[name]) for name in ["protocol", "policy", "standards"]]
    rows[b"cT"] = b"".join(named) + bytes(8)
    rows[b"cV"] = rows[b"cW" + bytes(8)] = validator_set(members)
    return sha256(document), members, state_root(rows.items())


# Section 10: certificates, receipts, split views -------------------------------------------------


def varint(value):
    low = b""
    while value >= 0x80:
        low += bytes([value & 0x7F | 0x80])
        value >>= 7
    return low + bytes([value])


def certificate(reader):
    fields = {name: reader.number(8) for name in ["epoch", "view", "parent_view"]}
    count = reader.number(4)
    need(count <= 1024, "Limit")
    fields["votes"] = [(reader.number(2), reader.take(64)) for _ in range(count)]
    return fields


def verify_certificate(read, chain, hashed, members):
    ordered = sorted(members, key=lambda member: member[1])
    positions = [position for position, _ in read["votes"]]
    need(all(a < b for a, b in zip(positions, positions[1:])), "Signers")
    need(len(positions) >= quorum(len(members)), "Quorum")
    tag = b"_EMRSHARE_CONSENSUS" + chain + b"_FINALIZE"
    numbers = b"".join(varint(read[name]) for name in ["epoch", "view", "parent_view"])
    message = varint(len(tag)) + tag + numbers + hashed
    for position, signature in read["votes"]:
        need(position < len(ordered), "Signers")
        need(ed25519(ordered[position][1], message, signature), "Signature")


def verify_certified(head, votes, chain, members):
    need(head["chain"] == chain, "Foreign")
    need(head["validators_root"] == validators_root(members), "Foreign")
    verify_certificate(votes, chain, head["hash"], members)


def hashes(reader):
    count = reader.number(1)
    need(count <= 32, "Limit")
    return [reader.take(32) for _ in range(count)]


def final_header(reader):
    head, count = header(reader), reader.number(4)
    need(count <= 1024, "Limit")
    descendants = [header(reader) for _ in range(count)]
    return {"header": head, "descendants": descendants, "certificate": certificate(reader)}


def verify_final(read, chain, members):
    last = read["header"]
    for child in read["descendants"]:
        follows = child["previous"] == last["hash"] and child["height"] == last["height"] + 1
        need(follows, "Ancestry")
        last = child
    need(read["header"]["chain"] == chain, "Foreign")
    verify_certified(last, read["certificate"], chain, members)


def receipt(data):
    reader = Reader(data)
    need(reader.number(1) == 1, "Version")
    read = {"entry": reader.take(96)}
    entry(read["entry"])
    read |= {"position": reader.number(4), "count": reader.number(4), "entries_path": hashes(reader)}
    read |= {"sequence": reader.take(8), "signature": reader.take(64)}
    read |= {"item": reader.number(4), "items_path": hashes(reader)} | final_header(reader)
    reader.end()
    return read


def verify_receipt(read, chain, members):
    head, count = read["header"], read["count"].to_bytes(4, "big")
    top = climb(leaf(read["entry"]), read["position"], read["count"], read["entries_path"])
    start = leaf(b"\1" + read["sequence"] + read["signature"] + count + top)
    body = climb(start, read["item"], head["items"], read["items_path"])
    need(body == head["body_root"], "Inclusion")
    verify_final(read, chain, members)


def state_proof(data):
    reader = Reader(data)
    need(reader.number(1) == 1, "Version")
    read = {"key": prefixed(reader, 4096), "value": None, "leaf": None}
    if flag(reader):
        read["value"] = prefixed(reader, 65536)
    if flag(reader):
        need(read["value"] is None, "Value")
        read["leaf"] = reader.take(32), reader.take(32)
    count = reader.number(4)
    need(count <= 256, "Limit")
    read["siblings"] = [reader.take(32) for _ in range(count)]
    read |= final_header(reader)
    reader.end()
    return read


def prefixed(reader, limit):
    length = reader.number(4)
    need(length <= limit, "Limit")
    return reader.take(length)


def flag(reader):
    found = reader.number(1)
    need(found <= 1, "Value")
    return found == 1


def verify_state_proof(read, chain, members):
    wanted, siblings = sha256(read["key"]), read["siblings"]
    if read["value"] is not None:
        found = state_leaf(wanted, sha256(read["value"]))
    elif read["leaf"]:
        other = read["leaf"][0]
        shared = all(bit(other, level) == bit(wanted, level) for level in range(len(siblings)))
        need(other != wanted and shared, "Inclusion")
        found = state_leaf(*read["leaf"])
    else:
        found = bytes(32)
    for level, sibling in reversed(list(enumerate(siblings))):
        pair = (sibling, found) if bit(wanted, level) else (found, sibling)
        found = state_node(*pair)
    need(found == read["header"]["state_root"], "Inclusion")
    verify_final(read, chain, members)


def split_view(data):
    reader = Reader(data)
    need(reader.number(1) == 1, "Version")
    read = [(header(reader), certificate(reader)) for _ in range(2)]
    reader.end()
    return read


def verify_split_view(read, chain, members):
    (first, votes), (second, others) = read
    need(first["hash"] < second["hash"] and first["height"] == second["height"], "NoSplit")
    verify_certified(first, votes, chain, members)
    verify_certified(second, others, chain, members)
    if (votes["epoch"], votes["view"]) != (others["epoch"], others["view"]):
        return []
    ordered = sorted(members, key=lambda member: member[1])
    both = {position for position, _ in votes["votes"]} & {position for position, _ in others["votes"]}
    return [ordered[position][0] for position in sorted(both)]


def successions(data):
    reader = Reader(data)
    need(reader.number(1) == 1, "Version")
    count = reader.number(4)
    need(count <= 65536, "Limit")
    read = [(header(reader), certificate(reader), read_validator_set(reader)) for _ in range(count)]
    reader.end()
    return read


def validators_at(height, read, chain, members):
    last = None
    for head, votes, following in read:
        if head["height"] >= height:
            break
        need(last is None or head["height"] > last, "Ancestry")
        verify_certified(head, votes, chain, members)
        need(head["next_validators_root"] == validators_root(following), "Foreign")
        members, last = following, head["height"]
    return members


# Section 11: manifests ---------------------------------------------------------------------------


def canonical(value):
    """RFC 8785 for documents whose numbers are integers and whose names are ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


PART = {"chunks", "media_type", "name", "sha256", "size"}
CHUNK_LEN = 1024 * 1024


def is_digest(text):
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def manifest(data):
    need(len(data) <= 16 * 1024 * 1024, "TooLarge")
    try:
        fields = json.loads(data)
        known = set(fields) <= {"binder", "format", "kind", "parts"}
        need(known and all(set(part) == PART for part in fields["parts"]), "Malformed")
    except (ValueError, KeyError, TypeError):
        raise FormatError("Malformed") from None
    need(fields["format"] == "emrshare-record/1", "Format")
    need(("binder" in fields) == (fields["kind"] == "original"), "Binder")
    need(canonical(fields) == data, "NotCanonical")
    for part in fields["parts"]:
        need(all(is_digest(text) for text in [part["sha256"], *part["chunks"]]), "Malformed")
        need(len(part["chunks"]) == -(-part["size"] // CHUNK_LEN), "Chunks")
    return fields


def binder(fields, key):
    bare = canonical({name: value for name, value in fields.items() if name != "binder"})
    return hmac.new(key, framed(b"_EMRSHARE_IDENTITY_BINDER", bare), "sha256").hexdigest()


# Ed25519 (RFC 8032, section 5.1.7) ---------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    low, high = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    mixed, scaled = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = high - low, scaled - mixed, scaled + mixed, high + low
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(factor, point):
    result = (0, 1, 1, 0)
    while factor:
        result = add(result, point) if factor & 1 else result
        point, factor = add(point, point), factor >> 1
    return result


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519(key, message, signature):
    public, commitment = decompress(key), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or scalar >= L:
        return False
    hashed = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(hashed, "little") % L
    left, right = multiply(scalar, BASE), add(commitment, multiply(challenge, public))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % P == 0


# The vectors -------------------------------------------------------------------------------------


def unhex(text):
    return bytes.fromhex(text)


def refused(vector, check):
    try:
        check()
    except FormatError as error:
        assert str(error) == vector["error"], f"{vector['why']}: {error}, not {vector['error']}"
        return
    raise AssertionError(f"{vector['why']}: accepted, not {vector['error']}")


def check_codec(vectors):
    for one in vectors["operations"]:
        fields = operation(int(one["bits"], 2))
        assert fields == padded_operation(unhex(one["padded"]))
        assert fields == {name: one[name] for name in fields}
    for one in vectors["indexes"]:
        bits = int(one["key"], 16)
        assert index_key(unhex(one["key"])) == {"origin": one["origin"], "serial": one["serial"]}
        assert index_text(bits) == one["text"] and parse_index_text(one["text"].upper()) == bits
    for one in vectors["entries"]:
        fields = entry(unhex(one["bytes"]))
        assert fields == {name: one[name] for name in fields}
    for one in vectors["bad_operations"]:
        refused(one, lambda: padded_operation(unhex(one["padded"])))
    for one in vectors["bad_index_keys"]:
        refused(one, lambda: index_key(unhex(one["key"])))
    for one in vectors["bad_index_texts"]:
        refused(one, lambda: parse_index_text(one["text"]))
    for one in vectors["bad_entries"]:
        refused(one, lambda: entries(unhex(one["bytes"])))


def check_trees(vectors):
    for one in vectors["merkle"]:
        leaves = [leaf(unhex(data)) for data in one["data"]]
        assert root(leaves).hex() == one["root"]
        for position, given in enumerate(one["paths"]):
            given = [unhex(text) for text in given]
            assert path(leaves, position) == given
            assert climb(leaves[position], position, len(leaves), given).hex() == one["root"]
        for given in one["consistency"]:
            first = given["first"]
            assert root(leaves[:first]).hex() == given["first_root"]
            assert not first or [h.hex() for h in consistency(leaves, first)] == given["path"]
    for one in vectors["histories"]:
        blocks = [unhex(text) for text in one["blocks"]]
        assert root([leaf(hashed) for hashed in blocks]).hex() == one["root"]
        assert history_bytes(blocks).hex() == one["bytes"]


def check_items(vectors, chain):
    for one in vectors["submissions"]:
        read = submission(unhex(one["bytes"]))
        verify_submission(read, chain, unhex(one["key"]))
        assert (read["node"], str(read["sequence"])) == (one["node"], one["sequence"])
        assert len(read["entries"]) == one["entries"]
        assert (read["entries_root"].hex(), read["leaf"].hex()) == (one["entries_root"], one["leaf"])
    for one in vectors["bad_submissions"]:
        key = unhex(one["key"])
        refused(one, lambda: verify_submission(submission(unhex(one["bytes"])), chain, key))
    for one in vectors["transactions"]:
        read = transaction(unhex(one["bytes"]))
        verify_transaction(read, chain)
        assert (read["node"], read["contract"]) == (one["node"], one["contract"])
        assert (read["signer"].hex(), str(read["nonce"])) == (one["signer"], one["nonce"])
        assert (read["payload"].hex(), read["leaf"].hex()) == (one["payload"], one["leaf"])
    for one in vectors["bad_transactions"]:
        refused(one, lambda: verify_transaction(transaction(unhex(one["bytes"])), chain))


def shown(value):
    return value.hex() if isinstance(value, bytes) else value


def check_blocks(vectors):
    for one in vectors["headers"]:
        data = unhex(one["bytes"])
        assert len(data) == HEADER_LEN
        for name, value in header(Reader(data)).items():
            assert str(shown(value)) == str(one[name]), name
    for one in vectors["bad_headers"]:
        refused(one, lambda: header(Reader(unhex(one["bytes"]))))
    for one in vectors["blocks"]:
        head, items = block(unhex(one["bytes"]))
        assert head["hash"].hex() == one["hash"]
        assert [read["leaf"].hex() for read in items] == one["leaves"]
    for one in vectors["bad_blocks"]:
        refused(one, lambda: block(unhex(one["bytes"])))


def check_proofs(vectors, chain, members):
    for one in vectors["receipts"]:
        read = receipt(unhex(one["bytes"]))
        verify_receipt(read, chain, members)
        assert (read["entry"].hex(), read["header"]["hash"].hex()) == (one["entry"], one["block"])
        assert str(read["header"]["height"]) == one["height"]
        assert len(read["certificate"]["votes"]) == one["votes"]
    for one in vectors["bad_receipts"]:
        refused(one, lambda: verify_receipt(receipt(unhex(one["bytes"])), chain, members))
    for one in vectors["states"]:
        rows = [(unhex(key), unhex(value)) for key, value in one["rows"]]
        assert state_root(rows).hex() == one["root"]
    for one in vectors["state_proofs"]:
        read = state_proof(unhex(one["bytes"]))
        verify_state_proof(read, chain, members)
        shown = (read["key"].hex(), read["value"] and read["value"].hex())
        assert shown == (one["key"], one["value"]) and read["header"]["hash"].hex() == one["block"]
    for one in vectors["bad_state_proofs"]:
        check = lambda: verify_state_proof(state_proof(unhex(one["bytes"])), chain, members)
        refused(one, check)
    for one in vectors["split_views"]:
        read = split_view(unhex(one["bytes"]))
        assert verify_split_view(read, chain, members) == one["voted_twice"]
        assert [head["hash"].hex() for head, _ in read] == one["blocks"]
    for one in vectors["bad_split_views"]:
        refused(one, lambda: verify_split_view(split_view(unhex(one["bytes"])), chain, members))


def check_successions(vectors, chain, members):
    for one in vectors["successions"]:
        read = successions(unhex(one["bytes"]))
        found = validators_at(int(one["height"]), read, chain, members)
        stated = [(member["node"], unhex(member["key"])) for member in one["validators"]["members"]]
        assert found == stated and validators_root(found).hex() == one["validators"]["root"]
    for one in vectors["bad_successions"]:
        refused(one, lambda: validators_at(1000, successions(unhex(one["bytes"])), chain, members))


def check_ledger(vectors):
    chain, stated = unhex(vectors["chain"]), vectors["validators"]
    members = [(member["node"], unhex(member["key"])) for member in stated["members"]]
    assert validators_root(members).hex() == stated["root"]
    assert quorum(len(members)) == stated["quorum"]
    check_trees(vectors)
    check_items(vectors, chain)
    check_blocks(vectors)
    check_proofs(vectors, chain, members)
    check_successions(vectors, chain, members)


def check_genesis(vectors):
    chain, members, state = genesis(vectors["document"].encode())
    assert chain.hex() == vectors["chain"] and state.hex() == vectors["state_root"]
    stated = [(member["node"], unhex(member["key"])) for member in vectors["validators"]]
    assert sorted(members) == sorted(stated)
    assert validators_root(members).hex() == vectors["validators_root"]
    head, items = block(unhex(vectors["block"]))
    assert (head["chain"], head["state_root"], items) == (chain, state, [])
    assert head["hash"].hex() == vectors["block_hash"]
    assert head["next_validators_root"] == head["validators_root"] == validators_root(members)


def check_calls(vectors):
    for one in vectors["calls"]:
        read = transaction(unhex(one["transaction"]))
        assert (read["contract"], read["payload"].hex()) == (one["contract"], one["payload"])
        assert transaction_id(read).hex() == one["id"]
        assert call(read["contract"], read["payload"]) == one["fields"]
    for one in vectors["bad_calls"]:
        refused(one, lambda: call(one["contract"], unhex(one["payload"])))
    for one in vectors["append_statements"]:
        parts = [unhex(one[name]) for name in ["chain", "original", "patient", "doctor"]]
        message = b"".join(parts) + int(one["time_ms"]).to_bytes(8, "big")
        signed = framed(b"_EMRSHARE_CONTRACTS_APPEND", message)
        need(ed25519(unhex(one["doctor"]), signed, unhex(one["signature"])), "Signature")


def check_manifests(vectors):
    for one in vectors["files"]:
        data = one["manifest"].encode()
        fields = manifest(data)
        assert sha256(data).hex() == one["digest"]
        pieces = [data]
        for part, chunks in zip(fields["parts"], one["parts"]):
            chunks = [unhex(chunk) for chunk in chunks]
            assert [sha256(chunk).hex() for chunk in chunks] == part["chunks"]
            assert sha256(*chunks).hex() == part["sha256"]
            assert sum(len(chunk) for chunk in chunks) == part["size"]
            pieces += chunks
        file = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
        assert file.hex() == one["file"]
        if "binder" in fields:
            assert binder(fields, unhex(vectors["consortium_key"])) == fields["binder"]
    for one in vectors["bad_manifests"]:
        refused(one, lambda: manifest(one["manifest"].encode()))


CHECKS = {
    "calls.json": check_calls,
    "codec.json": check_codec,
    "ledger.json": check_ledger,
    "genesis.json": check_genesis,
    "manifest.json": check_manifests,
}


def count(vectors):
    return sum(len(group) for group in vectors.values() if isinstance(group, list))


def main(names):
    crates = pathlib.Path(__file__).resolve().parents[2] / "crates"
    files = [pathlib.Path(name) for name in names] or sorted(crates.glob("*/tests/vectors/*.json"))
    for file in files:
        vectors = json.loads(file.read_text(encoding="utf-8"))
        CHECKS[file.name](vectors)
        print(f"{file.name}: {count(vectors)} vectors hold")


if __name__ == "__main__":
    main(sys.argv[1:])
