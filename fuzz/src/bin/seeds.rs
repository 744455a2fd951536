//! Writes seeds for every target: `seeds FOLDER`.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use dicom_core::{DataElement, VR, value::PixelFragmentSequence};
use dicom_dictionary_std::{tags, uids};
use emrshare_desensitize::Policy;
use emrshare_fuzz::vectors;
use emrshare_picture::Picture;
use emrshare_record::{Section, Sections, import};
use emrshare_sample::{Generator, Tongue};
use serde_json::Value;

/// Streams of compressed pixels.
const STREAMS: [(&str, &[u8]); 5] = [
    (uids::JPEGLS_LOSSLESS, include_bytes!("../../../crates/picture/tests/jpeg_ls/grey8.jls")),
    (uids::JPEGLS_LOSSLESS, include_bytes!("../../../crates/picture/tests/jpeg_ls/grey16.jls")),
    (uids::JPEGLS_LOSSLESS, include_bytes!("../../../crates/picture/tests/jpeg_ls/samples.jls")),
    (
        uids::JPEGLS_NEAR_LOSSLESS,
        include_bytes!("../../../crates/picture/tests/jpeg_ls/grey8_near3.jls"),
    ),
    (
        uids::JPEG2000_LOSSLESS,
        include_bytes!("../../../crates/picture/tests/jpeg_2000/signed16.j2k"),
    ),
];

/// Texts with headings.
const SUMMARIES: [&str; 2] = [
    include_str!("../../../crates/record/tests/files/summary_zh.txt"),
    include_str!("../../../crates/record/tests/files/summary_en.txt"),
];

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).expect("name a folder");
    let folder = Path::new(&folder);
    let ledger = vectors::json();
    let codec: Value =
        serde_json::from_str(include_str!("../../../crates/codec/tests/vectors/codec.json"))
            .expect("the vectors are JSON");
    let group = |vectors: &Value, names: &[&str]| -> Vec<Vec<u8>> {
        names.iter().flat_map(|name| vectors::bytes(vectors, name)).collect()
    };
    let authority = vectors::genesis().authority().to_owned();
    let pems = vectors::genesis().members().map(|(member, _)| member.certificate.clone());
    let pems: Vec<_> = pems.chain([authority]).collect();
    let der = pems.iter().filter_map(|pem| der(pem));
    let both = der.chain(pems.iter().map(|pem| pem.as_bytes().to_vec()));
    write(&folder.join("certificate"), both.collect())?;
    write(&folder.join("codec_entry"), group(&codec, &["entries", "bad_entries"]))?;
    let texts = |name: &str, member: &str| -> Vec<Vec<u8>> {
        let text = |one: &Value| Some(one[member].as_str()?.as_bytes().to_vec());
        codec[name].as_array().into_iter().flatten().filter_map(text).collect()
    };
    let texts =
        [texts("indexes", "text"), texts("indexes", "serial"), texts("bad_index_texts", "text")];
    write(&folder.join("index_text"), texts.concat())?;
    let blocks = [
        "blocks",
        "bad_blocks",
        "submissions",
        "bad_submissions",
        "transactions",
        "bad_transactions",
    ];
    write(&folder.join("ledger_block"), group(&ledger, &blocks))?;
    let proofs = [
        "receipts",
        "bad_receipts",
        "split_views",
        "bad_split_views",
        "successions",
        "bad_successions",
        "state_proofs",
        "bad_state_proofs",
    ];
    write(&folder.join("ledger_proofs"), group(&ledger, &proofs))?;
    write(
        &folder.join("merkle_paths"),
        (0..64).map(|n| vec![n; 3 + 32 * usize::from(n % 7)]).collect(),
    )?;
    write(
        &folder.join("state_tree"),
        (1..16u8).map(|n| (0..16 * n).map(|byte| byte ^ n).collect()).collect(),
    )?;
    let calls: Value =
        serde_json::from_str(include_str!("../../../crates/contracts/tests/vectors/calls.json"))
            .expect("the vectors are JSON");
    write(&folder.join("contract_calls"), chains(&calls))?;
    let samples = Generator::new(1, Tongue::Mixed).text_only().take(8);
    let bodies = samples.flat_map(|sample| sample.files).map(|file| file.bytes);
    let sent = FILES.into_iter().chain(SUMMARIES).map(|file| file.as_bytes().to_vec());
    write(&folder.join("record_import"), bodies.chain(sent).collect())?;
    let drawn = Generator::new(1, Tongue::Mixed).take(12).flat_map(|sample| sample.files);
    let drawn = drawn.filter(|file| file.name.ends_with(".dcm")).map(|file| file.bytes);
    let drawn = drawn.collect::<Vec<_>>();
    let plain = Picture::from_rgb(16, 9, (0..=255).cycle().take(16 * 9 * 3).collect()).to_png();
    let streams = STREAMS.iter().map(|(syntax, stream)| compressed(&drawn[0], syntax, stream));
    let streams = streams.collect::<Vec<_>>();
    write(&folder.join("picture_decode"), [drawn, streams, vec![plain]].concat())?;
    write(&folder.join("onnx_load"), NETWORKS.map(<[u8]>::to_vec).to_vec())?;
    let samples = Generator::new(2, Tongue::Mixed).text_only().take(8);
    let records = samples.filter_map(|sample| import(sample.into_source()).ok());
    let texts = records.map(|(record, _)| {
        let sections = Sections::of(&record);
        Section::ALL.map(|section| sections.get(section)).join("\u{1}").into_bytes()
    });
    write(&folder.join("text_judge"), texts.collect())?;
    let shipped = Policy::SHIPPED.into_iter().chain([EVERY_TECHNIQUE.as_bytes()]);
    let both = shipped
        .flat_map(|policy| FILES.map(|file| [policy, &[0], file.as_bytes()].concat()))
        .collect();
    write(&folder.join("policy_techniques"), both)?;
    let own = [&MAPPING[..], &[0], OWN_JSON].concat();
    write(&folder.join("json_mapping"), vec![own])?;
    write(&folder.join("file_desensitize"), FILES.map(|file| file.as_bytes().to_vec()).to_vec())
}

