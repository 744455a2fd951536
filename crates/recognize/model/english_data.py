#!/usr/bin/env python3
"""Makes the lists of Latin names and places, and the examples that train the English tagger.

usage: pip install faker==40.54.0 && apt-get install wamerican wamerican-small wbritish-small && PYTHONHASHSEED=0 python3 english_data.py DATA OUT
  DATA  the folder with deid/ (presidio_synth_en, asq_phi_en, ccda_samples, hl7v2_samples: MIT,
        synthea_fhir_r4, gazetteers/names_cn: Apache-2.0, fhir_r4_examples: CC0)
  OUT   gets examples.jsonl; the lists go to ../data beside this script

Names of the examples are exchanged for others of the lists, and addresses for others of many
countries, so that the tagger learns where they stand more than which there are. Displays of Synthea's
codes are examples without any name; sentences of notes, of our own, are in english_notes.txt.
"""
import html, importlib, json, os, pkgutil, random, re, sys
import faker, faker.providers.address, faker.providers.person

if os.environ.get("PYTHONHASHSEED") != "0":
    sys.exit("set PYTHONHASHSEED=0: else some of faker's lists come in another order each time")
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


LOCALES = """cs_CZ da_DK de_AT de_CH de_DE el_GR en_AU en_CA en_GB en_IE en_IN en_NZ en_PH en_US es_AR es_CL es_CO
es_ES es_MX et_EE fi_FI fr_BE fr_CA fr_CH fr_FR hr_HR hu_HU id_ID it_IT lt_LT nl_BE nl_NL no_NO pl_PL pt_BR pt_PT
ro_RO sk_SK sl_SI sv_SE tr_TR""".split()
COUNTRIES = [faker.Faker(locale) for locale in LOCALES]
for country in COUNTRIES:
    country.seed_instance(7)


def written(value):
    chance = rng.random()
    return value.upper() if chance < .12 else value.lower() if chance < .18 else value


def street():
    """A street with its number, as people of some country write it."""
    country = rng.choice(COUNTRIES)
    name = country.street_name().replace("\n", " ")
    if rng.random() < .15:
        name = rng.choice(["Rua", "Rue", "Via", "Calle", "Avenida", "Rua de", "Rue de la", "ul.", "Rruga", "Strada"]) + " " + rng.choice(family)
    if rng.random() < .1:
        name = rng.choice(family) + rng.choice(["straat", "weg", "gata", "gatan", "vej", "vägen", "gasse", "strasse", "katu", "tie", "utca"])
    number = str(rng.randrange(1, 10 ** rng.randrange(1, 5)))
    return rng.choice([f"{name} {number}", f"{number} {name}", f"{number}, {name}", f"{name} {number}"])


def address():
    """An address of one line or several, more or less complete."""
    parts = [street()]
    if rng.random() < .3:
        parts[0] = f"{rng.randrange(1, 999):02} {parts[0]}"
    if rng.random() < .35:
        parts.append(rng.choice(["Apt.", "Suite", "Unit", "Flat", "#"]) + " " + str(rng.randrange(1, 999)))
    if rng.random() < .75:
        town = written(rng.choice(COUNTRIES).city() if rng.random() < .5 else rng.choice(cities))
        state = "".join(rng.choice("ABCDEFGHIKLMNOPRSTUVWZ") for _ in range(rng.choice([2, 2, 2, 3])))
        land = rng.choice(cities) if rng.random() < .3 else rng.choice(COUNTRIES).country()
        code = "%05d" % rng.randrange(100000) if rng.random() < .8 else rng.choice(COUNTRIES).postcode()
        parts.append(town)
        parts += rng.choice([[f"{state} {code}"], [land], [land, code], [state], [f"{land} {code}"], [state, code], [code], []])
    separator = rng.choice([", ", "\n", " ", "\n ", ", "])
    return parts[0] + "".join(rng.choice([separator, separator, ", "]) + part for part in parts[1:])


