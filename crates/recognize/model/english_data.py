#!/usr/bin/env python3
"""Makes the lists of Latin names and places, and the examples that train the English tagger.

usage: pip install faker==40.54.0 && apt-get install wamerican wamerican-small wbritish-small && python3 english_data.py DATA OUT
  DATA  the folder with deid/ (presidio_synth_en, asq_phi_en, ccda_samples, hl7v2_samples: MIT,
        synthea_fhir_r4, gazetteers/names_cn: Apache-2.0, fhir_r4_examples: CC0)
  OUT   gets examples.jsonl; the lists go to ../data beside this script

Names of the examples are exchanged for others of the lists, so that the tagger learns where names
stand more than which there are. Displays of Synthea's codes are examples without any name.
"""
import html, importlib, json, os, pkgutil, random, re, sys
import faker.providers.address, faker.providers.person

root, out = sys.argv[1], sys.argv[2]
home = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
rng = random.Random(7)
latin = re.compile(r"^[A-Za-zÀ-ɏḀ-ỿ' .-]+$")


def flat(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from flat(item)
    elif isinstance(value, dict):
        for item in value:
            yield from flat(item)


def gather(package, attributes):
    found = set()
    for module in pkgutil.iter_modules(package.__path__):
        provider = importlib.import_module(f"{package.__name__}.{module.name}").Provider
        for attribute in attributes:
            found |= {v.strip() for v in flat(getattr(provider, attribute, ())) if latin.match(v)}
    return found


people, places = faker.providers.person, faker.providers.address
given = gather(people, ["first_names", "first_names_male", "first_names_female", "first_names_unisex"])
family = gather(people, ["last_names", "last_names_male", "last_names_female"])
with open(f"{root}/deid/gazetteers/names_cn/english_names_2w.txt", encoding="utf-8-sig") as file:
    given |= {line.strip() for line in file if latin.match(line.strip()) and "@" not in line}
cities = gather(places, ["cities", "city_names", "countries", "states", "counties", "provinces", "regions",
                         "prefectures", "departments", "cantons", "towns", "districts"])


def write(name, values):
    words = {part.lower() for v in values for part in re.split(r"[ .'-]+", v) if len(part) > 1}
    with open(os.path.join(home, name), "w", encoding="utf-8") as file:
        file.writelines(word + "\n" for word in sorted(words, key=lambda w: w.encode()))
    print(name, len(words))


write("latin_given_names.txt", given)
write("latin_family_names.txt", family)
write("latin_places.txt", cities)
MEDICAL = """afebrile oedema edema gastroenterology nephrology cardiology neurology oncology haematology
hematology urology orthopaedics orthopedics dermatology ophthalmology otolaryngology rheumatology
endocrinology pulmonology respiratory paediatrics pediatrics obstetrics gynaecology gynecology psychiatry
radiology pathology anaesthesiology anesthesiology melaena melena haemoglobin hemoglobin creatinine
cor pulmonale urease esomeprazole troponin bilirubin albumin leucocytes leukocytes platelets neutrophils lymphocytes
hypertension hypotension tachycardia bradycardia dyspnoea dyspnea haematuria hematuria proteinuria
jaundice ascites pneumothorax effusion consolidation atelectasis cholecystitis appendicitis
pancreatitis hepatitis nephritis meningitis encephalitis arthritis bronchitis gastritis colitis
diabetes asthma anaemia anemia sepsis thrombosis embolism infarction ischaemia ischemia stenosis
fibrillation arrhythmia cardiomegaly hepatomegaly splenomegaly lymphadenopathy carcinoma adenoma
metastasis biopsy endoscopy colonoscopy bronchoscopy laparoscopy cholecystectomy appendectomy
metformin insulin amlodipine lisinopril losartan atorvastatin simvastatin aspirin clopidogrel warfarin
heparin amoxicillin ceftriaxone azithromycin levofloxacin vancomycin prednisone prednisolone
furosemide spironolactone omeprazole pantoprazole ibuprofen paracetamol acetaminophen morphine
ultrasound echocardiography electrocardiogram radiograph tomography auscultation percussion palpation
physiotherapy outpatient inpatient registrar consultant""".split()
words = set(MEDICAL)
for dictionary in ("american-english-small", "british-english-small"):
    with open(f"/usr/share/dict/{dictionary}", encoding="utf-8") as file:
        words |= {line.strip() for line in file if re.fullmatch(r"[a-z]{2,}", line.strip())}
with open(os.path.join(home, "english_words.txt"), "w", encoding="utf-8") as file:
    file.writelines(word + "\n" for word in sorted(words))
given, family, cities = sorted(given), sorted(family), sorted(cities)


def exchange(text, spans):
    """Other names and towns in the same places; what is no single name or town stays."""
    done, made, last = [], "", 0
    for s in sorted(spans, key=lambda s: s["start"]):
        if s["start"] < last:
            continue
        value = text[s["start"]:s["end"]]
        parts = value.split()
        new = value
        if s["type"] == "NAME" and len(parts) <= 3 and "." not in value and "'" not in value:
            new = rng.choice(given) if len(parts) == 1 and rng.random() < .5 else rng.choice(family)
            if len(parts) > 1:
                new = " ".join([rng.choice(given)] + (["ABCDEFGHJKLMNPRSTW"[rng.randrange(18)] + rng.choice([".", ""])] if len(parts) == 3 else []) + [rng.choice(family)])
            if value.isupper() or rng.random() < .04:
                new = new.upper()
            elif value.islower() or rng.random() < .02:
                new = new.lower()
        elif s.get("label") in ("GPE", "LOCATION") and rng.random() < .8:
            new = rng.choice(cities)
            if value.isupper() or rng.random() < .1:
                new = new.upper()
        made += text[last:s["start"]]
        done.append(dict(s, start=len(made), end=len(made) + len(new)))
        made += new
        last = s["end"]
    return made + text[last:], done


def records(name):
    with open(f"{root}/deid/text/{name}/{name}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def displays(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("display", "text") and isinstance(item, str) and "code" in value or key == "coding":
                pass
            if key == "display" and isinstance(item, str) and "system" in value:
                yield item
            yield from displays(item)
    elif isinstance(value, list):
        for item in value:
            yield from displays(item)


# Sentences of our own: R a rare word, N a name, T a title, P a place, H an institution that treats, C a word that
# is written like a name and is none.
OWN = """
N was seen in clinic today.|Mr. N is a 64 year old man with C.|Mrs. N reports no chest pain.
Discussed with T N, who agrees with the plan.|Patient: N|Patient name: N, admitted from P.
N's mother, N, called the ward.|Referred by T N from H, P.|The patient lives in P with her husband N.
Seen by N, MD on rounds.|N, RN gave C at the bedside.|Wife N was present.|Attending: N, M.D.
Transferred from H to H.|Follow up with T N at H in two weeks.|He works at H in P.
Next of kin: N (daughter).|Please call N if the fever returns.|Dictated by N.|cc: N, T N
C was started and C was stopped.|Family history of C and C.|Past Medical History: C, C, C.
Assessment and Plan: continue C.|Blood Pressure 120 over 80, Heart Rate 72.|C syndrome was ruled out.
N and N visited.|I spoke to N about C.|Her brother N lives in P.|She moved from P to P in 2011.
Dear T N, thank you for seeing N.|Sincerely, N|N (son) can be reached by phone.|Born in P.
Afebrile. Alert and oriented. Pale, mild C.|Admitted to Ward 12, Department of Cardiology.|Age: 54 years. Sex: female.|Iron deficiency anaemia in pregnancy.|No further bleeding. Kept fasting.|Power, speech and gait were normal.|Antibiotics for six weeks, then review.|Principal diagnosis: C. Secondary diagnosis: C.|On examination: C, white cell count 14, CRP 88 mg per L. Started on C.|Present illness: C for two days.|Attending physician: T N. Registrar: N.|Name: N. Sex: male. Date of birth withheld. Address: 12 P Street, P.|Lives at 45 Oak Lane, P.|Grounds for the diagnosis: C with C.|Murphy sign was positive, Babinski negative.|Treated with C and C, discharged home.|R chest, reduced r sounds with r.|On examination: R abdomen, r r.|R and r.|R: r.|R r of the left r.|She had r. R was normal. R started.|R r was given. No r.|Discharge Diagnosis: C.|Allergies: C.|Chief Complaint: C.|MRI showed C in the Left Lobe.
Action, Drama and Comedy.|Monday Tuesday Wednesday|Vitamin C and Folic Acid daily.
n was seen for c.|t n said that c is better.|N|N, N|P|H|C|C, C and C
"""
WORDS = """Hypertension Diabetes Pneumonia Asthma Metformin Lisinopril Warfarin Aspirin Ibuprofen
Amoxicillin Crohn Parkinson Alzheimer Hodgkin Cushing Graves Marfan Hashimoto Addison Babinski Foley
Doppler Holter Apgar Glasgow Heparin Insulin Prednisone Cough Fever Nausea Headache Anemia Sepsis
Stroke Migraine Eczema Psoriasis Gout Lupus Hepatitis Cirrhosis Pancreatitis Cholecystitis Abdomen
Chest Cardiac Renal Hepatic Neurology Oncology Surgery Penicillin Sulfa Latex Codeine Morphine Tylenol
Advil Lasix Zoloft Lipitor Plavix Coumadin Synthroid Nexium Norvasc Zocor""".split()
with open("/usr/share/dict/american-english", encoding="utf-8") as file:
    # Words that the list does not have, as others that we shall meet.
    RARE = sorted({line.strip() for line in file if re.fullmatch(r"[a-z]{5,}", line.strip())} - set(words))
TITLES = ["Dr.", "Dr", "Doctor", "Prof.", "Mr.", "Mrs.", "Ms.", "Miss", "Nurse"]
PLACES_OF_CARE = ["Hospital", "Clinic", "Medical Center", "Health Center", "Memorial Hospital",
                  "General Hospital", "University Hospital", "Children's Hospital", "Urgent Care"]


def person():
    g, f = rng.choice(given), rng.choice(family)
    if rng.random() < .25:  # a name that no list has
        g, f = (rng.choice(family)[:3] + rng.choice(given)[-3:]).title(), (rng.choice(given)[:4] + rng.choice(family)[-4:]).title()
    forms = [g, f, f"{g} {f}", f"{g} {f}", f"{g} {f}", f"{f}, {g}", f"{g} {rng.choice('ABCDEFGHJKLMPRSTW')}. {f}",
             f"{g[0]}. {f}", f"{g} {f[0]}."]
    return rng.choice(forms)


def own(sentence):
    made, spans = "", []
    for part in re.split(r"(\b[NTPHCRntcr]\b)", sentence):
        kind, value = None, part
        if part in ("N", "n"):
            kind, value = "NAME", person()
        elif part in ("T", "t"):
            value = rng.choice(TITLES)
        elif part == "P":
            kind, value = "ADDRESS", rng.choice(cities) + (", " + rng.choice(["TX", "NY", "CA", "Ohio", "UK"]) if rng.random() < .2 else "")
        elif part == "H":
            first = rng.choice([rng.choice(cities), rng.choice(family), "St. " + rng.choice(given)])
            kind, value = "ORG", f"{first} {rng.choice(PLACES_OF_CARE)}"
        elif part in ("C", "c") and not made.endswith("Vitamin "):
            value = rng.choice(WORDS)
        elif part in ("R", "r"):
            value = rng.choice(RARE).capitalize()
        value = value.lower() if part in "ntcr" and len(part) == 1 else value
        if kind:
            spans.append({"start": len(made), "end": len(made) + len(value), "type": kind})
        made += value
    return made, spans


codes = set()
folder = f"{root}/deid/structured/synthea_fhir_r4/files"
for name in sorted(os.listdir(folder)):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        codes |= set(displays(json.load(file)))
codes = sorted(codes)
print("codes", len(codes), rng.sample(codes, 5))

def strings(value):
    if isinstance(value, str):
        text = html.unescape(re.sub(r"<[^>]+>", " \n ", value))
        for part in re.split(r"\s*\n\s*", text):
            if " " in part and len(part) < 600 and not re.match(r"^(urn|http|[A-Za-z0-9+/=]{40,})", part):
                yield part
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("system", "url", "reference", "profile", "data"):
                yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def labelled(text, keys):
    """Spans of a file's own names and addresses."""
    spans, taken = [], set()
    for kind, value in sorted(keys, key=lambda k: -len(k[1])):
        for found in re.finditer(r"(?<!\w)" + re.escape(value) + r"(?!\w)", text):
            if not taken & set(range(*found.span())):
                taken |= set(range(*found.span()))
                spans.append({"start": found.start(), "end": found.end(), "type": kind})
    return spans


def documents(name):
    base = f"{root}/deid/structured/{name}"
    keys = {}
    with open(f"{base}/keys.jsonl", encoding="utf-8") as file:
        for line in file:
            key = json.loads(line)
            if key["type"] in ("NAME", "ADDRESS") and len(key["value"]) > 2 and not key["value"].isdigit():
                keys.setdefault(key["file"], set()).add((key["type"], key["value"]))
    for name in sorted(os.listdir(f"{base}/files")):
        with open(f"{base}/files/{name}", encoding="utf-8", errors="replace") as file:
            text = file.read()
        try:
            parts = set(strings(json.loads(text)))
        except ValueError:
            parts = set(strings(text.replace("|", "\n").replace("\r", "\n").replace("^", "\n").replace(">", ">\n")))
        for part in sorted(parts):
            spans = labelled(part, keys.get(name, ()))
            yield part, spans


with open(os.path.join(out, "examples.jsonl"), "w", encoding="utf-8") as file:
    def put(text, spans, group):
        file.write(json.dumps({"text": text, "spans": spans, "group": group}, ensure_ascii=False) + "\n")
    for record in records("presidio_synth_en"):
        spans = [s for s in record["spans"] if s["type"] in ("NAME", "ADDRESS", "ORG")]
        group = "p%s" % record.get("template")
        put(record["text"], spans, group)
        for _ in range(3):
            put(*exchange(record["text"], spans), group)
    for number, record in enumerate(records("asq_phi_en")):
        spans = [s for s in record["spans"] if s["type"] in ("NAME", "ADDRESS", "ORG")]
        put(record["text"], spans, "a%d" % number)
        for _ in range(3):
            put(*exchange(record["text"], spans), "a%d" % number)
    sentences = [s for line in OWN.split("\n") for s in line.split("|") if s]
    for number, sentence in enumerate(sentences):
        for _ in range(40):
            put(*own(sentence), "o%d" % number)
    seen = set()
    for name in ("fhir_r4_examples", "ccda_samples", "hl7v2_samples", "synthea_fhir_r4"):
        for text, spans in documents(name):
            if text not in seen and not any("\u4e00" <= c <= "\u9fff" for c in text):
                seen.add(text)
                put(text, spans, "d" + text[:12])
                if spans:
                    put(*exchange(text, spans), "d" + text[:12])
    print("document texts", len(seen))
    for number, code in enumerate(codes):
        put(code, [], "c%d" % number)
        put(rng.choice(["History of ", "Started on ", "Prescribed ", "Findings: ", "Recommended "]) + code + ".", [], "c%d" % number)
