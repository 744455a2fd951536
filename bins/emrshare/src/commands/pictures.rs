//! What is on pictures.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use emrshare_completeness::{Detector, Found, PanelLabels, Panels};
use emrshare_picture::Picture;
use serde_json::{Value, json};

use crate::{cli::CheckArguments, files, output};

pub(super) fn run(arguments: &CheckArguments) -> anyhow::Result<()> {
    let other = arguments.panels.as_deref().map(|model| panels(model, arguments)).transpose()?;
    let find = |picture: &Picture| match &other {
        Some(panels) => panels.find(picture),
        None => Detector::embedded().find(picture),
    };
    let paths = files::with_names(&arguments.paths)?;
    if arguments.draw.is_some() && paths.len() != 1 {
        bail!("--draw takes one file, {} are given", paths.len());
    }
    let mut unread = 0;
    for (path, _) in &paths {
        let looked_at = look_at(path, find);
        unread += usize::from(looked_at.is_err());
        match looked_at {
            Ok((picture, found)) => {
                output::json(&line(path, &picture, &found));
                if let Some(out) = &arguments.draw {
                    draw(picture, &found, out)?;
                }
            }
            Err(error) => output::json(&json!({"file": path, "error": format!("{error:#}")})),
        }
    }
    if unread > 0 {
        bail!("{unread} of {} files could not be looked at", paths.len());
    }
    Ok(())
}

/// Another model, told by what is behind the flags.
fn panels(model: &Path, arguments: &CheckArguments) -> anyhow::Result<Panels> {
    let onnx = fs::read(model).with_context(|| format!("{} cannot be read", model.display()))?;
    let names = arguments.panel_labels.clone();
    let labels =
        PanelLabels { least_scores: vec![0.25; names.len()], names, unsupported_least: 1.0 };
    let panels = Panels::from_onnx(&onnx, arguments.panel_size, labels);
    panels.with_context(|| model.display().to_string())
}

fn look_at(
    path: &PathBuf,
    find: impl Fn(&Picture) -> Result<Vec<Found>, emrshare_completeness::ModelError>,
) -> anyhow::Result<(Picture, Vec<Found>)> {
    let picture = Picture::decode(&fs::read(path)?)?;
    let found = find(&picture)?;
    Ok((picture, found))
}

fn line(path: &Path, picture: &Picture, found: &[Found]) -> Value {
    let tenths = |value: f32| f64::from((value * 10.0).round()) / 10.0;
    let boxes = found.iter().map(|found| {
        let mut shown = json!({
            "label": found.label,
            "score": f64::from((found.score * 1e4).round()) / 1e4,
            "x": tenths(found.x),
            "y": tenths(found.y),
            "w": tenths(found.width),
            "h": tenths(found.height),
        });
        if let Some(guess) = &found.looks_like {
            shown["looks_like"] = json!(guess);
        }
        shown
    });
    json!({
        "file": path,
        "width": picture.width(),
        "height": picture.height(),
        "boxes": boxes.collect::<Vec<_>>(),
    })
}

/// Panels in green, writing in red, marks and codes in blue.
fn draw(mut picture: Picture, found: &[Found], out: &Path) -> anyhow::Result<()> {
    for found in found {
        let colour = match found.label.as_str() {
            "burnt_in_text" => [255, 60, 60],
            "laterality_mark" | "barcode" => [70, 130, 255],
            _ => [40, 220, 90],
        };
        picture.outline(found.x, found.y, found.width, found.height, colour);
    }
    fs::write(out, picture.to_png()).with_context(|| format!("{} cannot be written", out.display()))
}