def exchange(text, spans):
    """Other names, towns and addresses in the same places; what is none of these stays."""
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
            new = rng.choice(cities) if rng.random() < .7 else rng.choice(COUNTRIES).city()
            if value.isupper() or rng.random() < .1:
                new = new.upper()
            elif value.islower() or rng.random() < .03:
                new = new.lower()
        elif s.get("label") in ("ADDRESS", "STREET_ADDRESS") and re.search(r"[^\W\d]{4}.*\d|\d.*[^\W\d]{4}", value, re.S):
            new = street() if "\n" not in value and len(value) < 32 else address()
            if value.islower():
                new = new.lower()
        made += text[last:s["start"]]
        done.append(dict(s, start=len(made), end=len(made) + len(new)))
        made += new
        last = s["end"]
    return made + text[last:], done


COPIES = 14


def recased(text, spans):
    """Some texts are written in small letters only, or in capitals."""
    chance = rng.random()
    other = text.lower() if chance < .1 else text.upper() if chance < .13 else text
    return (other if len(other) == len(text) else text), spans


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
# is written like a name and is none, E an eponym of medicine, A an abbreviation, S an address, O a company, M and m medical words, D a drug or device, K a code, # a number, ¶ the end of a line.
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
E disease was suspected.|What are the symptoms of E disease in a 40-year-old male?|Diagnosed with E disease last year.
Findings compatible with E syndrome and C.|An elevated E score of 9.|The E test was positive.|History of E-E syndrome.
Treatment options for a patient with E disease and C?|E's disease, stage II.|No E sign, no E fracture.|Recent E angina, treated with C.
Female of 34 years with A and abnormal E score.|According to the A trial, C is better than C.|The A criteria were met; A was negative.
Latest guidelines for congestive heart failure with A?|Rule out A, A and A.|Patients in A received c.|Known A since 2019, on c.
My name is N and I live at S.|I am N, N is my surname.|Please send it to N, S.|Our office has moved to S.|Ship to: S|N¶S
The package for N at S never came.|Can you change the address of N to S?|They met at S, then drove to P.|Home: S. Work: O, S.
She works for O in P.|O was founded by N and N.|N joined O after leaving O.|The offices of O are in P and P.|O hired N as director.
N wrote the song with N; N sang it.|The film by N with N, N and N in it.|N, N and N were there too.|Have you met N?|Who is N?|N said so, and N agreed.
It was N who called N from P.|Tell N that N is late.|Thanks, N|Hi N, can you reach N for me? Best, N|Kind regards,¶N¶O¶S
The account belongs to N, born in P.|Card holder: N|Account name N, branch P.|Insured: N; beneficiary: N.|Signed: N, for O
We fly from P to P via P.|The train to P leaves soon.|How far is it from P to S?|P is colder than P.|People from P like P.|Greetings from P!
My wife N and our children n, n and n.|i am n from P.|call n at home.|this is n, i moved to s.|n and n live in p.|send it to s please.
Thank you, t n.|n works at o.|from p to p.|Is N still the owner of O?|N's sister lives near S.|Directions to S, please.|N (O) was not available.
The bill for N was paid by O, S.|Emergency contact N, S.|Name: N¶Address: S¶Employer: O|Pt N, room 4, from P, works for O.|User N signed in.
The m was exposed and the m divided with a D.|M of the left m with m m.|The m was closed with #-0 D suture.|Skin was closed with D and covered with D.
PREOPERATIVE DIAGNOSES: M m, m and M.|POSTOPERATIVE DIAGNOSIS: M.|PROCEDURE: M with m m and M.|ANESTHESIA: General.|COMPLICATIONS: None.|Estimated blood loss: # mL.
The patient was placed in the supine position, prepped and draped.|A D catheter, # French, was inserted into the m.|M, m, and m were normal.|Local anesthesia with #% D was given.
#. M m.¶#. M.¶#. M of the m.|REVIEW OF SYSTEMS: Negative for m, m and m.|ALLERGIES: None.|SOCIAL HISTORY: No tobacco.|IMPRESSION: M, likely m.|MEDICATIONS: D # mg b.i.d., D and D.
Started on D # mg daily, D # mg p.r.n.|The D was removed and the m inspected.|There was m m of the right m, # cm in size.|Pressure was # mmHg over the m.|The m and the m were clear of m.
The instruments were removed; hemostasis was good.|All counts were correct and the patient was sent to the recovery area in good condition.|Deep tissue was closed in layers with D.|The fascia was opened.
M showed m.|She has m with M.|Urine showed # RBC.|Right m, benign.|The m nerve was spared.|M: normal. M: # cm. M: clear.|Stage Ta Nx Mx m of the m.|Grade # m by M.|He denies m, m, or m.
L# and L# m was seen on the MRI.|T#-T# m.|Pathology: m with m.|HEENT: Clear. Neck: Supple. Lungs: Clear. Abdomen: Soft, no m.|Extremities: No m.|Neuro: Alert, m intact.|PMH: M, M m, M.
# pounds, height # inches, BMI #.|The wound was irrigated with saline and D.|The specimen was sent to pathology.|Two # mm trocars were placed.|Findings: M m with # g of m.|Consent for m was signed.
The m margin was free.|An incision was made over the m.|D was used to control m.|Retraction with a D and a D clamp.|The right eye was treated.|No further m is needed.|We discussed m and m at length.
M: The m is m.¶M: No m.¶M: D was given.|DISCHARGE MEDICATIONS: D, D #, D.|FINAL DIAGNOSIS: M m.|HISTORY: Known m, m for # years.|CT of the abdomen: m, # cm, m.|Plan: D, then m.
K|K|K|K|K K|K: K|K, K|K #|K/K|K (K)|# K|USA|UK|CHN|K m|K M m|M|m|M m|m m
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
EPONYMS = """Addison Alzheimer Apgar Babinski Barrett Basedow Behcet Bell Bishop Bowen Bright Brugada Budd-Chiari
Buerger Burkitt Chagas Charcot Charcot-Marie-Tooth Chiari Churg-Strauss Colles Conn Coombs Creutzfeldt-Jakob Crohn
Cushing Dupuytren Ebstein Ehlers-Danlos Eisenmenger Epstein-Barr Ewing Fabry Fallot Fanconi Felty Ferriman-Gallwey
Gaucher Gilbert Goodpasture Graves Guillain-Barre Hashimoto Henoch-Schonlein Hirschsprung Hodgkin Holter Horner
Huntington Kaposi Kawasaki Kienbock Klinefelter Korsakoff Lachman Lou Ludwig Lyme Mallory-Weiss Marfan McBurney Meckel
Meniere Menke Murphy Niemann-Pick Osgood-Schlatter Paget Parkinson Perthes Peutz-Jeghers Peyronie Phalen Pott Prader-Willi
Prinzmetal Ramsay Raynaud Reiter Rett Reye Reynolds Romberg Sheehan Sjogren Stevens-Johnson Still Takayasu Tay-Sachs
Tinel Tourette Turner Virchow Waldenstrom Wegener Weil Wernicke Whipple Wilms Wilson Wolff-Parkinson-White
Zollinger-Ellison Kaplan-Meier Glasgow Likert Ranson Wells Mayo Braden Morse""".split()
ABBREVIATIONS = """ACE AIDS ALS ANA ANCA ARDS ARISTOTLE ASCVD ASD BMI BPH CABG CAD CHF CKD CLL CML COPD CRP CT DAS DKA DVT
ECG EEG EF ESRD ESR GAD GERD GFR HIV HPV IBD IBS ICU IPF ITP LDL MDD MI MMSE MRI MS NAFLD NASH NSAID OCD OSA PCOS PE PHQ
PSA PTSD RA RSV SLE STEMI TIA TNM TSH UTI VTE WHO""".split()
# Parts of medical words (Greek and Latin), and of names of drugs (stems of the WHO's list), devices and sutures.
HEADS = """acro adeno angio arthro athero broncho cardio cephalo cervico chole chondro colo costo cranio cysto dacryo derma
duodeno dys electro encephalo endo entero epididymo episio esophago fibro gastro gingivo glosso hemi hemo hepato hydro
hyper hypo hystero ileo jejuno kerato labyrintho laparo laryngo leio lipo lithotri lympho mammo masto meningo meso
metro micro myelo myo naso nephro neuro oligo onycho oophoro ophthalmo orchi osteo oto pan pachy para peri phlebo
pneumo poly procto prostato pseudo pyelo pylori retro rhino salpingo sclero septo sigmoido spermato spleno spondylo
steato stomato supra synov tendino thoraco thrombo thyro trachelo tracheo trans tympano ureter urethro uro utero
vaso ventriculo vesico vitreo""".split()
TAILS = """algia blastoma cele centesis cyte cytosis desis dynia ectasis ectomy edema emesis emia genesis genic gram graphy
itis lithiasis lysis malacia megaly oma opathy oplasty orrhaphy oscopy osis ostomy otomy pathy penia pexy phasia philia
plasia plasty plegia pnea ptosis ptysis rrhagia rrhea sclerosis scope scopy spasm stasis stenosis tomy trophy uria al ic
ar ous eal""".split()
DRUG_ENDS = """caine cillin cycline dipine dronate floxacin fungin gliptin grel lukast mab mycin nazole nib olol oxetine pam
parin prazole pril profen sartan setron statin tadine terol thiazide tidine triptan vir zepam zolam zosin azine ax ex il
ine ium on or ryl sorb tec term vac xin yl""".split()


