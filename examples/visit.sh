#!/usr/bin/env bash
# A visit, told with the command line: two hospitals, a patient, two doctors, a researcher and a
# regulator. Visit, referral, refusal, revocation, an emergency, what the patient sees of it, and a
# new device with nothing but the recovery words.
#
# usage: examples/visit.sh          (EMRSHARE names the binary, PORT the first of four free ports)
set -euo pipefail

emrshare=${EMRSHARE:-emrshare}
port=${PORT:-18440}
here=$(mktemp -d)
stop() {
  jobs -p | xargs -r kill 2>/dev/null || true
  wait
  rm -rf "$here"
}
trap stop EXIT

say() { printf '\n== %s\n' "$*"; }
# The text of a field of a line of JSON.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1; }
# Runs a command that must end with an exit code.
must_fail() {
  local code=$1 status=0
  shift
  "$@" >"$here/refusal" 2>&1 || status=$?
  cat "$here/refusal"
  [ "$status" = "$code" ] || { echo "exit code $status instead of $code" >&2; exit 1; }
}

say "two hospitals found a consortium"
"$emrshare" init "$here/c" --nodes 2 --port "$port" >/dev/null
first="$here/c/node-0" second="$here/c/node-1"
for home in "$first" "$second"; do
  RUST_LOG=debug "$emrshare" node --config "$home/node.toml" 2>"$home/log" &
done
for home in "$first" "$second"; do
  for _ in $(seq 300); do
    "$emrshare" status --home "$home" >/dev/null 2>&1 && break
    sleep 0.2
  done
done
"$emrshare" --json status --home "$first" | field institution

say "doctors and a researcher are registered by their hospitals"
declare -A key
register() { # name, hospital, role
  key[$1]=$("$emrshare" --json key new "$here/$1.key" | field public_key)
  echo "$1" | "$emrshare" register "${key[$1]}" --role "$3" --identity-file - --home "$2" >/dev/null
  echo "$1: $3"
}
register li "$first" doctor
register schmidt "$second" doctor
register rivera "$second" researcher

say "both hospitals appoint a regulator: no one may do that alone"
key[okafor]=$("$emrshare" --json key new "$here/okafor.key" | field public_key)
must_fail 3 "$emrshare" register "${key[okafor]}" --role regulator --identity okafor --home "$first"
proposal=$("$emrshare" --json alliance appoint "${key[okafor]}" --role regulator --identity okafor \
  --home "$first" | field transaction)
until "$emrshare" alliance vote "$proposal" yes --home "$second" >/dev/null 2>&1; do sleep 0.2; done
echo "okafor: regulator"
as() { # name, hospital: the flags of a person there
  echo --home "$2" --key "$here/$1.key"
}

say "a patient makes a wallet, and a key for this visit"
echo "a long passphrase" >"$here/passphrase"
wallet=(--wallet "$here/wallet" --passphrase-file "$here/passphrase")
"$emrshare" --json wallet new "${wallet[@]}" | field words >"$here/words"
visit=$("$emrshare" --json wallet visit "${wallet[@]}" | field key)
patient=("${wallet[@]}" --visit 0 --home "$first")
echo "the patient shows the doctor $visit"

say "the visit: Dr. Li asks, the patient allows"
"$emrshare" relationship open "$visit" --rights view+append $(as li "$first") >/dev/null
"$emrshare" relationship answer "${key[li]}" --rights view+append "${patient[@]}" >/dev/null