/// A network with every kind of convolution, and a transformer.
const NETWORKS: [&[u8]; 2] = [
    include_bytes!("../../../crates/onnx/tests/small.onnx"),
    include_bytes!("../../../crates/completeness/tests/encoder/model.onnx"),
];

/// A DICOM file with a compressed stream for pixels.
fn compressed(file: &[u8], syntax: &str, stream: &[u8]) -> Vec<u8> {
    let mut object = emrshare_record::dicom::parse(file).expect("a drawn file is DICOM");
    let pixels = PixelFragmentSequence::new_fragments(vec![stream.to_vec()]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
    object.update_meta(|meta| meta.transfer_syntax = syntax.to_owned());
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).expect("memory takes all bytes");
    bytes
}

/// What stands between the first and the last line of a PEM.
fn der(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64_STANDARD.decode(body).ok()
}

/// Each call alone, by a node, and all of them in a chain.
fn chains(vectors: &Value) -> Vec<Vec<u8>> {
    let call = |one: &Value| {
        let payload = hex::decode(one["payload"].as_str()?).ok()?;
        let contract = u8::try_from(one["contract"].as_u64()?).ok()?;
        Some([&[0, contract, u8::try_from(payload.len()).ok()?], payload.as_slice()].concat())
    };
    let calls = vectors["calls"].as_array().into_iter().flatten();
    let mut chains: Vec<_> = calls.filter_map(call).collect();
    chains.push(chains.concat());
    chains
}

/// A policy of the techniques that no shipped one has.
const EVERY_TECHNIQUE: &str = r#"{"name":"p","version":1,"techniques":{"name":{"mask":{"first":1}},
"identifier":{"encrypt":"format"},"contact":{"encrypt":"token"},"address":{"truncate":{"to":3}},
"date":"null","age":"null","organisation":"keep","photo":"delete"},
"rules":[{"class":"date","document":"hl7","field":"PID-7","technique":"delete"}],
"json":[{"field":"a.b","class":"name"}]}"#;

/// A mapping, and JSON that it reads.
const MAPPING: &[u8] = include_bytes!("../../../crates/record/tests/files/mapping.toml");
const OWN_JSON: &[u8] = include_bytes!("../../../crates/record/tests/files/own.json");

/// A file of each form, and texts.
const FILES: [&str; 12] = [
    "{\"a\":{\"b\":\"Nadia Ashworth\"},\"c\":[\"Nadia Ashworth, 13812345678\",4711]}",
    "MSH|^~\\&|HIS|H1|LAB|H2|202305061011||ORU^R01|7001|P|2.5\rPID|1||990011^^^H1^MR||Ashworth^Nadia\r",
    "FHS|^~\\&|HIS\rMSH|^~\\&|HIS\rPID|1||990011\r\nMSH|^~\\&|LAB\rPID|1||990012\rFTS|2\r",
    "<ClinicalDocument><id extension=\"RN1\"/><patient><name>欧阳小明</name></patient></ClinicalDocument>",
    "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ashworth\"}],\"birthDate\":\"1963-07-04\"}",
    "<Patient xmlns=\"http://hl7.org/fhir\"><text><div xmlns=\"http://www.w3.org/1999/xhtml\">Nadia</div></text>\
     <name id=\"a\"><given value=\"Nadia\"><extension url=\"b\"><valueString value=\"c\"/></extension></given></name></Patient>",
    "[{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"Ashworth^Nadia\"}]},\"00081140\":{\"vr\":\"SQ\",\"Value\":[\
     {\"00081155\":{\"vr\":\"UI\",\"Value\":[\"1.2.3\"]}}]}}]",
    "[{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Ashworth\"}]},{\"resourceType\":\"Observation\",\"valueDecimal\":1.10}]",
    "CREATE TABLE `t` (`f1` int COMMENT '住院号', `xm` char(9), KEY (`xm`));\nINSERT INTO `t` VALUES (98123,'O\\'Lee');\n\
     COPY p (name, mrn) FROM stdin;\nBo Li\t77\n\\.\nINSERT [a].[b] ([XM], [ZYH]) VALUES (N'Bo', 1)\nGO\n",
    "PatientID=7788123\n| Name | MRN |\n|---|---|\n| Bo Li | 77 |\nNAME   MRN  DX\nBo Li  77   gout\n",
    "患者王某某，住院号：0012345，手机１３８12345678，家住浙江省杭州市西湖区文三路109号，2023年5月6日入院。",
    "Dr. Okafor saw a 93-year-old man on May 6, 2023; call +1 555-123-4567 or mail a.b@example.com.",
];

fn write(folder: &Path, seeds: Vec<Vec<u8>>) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    seeds
        .iter()
        .enumerate()
        .try_for_each(|(number, seed)| fs::write(folder.join(format!("seed-{number:03}")), seed))
}