def medical():
    return rng.choice(HEADS) + rng.choice(TAILS) if rng.random() < .6 else rng.choice(RARE if rng.random() < .4 else MEDICAL)


def product():
    if rng.random() < .3:
        return rng.choice(EPONYMS)
    syllables = "".join(rng.choice("b c d f k l m n p r s t v x z tr pr".split()) + rng.choice("aeiouy") for _ in range(rng.randrange(1, 3)))
    return (syllables + rng.choice(DRUG_ENDS)).capitalize()


COMPANY_ENDS = ["", "", "Inc", "Inc.", "LLC", "Ltd", "Group", "and Sons", "Labs", "Technologies", "Corporation", "Bank", "PLC", "GmbH"]


def company():
    first = rng.choice([rng.choice(family), f"{rng.choice(family)}-{rng.choice(family)}", f"{rng.choice(family)}, {rng.choice(family)} and {rng.choice(family)}",
                        rng.choice(RARE).capitalize(), (rng.choice(RARE)[:5] + rng.choice(RARE)[-4:]).capitalize(), f"{rng.choice(RARE).capitalize()} {rng.choice(RARE).capitalize()}"])
    return f"{first} {rng.choice(COMPANY_ENDS)}".strip()


PLACES_OF_CARE = ["Hospital", "Clinic", "Medical Center", "Health Center", "Memorial Hospital",
                  "General Hospital", "University Hospital", "Children's Hospital", "Urgent Care"]


