//! Copies of files and records in which nothing identifies anybody, and places in texts.

mod recognizer;
mod reveal;
mod spans;

use std::{
    collections::HashSet,
    fs,
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use emrshare_completeness::{Detector, Found, ImageMatcher, PixelMatcher};
use emrshare_desensitize::{
    Area, DesensitizeError, Desensitizer, DocumentKind, Policy, Report, Sights,
};
use emrshare_identity::ConsortiumKey;
use emrshare_picture::{Picture, PictureError};
use emrshare_record::{RecordFile, import};
use serde_json::{Value, json};

use super::random_key;
use crate::{cli::DesensitizeArguments, exit::Refused, files, home, output, parallel};

/// What is said of the pixels of a file that has none.
const NO_PIXELS: &str = "none";
/// Frames of a file that are looked at.
const FRAMES: u32 = 3;
/// Texts of more bytes are treated while they are read.
const STREAMED_MIN: u64 = 4 * 1024 * 1024;
/// Files that must be held whole have no more bytes.
const WHOLE_MAX: u64 = 64 * 1024 * 1024;

pub(super) fn run(arguments: &DesensitizeArguments, as_json: bool) -> anyhow::Result<()> {
    if arguments.spans {
        return spans::run(arguments.recognizer.as_deref());
    }
    if let Some(class) = &arguments.reveal {
        return reveal::run(class, arguments.reveal_key.as_deref());
    }
    let desensitizer = desensitizer(arguments)?;
    let work = if arguments.record {
        let records = files::records(&arguments.paths)?.into_iter();
        records.map(|path| (path.clone(), path.file_name().unwrap_or_default().into())).collect()
    } else {
        files::with_names(&arguments.paths)?
    };
    let mut names = HashSet::new();
    if let Some((path, _)) = work.iter().find(|(_, name)| !names.insert(name)) {
        bail!("two copies would have the name of {}: make them one by one", path.display());
    }
    let mut report = arguments.report.as_ref().map(fs::File::create).transpose()?;
    let bar = output::bar(work.len(), "desensitizing", as_json);
    let mut failed = 0;
    let make = |(path, name): &(PathBuf, PathBuf)| {
        let copy = arguments.out.as_ref().map(|out| out.join(name));
        let made = match arguments.record {
            true => record(&desensitizer, path, copy.as_deref()),
            false => file(&desensitizer, path, copy.as_deref()),
        };
        made.map(|made| made.line(arguments.explain || arguments.report.is_some()))
    };
    parallel::in_order(&work, make, |(path, _), made| {
        failed += usize::from(made.is_err());
        let mut line = made.unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
        line["file"] = json!(path);
        match &mut report {
            Some(report) => writeln!(report, "{line}").context("the report cannot be written")?,
            None if arguments.explain && !as_json => bar.suspend(|| explain(&line)),
            None => bar.suspend(|| output::json(&line)),
        }
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    if failed > 0 {
        let message = format!("{failed} of {} cannot be desensitized and have no copy", work.len());
        return Err(anyhow::Error::new(Refused(Value::Null)).context(message));
    }
    Ok(())
}

fn desensitizer(arguments: &DesensitizeArguments) -> anyhow::Result<Desensitizer> {
    let policy = match arguments.policy.as_deref() {
        Some(name) => match Policy::shipped(name) {
            Some(policy) => policy,
            None => Policy::parse(&home::read(Path::new(name))?)
                .with_context(|| format!("{name} is neither a shipped policy nor a file of one"))?,
        },
        None => Policy::hipaa_safe_harbor(),
    };
    // Without a consortium, surrogates are stable within one run only.
    let key = match &arguments.key {
        Some(path) => home::read(path)?
            .trim()
            .parse()
            .with_context(|| format!("{} holds no key", path.display()))?,
        None => ConsortiumKey::from_bytes(*random_key()?.seed()),
    };
    let mut desensitizer = Desensitizer::new(policy, key);
    if let Some(path) = &arguments.reveal_key {
        desensitizer = desensitizer.with_reveal_key(reveal::key(path)?);
    }
    if let Some(folder) = &arguments.recognizer {
        desensitizer = desensitizer.with_recognizer(Arc::new(recognizer::read(folder)?));
    }
    Ok(desensitizer)
}

/// A copy that was made.
struct Made {
    report: Report,
    more: Value,
}

impl Made {
    /// What is said of it; with places, if these are wanted.
    fn line(self, with_places: bool) -> Value {
        let Self { report, more: mut line } = self;
        let treated = report.counts().map(|(class, technique, count)| {
            json!({ "class": class, "technique": technique, "count": count })
        });
        line["treated"] = treated.collect();
        if with_places {
            line["places"] = json!(report.treated());
        }
        line
    }
}

/// One line for each value: where it stood, what it told, how sure that is, and what was done.
fn explain(line: &Value) {
    output::line(line["file"].as_str().unwrap_or_default());
    if let Some(error) = line["error"].as_str() {
        output::line(&format!("  {error}"));
    }
    for treated in line["places"].as_array().into_iter().flatten() {
        let text = |key: &str| treated[key].as_str().unwrap_or_default().to_owned();
        let technique = match &treated["technique"] {
            Value::Object(with) => with.iter().map(|(name, how)| format!("{name} {how}")).collect(),
            name => name.as_str().unwrap_or_default().to_owned(),
        };
        output::line(&format!(
            "  {:<12} {:<10} {:<28} {}",
            text("class"),
            text("evidence"),
            technique.replace(['"', '{', '}'], ""),
            text("place"),
        ));
    }
}

fn file(desensitizer: &Desensitizer, path: &Path, copy: Option<&Path>) -> anyhow::Result<Made> {
    let size = fs::metadata(path).context("it cannot be read")?.len();
    if let Some(copy) = copy
        && fs::canonicalize(copy).ok() == fs::canonicalize(path).ok()
    {
        bail!("the copy would take the place of the original: give another folder with --out");
    }
    if size > STREAMED_MIN {
        let head = head(path)?;
        if let Some(kind) = DocumentKind::of_json_lines(&head) {
            return streamed(path, copy, kind, &|input, output| {
                desensitizer.desensitize_json_lines(BufReader::new(input), output)
            });
        }
        if let Some(kind) = DocumentKind::of_json(BufReader::new(fs::File::open(path)?))? {
            return streamed(path, copy, kind, &|input, output| {
                Ok(desensitizer.desensitize_json(input, output)?.1)
            });
        }
        match kind_of_text(&head) {
            Some(kind @ DocumentKind::Hl7) => {
                return streamed(path, copy, kind, &|input, output| {
                    desensitizer.desensitize_hl7(BufReader::new(input), output)
                });
            }
            Some(kind @ DocumentKind::Text) => {
                return streamed(path, copy, kind, &|input, output| {
                    desensitizer.desensitize_text(input, output)
                });
            }
            _ => {}
        }
    }
    ensure!(
        size <= WHOLE_MAX,
        "it has {size} bytes: only texts, JSON and HL7 v2 may have more than {WHOLE_MAX}"
    );
    let bytes = fs::read(path).context("it cannot be read")?;
    let (seen, note) = look(&bytes)?;
    let treated = desensitizer.desensitize_file(&bytes, Some(&seen))?;
    if let Some(copy) = copy {
        let written = folder_of(copy).and_then(|()| fs::write(copy, treated.bytes));
        written.with_context(|| format!("{} cannot be written", copy.display()))?;
    }
    Ok(Made { report: treated.report, more: described(treated.kind, &note) })
}

/// What a file is, and what is to be said of its pixels.
fn described(kind: DocumentKind, pixels: &str) -> Value {
    let mut described = json!({ "kind": kind });
    if kind == DocumentKind::Dicom {
        described["pixels"] = json!(pixels);
    }
    described
}

/// Makes the folder that a copy goes to: once there is one, so that what is refused leaves nothing.
fn folder_of(copy: &Path) -> std::io::Result<()> {
    copy.parent().map_or(Ok(()), fs::create_dir_all)
}

/// The first bytes of a file.
fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    const HEAD_LEN: u64 = 64 * 1024;
    let mut head = Vec::new();
    fs::File::open(path)?.take(HEAD_LEN).read_to_end(&mut head)?;
    Ok(head)
}

/// What a file in UTF-8 is that is neither JSON nor XML, by its first bytes.
fn kind_of_text(head: &[u8]) -> Option<DocumentKind> {
    // The last character may be cut.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return None,
    };
    let is_xml = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    DocumentKind::of(text.as_bytes()).filter(|_| !is_xml)
}

/// Treats what is read and writes the copy.
type Treat<'a> = dyn Fn(fs::File, &mut dyn Write) -> Result<Report, DesensitizeError> + 'a;

/// A file that is treated while it is read.
fn streamed(
    path: &Path,
    copy: Option<&Path>,
    kind: DocumentKind,
    treat: &Treat<'_>,
) -> anyhow::Result<Made> {
    let input = fs::File::open(path)?;
    let report = match copy {
        None => treat(input, &mut std::io::sink())?,
        Some(copy) => {
            folder_of(copy)?;
            let made = treat(input, &mut BufWriter::new(fs::File::create(copy)?));
            made.inspect_err(|_| {
                // What was written is no copy; that it cannot be removed changes nothing of it.
                let _ = fs::remove_file(copy);
            })?
        }
    };
    Ok(Made { report, more: described(kind, NO_PIXELS) })
}

/// Writing on the pixels of a file, and what is to be said of it. A file that cannot be looked at is
/// treated all the same: whoever asked for it is told.
fn look(bytes: &[u8]) -> anyhow::Result<(Vec<Area>, String)> {
    let pictures = match Picture::sample(bytes, FRAMES) {
        Ok(pictures) => pictures,
        Err(PictureError::NoPixels | PictureError::UnknownKind) => {
            return Ok((Vec::new(), NO_PIXELS.into()));
        }
        Err(error) => return Ok((Vec::new(), format!("not looked at: {error}"))),
    };
    let mut found = Vec::new();
    for picture in &pictures {
        found.extend(Detector::embedded().find(picture)?);
    }
    let areas = writing(&found);
    let note = match areas.len() {
        0 => "no writing found".into(),
        count => format!("{count} areas of writing blanked"),
    };
    Ok((areas, note))
}

fn writing(found: &[Found]) -> Vec<Area> {
    let writing = found.iter().filter(|found| found.is_writing());
    writing.map(|found| Area::around(found.x, found.y, found.width, found.height)).collect()
}

fn record(desensitizer: &Desensitizer, path: &Path, folder: Option<&Path>) -> anyhow::Result<Made> {
    let (record, _) = import(files::read(path)?)?;
    let mut sights = Sights::none();
    for (attachment, image) in record.attachments().iter().enumerate() {
        let seen = PixelMatcher::new(Detector::embedded()).shown(image).ok().flatten();
        if let Some(seen) = seen {
            sights.add(attachment, writing(&seen));
        }
    }
    let (copy, report) = desensitizer.desensitize(&record, &sights)?;
    if let Some(folder) = folder {
        let file = RecordFile::desensitized(&copy);
        files::write(file.manifest(), file.parts(), folder)?;
    }
    let more = json!({ "left_out": report.left_out() });
    Ok(Made { report, more })
}
