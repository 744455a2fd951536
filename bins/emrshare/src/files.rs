//! Records as files and folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use emrshare_record::{Manifest, Part, SourceFile};

/// Most bytes that are read for one record.
const RECORD_LEN_MAX: u64 = 64 * 1024 * 1024;

/// The records that paths stand for: a file is one; a folder with files is one, and every folder
/// below a folder without files is one.
pub(crate) fn records(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut records = Vec::new();
    for path in paths {
        let metadata =
            fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
        if metadata.is_file() {
            records.push(path.clone());
            continue;
        }
        let mut entries = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<anyhow::Result<Vec<_>>>()?;
        entries.sort();
        let (folders, files): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.is_dir());
        if files.is_empty() {
            records.extend(self::records(&folders)?);
        } else {
            records.push(path.clone());
        }
    }
    Ok(records)
}

/// The records of a folder of which each file and each folder is one.
pub(crate) fn records_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    entries.sort();
    records(&entries)
}

/// Every file that paths stand for, with the name that a copy has in a folder of copies: a file's
/// own, and within a folder the way to it.
pub(crate) fn with_names(paths: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            add_folder(path, Path::new(""), &mut Vec::new(), &mut files)?;
        } else {
            files.push((path.clone(), path.file_name().unwrap_or_default().into()));
        }
    }
    Ok(files)
}

/// `within` holds the folders that this one lies in, without links.
fn add_folder(
    folder: &Path,
    name: &Path,
    within: &mut Vec<PathBuf>,
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> anyhow::Result<()> {
    let read = || format!("{} cannot be read", folder.display());
    let real = folder.canonicalize().with_context(read)?;
    if within.contains(&real) {
        bail!("{} is a link to a folder that it lies in: leave it out", folder.display());
    }
    within.push(real);
    let entries = fs::read_dir(folder).with_context(read)?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        let name = name.join(entry.file_name().unwrap_or_default());
        match fs::metadata(&entry) {
            Ok(found) if found.is_dir() => add_folder(&entry, &name, within, files)?,
            Ok(found) if !found.is_file() => {
                bail!("{} is neither file nor folder: leave it out", entry.display());
            }
            // Reading says what is wrong with what cannot be looked at.
            Ok(_) | Err(_) => files.push((entry, name)),
        }
    }
    within.pop();
    Ok(())
}

/// The files of a record.
pub(crate) fn read(record: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let paths = if record.is_dir() {
        let entries = fs::read_dir(record)?.map(|entry| Ok(entry?.path()));
        entries.collect::<anyhow::Result<Vec<_>>>()?
    } else {
        vec![record.to_path_buf()]
    };
    let mut files = Vec::new();
    let mut total = 0;
    for path in paths.into_iter().filter(|path| path.is_file()) {
        total += fs::metadata(&path)?.len();
        if total > RECORD_LEN_MAX {
            bail!("{} is larger than a record may be ({RECORD_LEN_MAX} bytes)", record.display());
        }
        let bytes =
            fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(SourceFile::new(name, bytes));
    }
    Ok(files)
}

/// Writes a record file's manifest and some or all of its parts; returns the parts' bytes.
pub(crate) fn write<'a>(
    manifest: &Manifest,
    parts: impl Iterator<Item = (&'a Part, &'a [Vec<u8>])>,
    folder: &Path,
) -> anyhow::Result<u64> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    fs::write(folder.join("manifest.json"), manifest.as_bytes())?;
    let mut bytes = 0;
    for (part, chunks) in parts {
        // A part's name must not lead out of the folder.
        let name = Path::new(&part.name).file_name().unwrap_or_default();
        fs::write(folder.join(name), chunks.concat())?;
        bytes += part.size;
    }
    Ok(bytes)
}