def name_parts():
    """A given and a family name, at times such that no list has."""
    if rng.random() < .25:
        return (rng.choice(family)[:3] + rng.choice(given)[-3:]).title(), (rng.choice(given)[:4] + rng.choice(family)[-4:]).title()
    return rng.choice(given), rng.choice(family)


def person():
    g, f = name_parts()
    forms = [g, f, f"{g} {f}", f"{g} {f}", f"{g} {f}", f"{f}, {g}", f"{g} {rng.choice('ABCDEFGHJKLMPRSTW')}. {f}",
             f"{g[0]}. {f}", f"{g} {f[0]}."]
    return rng.choice(forms)


def own(sentence):
    made, spans = "", []
    for part in re.split(r"(?<!')(\b[NTPHCREASOMDKntcrpsom]\b|#)", sentence):
        kind, value = None, part
        if part in ("N", "n"):
            kind, value = "NAME", person()
        elif part in ("T", "t"):
            value = rng.choice(TITLES)
        elif part in ("S", "s"):
            kind, value = "ADDRESS", street() if rng.random() < .4 else address()
        elif part in ("O", "o"):
            kind, value = "ORG", company()
        elif part in ("M", "m"):
            value = medical().capitalize() if part == "M" else medical()
        elif part == "D":
            value = product()
        elif part == "K":
            value = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randrange(1, 5))) + rng.choice(["", "", "%d" % rng.randrange(100), "%02d" % rng.randrange(100)])
        elif part == "#":
            value = str(rng.choice([rng.randrange(1, 9), rng.randrange(1, 99), rng.randrange(100, 600)]))
        elif part == "E":
            value = rng.choice(EPONYMS)
        elif part == "A":
            value = rng.choice(ABBREVIATIONS)
        elif part in ("P", "p"):
            kind, value = "ADDRESS", rng.choice(cities) + (", " + rng.choice(["TX", "NY", "CA", "Ohio", "UK"]) if rng.random() < .2 else "")
        elif part == "H":
            first = rng.choice([rng.choice(cities), rng.choice(family), "St. " + rng.choice(given)])
            kind, value = "ORG", f"{first} {rng.choice(PLACES_OF_CARE)}"
        elif part in ("C", "c") and not made.endswith("Vitamin "):
            value = rng.choice(WORDS)
        elif part in ("R", "r"):
            value = rng.choice(RARE).capitalize()
        value = value.lower() if part in "ntcrpso" and len(part) == 1 else value
        if kind:
            spans.append({"start": len(made), "end": len(made) + len(value), "type": kind})
        made += value
    return made, spans


