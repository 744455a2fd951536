//! Desensitized stores, compared byte by byte.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::bail;

/// Every file below a folder, by its relative path.
pub(crate) fn files(folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, PathBuf>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder)?.to_path_buf(), path);
            }
        }
    }
    Ok(found)
}

/// Number of files and bytes, if two folders hold the same.
pub(crate) fn compare(first: &Path, second: &Path) -> anyhow::Result<(usize, u64)> {
    let (ours, theirs) = (files(first)?, files(second)?);
    if let Some(name) = ours.keys().find(|name| !theirs.contains_key(*name)) {
        bail!("{} has no {}", second.display(), name.display());
    }
    if let Some(name) = theirs.keys().find(|name| !ours.contains_key(*name)) {
        bail!("{} has no {}", first.display(), name.display());
    }
    let mut bytes = 0;
    for (name, path) in &ours {
        let content = fs::read(path)?;
        if content != fs::read(&theirs[name])? {
            bail!("{} differs", name.display());
        }
        bytes += content.len() as u64;
    }
    Ok((ours.len(), bytes))
}