say "a record comes in; Dr. Li signs that it is the patient's"
"$emrshare" sample --count 1 --lang en --seed 9 --out "$here/sample" >/dev/null
record=$("$emrshare" --json submit "$here/sample"/* --home "$first" | field index)
signed=$("$emrshare" --json relationship sign "$record" "$visit" $(as li "$first") | field signed)
"$emrshare" relationship append "$record" "$visit" --signed "$signed" --home "$first" >/dev/null
"$emrshare" get "$record" --original --out "$here/li" $(as li "$first")

say "Dr. Schmidt of the other hospital is refused"
until "$emrshare" show "$record" --home "$second" >/dev/null 2>&1; do sleep 0.2; done
must_fail 5 "$emrshare" get "$record" --original $(as schmidt "$second")

say "Dr. Li asks Dr. Schmidt, who takes it on: both sides see it, and no record opens"
echo "Would you operate?" >"$here/question"
echo "I would wait." >"$here/answer"
question=$("$emrshare" --json consultation ask "${key[schmidt]}" --question "$here/question" \
  --about "$record" $(as li "$first") | field transaction)
until "$emrshare" consultation accept "$question" $(as schmidt "$second") >/dev/null 2>&1; do sleep 0.2; done
must_fail 5 "$emrshare" get "$record" --original --for consultation $(as schmidt "$second")
"$emrshare" consultation answer "$question" --answer "$here/answer" $(as schmidt "$second") >/dev/null
until "$emrshare" consultation close "$question" $(as li "$first") >/dev/null 2>&1; do sleep 0.2; done
"$emrshare" consultation list $(as li "$first")

say "the patient refers to Dr. Schmidt, who now reads it through the other hospital"
"$emrshare" grant "$record" "${key[schmidt]}" --for consultation --hours 2 "${patient[@]}" >/dev/null
"$emrshare" get "$record" --original --for consultation --out "$here/s" $(as schmidt "$second")
cmp "$here/li/manifest.json" "$here/s/manifest.json"

say "not for another purpose, and not after the patient took it back"
must_fail 5 "$emrshare" get "$record" --original --for research $(as schmidt "$second")
"$emrshare" revoke "$record" "${key[schmidt]}" "${patient[@]}" >/dev/null
must_fail 5 "$emrshare" get "$record" --original --for consultation $(as schmidt "$second")

say "Dr. Schmidt may see the images, and nothing else"
"$emrshare" grant "$record" "${key[schmidt]}" --only images "${patient[@]}" >/dev/null
must_fail 5 "$emrshare" get "$record" --original $(as schmidt "$second")
"$emrshare" get "$record" --original --only images --out "$here/i" $(as schmidt "$second")
cmp "$here/li/manifest.json" "$here/i/manifest.json"
cmp "$here/li/image-1.dcm" "$here/i/image-1.dcm"
if [ -e "$here/i/record.json" ]; then exit 1; fi
"$emrshare" revoke "$record" "${key[schmidt]}" "${patient[@]}" >/dev/null

say "the researcher reads the desensitized file, not the original"
until "$emrshare" get "$record" --out "$here/r" $(as rivera "$second") 2>/dev/null; do sleep 0.2; done
must_fail 5 "$emrshare" get "$record" --original --for research $(as rivera "$second")

say "what the ledger holds now is proven to anyone who has the founding document"
"$emrshare" prove record "$record" --out "$here/stands" $(as rivera "$second") >/dev/null
"$emrshare" prove verify "$here/stands" --genesis "$first/genesis.json"
printf -v never 'ab%.0s' {1..32}
"$emrshare" prove original "$never" --out "$here/absent" $(as rivera "$first") >/dev/null
"$emrshare" prove verify "$here/absent" --genesis "$second/genesis.json"
printf '\1' | dd of="$here/absent" bs=1 seek=70 conv=notrunc status=none
must_fail 1 "$emrshare" prove verify "$here/absent" --genesis "$second/genesis.json"

say "the hospitals agree to care for the patient together; nothing opens before the patient consents"
echo "We care for these patients together." >"$here/text"
agreement=$("$emrshare" --json agreement offer 1 --text "$here/text" --rights query+update \
  --home "$first" | field transaction)
until "$emrshare" agreement accept "$agreement" --home "$second" >/dev/null 2>&1; do sleep 0.2; done
"$emrshare" agreement include "$agreement" "$record" --home "$first" >/dev/null
"$emrshare" agreement show "$agreement" "${patient[@]}"
must_fail 5 "$emrshare" get "$record" --original $(as schmidt "$second")
"$emrshare" sample --count 1 --lang en --seed 8 --out "$here/later" >/dev/null
must_fail 5 "$emrshare" submit --update "$record" "$here/later"/* --home "$second"
"$emrshare" agreement consent "$agreement" "$record" "${patient[@]}" >/dev/null

say "now Dr. Schmidt reads it, and the other hospital goes on with the record"
"$emrshare" get "$record" --original --out "$here/a" $(as schmidt "$second")
cmp "$here/li/manifest.json" "$here/a/manifest.json"
"$emrshare" submit --update "$record" "$here/later"/* --home "$second" >/dev/null
echo "Seen again, better." >"$here/note"
"$emrshare" agreement log "$agreement" --note "$here/note" $(as schmidt "$second") >/dev/null
until "$emrshare" show "$record" --home "$first" | grep -q "version: 2"; do sleep 0.2; done
"$emrshare" show "$record" --home "$first"
"$emrshare" get "$record" --original --out "$here/li2" $(as li "$first")
if cmp -s "$here/li/manifest.json" "$here/li2/manifest.json"; then exit 1; fi

say "the patient withdraws: it is closed at once"
"$emrshare" agreement withdraw "$agreement" "$record" "${patient[@]}" >/dev/null
must_fail 5 "$emrshare" get "$record" --original $(as schmidt "$second")
"$emrshare" agreement list --home "$first"

say "an emergency: Dr. Schmidt breaks the glass, for all to see"
"$emrshare" break-glass "$record" --reason unconscious $(as schmidt "$second") >/dev/null
"$emrshare" get "$record" --original --for emergency --out "$here/e" $(as schmidt "$second")

say "what the patient sees"
"$emrshare" audit "$record" "${patient[@]}"
say "what the regulator sees of everyone"
"$emrshare" audit --all $(as okafor "$first") | wc -l

say "a new device: nothing but the recovery words"
rm "$here/wallet"
"$emrshare" wallet recover "${wallet[@]}" --home "$second" <"$here/words"
"$emrshare" --json wallet summary "${wallet[@]}" --home "$second" | grep -q "$record"
"$emrshare" get "$record" --original --for personal --out "$here/p" "${wallet[@]}" --visit 0 --home "$second"
cmp "$here/li2/manifest.json" "$here/p/manifest.json"

say "the first hospital closes: from its backup the patient opens the own original, and nobody else"
kill %1 %2
wait
"$emrshare" originals export --home "$first" --out "$here/backup"
file="$here/backup/$(sha256sum "$here/li/manifest.json" | cut -d' ' -f 1).age"
"$emrshare" originals open "$file" "${wallet[@]}" --visit 0 --out "$here/o"
cmp "$here/li/record.json" "$here/o/record.json"
must_fail 1 "$emrshare" originals open "$file" --key "$here/schmidt.key" --out "$here/x"

say "the nodes' logs, with everything told, hold no key, no word and no name"
grep -hoE '[0-9a-f]{64}|AGE-SECRET-KEY-[0-9A-Z]+' "$here"/*.key "$here"/c/node-*/keys/* >"$here/secrets"
cut -d' ' -f 3-6 "$here/words" >>"$here/secrets"
cat "$here/passphrase" >>"$here/secrets"
grep -rhoE '"family": *"[^"]+"' "$here/sample" | sed 's/.*"\([^"]*\)"$/\1/' | sort -u >>"$here/secrets"
wc -l <"$here/secrets"
if grep -Ff "$here/secrets" "$first/log" "$second/log"; then
  echo "a secret is in a log" >&2
  exit 1
fi

say "everything held"