NOTES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "english_notes.txt")
# How many of each of these sentences.
NOTE_COPIES = 50
HOUSE_HEADS = """Autumn Bay Birch Bridge Brook Cedar Clear Creek Crystal East Elm Evergreen Fair Forest Garden Golden Grand Green
Harbor Heritage Hill Lake Laurel Liberty Maple Meadow Mountain New North Oak Park Pine Pleasant Quail River Rose Silver
South Spring Stone Summit Sun Sunny Valley West White Willow Wind Wood""".split()
HOUSE_TAILS = """Acres Bridge Brook Center Commons Cove Creek Crest Estates Field Gardens Glen Grove Harbor Haven Heights Hill
Home House Lake Landing Lodge Manor Meadows Oaks Park Pines Place Plaza Point Ridge Square Terrace Trail View Village Woods""".split()
HOUSE_KINDS = [kind.replace("_", " ") for kind in """Academy Baptist_Church Church College Elementary Elementary_School
Family_Shelter Gym High High_School Home Hospice House Library Mall Manor Middle_School Mission Nursing_Home Preschool Rehab
Rehabilitation_Center School Senior_Center Shelter Temple University YMCA""".split()]


def facility():
    """A home, school, church or the like."""
    first = rng.choice([rng.choice(HOUSE_HEADS), rng.choice(family), rng.choice(cities), "St. " + rng.choice(given), rng.choice(RARE).capitalize()])
    if rng.random() < .5:
        return f"{first} {rng.choice(HOUSE_TAILS)}" + rng.choice(["", "", "", " Home", " Manor", " Rehab"])
    return f"{first} {rng.choice(HOUSE_KINDS)}"


SHORT_FOR_CARE = ["General", "Mercy", "Memorial", "Medical", "Health", "Children's", "University", "VA"]


def clinic():
    first = rng.choice([rng.choice(cities), rng.choice(family), "St. " + rng.choice(given), rng.choice(HOUSE_HEADS) + " " + rng.choice(HOUSE_TAILS)])
    return f"{first} {rng.choice(PLACES_OF_CARE + SHORT_FOR_CARE)}"


STORES = """Aldi|Amazon|Boots|Costco|CVS|Dollar General|Duane Reade|Giant|H-E-B|Home Depot|Kaiser Pharmacy|Kroger|Lloyds Pharmacy|Lowe's|Meijer|
Pharmasave|Publix|Rexall|Rite Aid|Safeway|Sainsbury's|Sam's Club|ShopRite|Shoppers Drug Mart|Stop & Shop|Superdrug|Target|Tesco|
Trader Joe's|UPS|Walgreens|Walmart|Wegmans""".replace("\n", "").split("|")
PAYERS = """Aetna|Amerigroup|Anthem|Blue Cross|BCBS|Bupa|Centene|Cigna|Delta Dental|Geisinger|Harvard Pilgrim|Health Net|Highmark|Humana|Kaiser|
Molina|Oscar|Premera|Regence|Tufts|UHC|United Healthcare|Vitality|WellCare""".replace("\n", "").split("|")


def store():
    return rng.choice(STORES) if rng.random() < .6 else rng.choice([rng.choice(family), rng.choice(HOUSE_HEADS), rng.choice(cities)]) + rng.choice([" Pharmacy", " Drug", " Drugs", " Market", " Chemist", "'s"])


def payer():
    return rng.choice(PAYERS) if rng.random() < .6 else rng.choice([rng.choice(HOUSE_HEADS), rng.choice(cities), rng.choice(family)]) + rng.choice([" Health Plan", " Mutual", " Life", " Advantage", " Health", " State"])


with open(os.path.join(home, "english_terms.txt"), encoding="utf-8") as file:
    TERMS = file.read().split()
SLOTS = {
    "name": ("NAME", person), "first": ("NAME", lambda: name_parts()[0]), "last": ("NAME", lambda: name_parts()[1]),
    "initialled": ("NAME", lambda: name_parts()[0][0] + ". " + name_parts()[1]),
    "place": ("ADDRESS", lambda: rng.choice(cities) + (", " + rng.choice(["TX", "NY", "CA", "Ohio", "UK", "ME"]) if rng.random() < .2 else "")),
    "address": ("ADDRESS", lambda: street() if rng.random() < .5 else address()),
    "clinic": ("ORG", clinic), "facility": ("ORG", facility), "company": ("ORG", company),
    "store": ("ORG", store), "payer": ("ORG", payer),
    "title": (None, lambda: rng.choice(TITLES)), "term": (None, medical), "drug": (None, lambda: rng.choice(WORDS) if rng.random() < .3 else product()),
    "w": (None, lambda: rng.choice(TERMS)), "abbr": (None, lambda: rng.choice(ABBREVIATIONS)), "n": (None, lambda: str(rng.choice([rng.randrange(1, 10), rng.randrange(10, 100), rng.randrange(100, 400)]))),
    "x": (None, lambda: f"{rng.randrange(0, 40)}.{rng.randrange(0, 100)}"), "day": (None, lambda: f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}"),
    "date": (None, lambda: f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}/{rng.choice(['', '20'])}{rng.randrange(10, 27)}"),
    "time": (None, lambda: rng.choice([f"{rng.randrange(0, 24):02}{rng.randrange(0, 60):02}", f"{rng.randrange(0, 24)}:{rng.randrange(0, 60):02}"])),
    "phone": (None, lambda: f"{rng.randrange(200, 999)}-{rng.randrange(200, 999)}-{rng.randrange(0, 9999):04}"),
}


def note(sentence):
    """A sentence of a note: a slot in capitals or with a capital is written so."""
    made, spans = "", []
    for part in re.split(r"(\{\w+\})", sentence):
        kind, value = None, part
        if re.fullmatch(r"\{\w+\}", part):
            slot = part[1:-1]
            kind, make = SLOTS[slot.lower()]
            value = make()
            if len(slot) > 1 and slot.isupper():
                value = value.upper()
            elif slot[0].isupper():
                value = value[0].upper() + value[1:]
            elif kind and sentence == sentence.lower() and rng.random() < .7:
                value = value.lower()
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
        for _ in range(COPIES):
            put(*recased(*exchange(record["text"], spans)), group)
    for number, record in enumerate(records("asq_phi_en")):
        spans = [s for s in record["spans"] if s["type"] in ("NAME", "ADDRESS", "ORG")]
        put(record["text"], spans, "a%d" % number)
        for _ in range(COPIES):
            put(*recased(*exchange(record["text"], spans)), "a%d" % number)
    sentences = [s for line in OWN.split("\n") for s in line.split("|") if s]
    for number, sentence in enumerate(sentences):
        for _ in range(100 if re.search(r"\b[MmDCcRrK]\b", sentence) else 40):
            put(*own(sentence.replace("¶", "\n")), "o%d" % number)
    with open(NOTES, encoding="utf-8") as notes:
        notes = [part for line in notes for part in line.rstrip("\n").replace("\\n", "\n").split("|")]
    for number, sentence in enumerate(notes):
        for _ in range(NOTE_COPIES):
            text, spans = note(sentence)
            # Sentences stand in a row, as in a note.
            if rng.random() < .4:
                more, others = note(rng.choice(notes))
                shift = len(text) + 1
                text += rng.choice([" ", "\n"]) + more
                spans = spans + [dict(s, start=s["start"] + shift, end=s["end"] + shift) for s in others]
            put(text, spans, "n%d" % number)
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
