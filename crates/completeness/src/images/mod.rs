//! Is all imaging there, and does it show what it says?

mod area;
#[cfg(feature = "detector")]
mod detector;
mod found;
#[cfg(feature = "detector")]
mod lettering;
mod matcher;
#[cfg(feature = "detector")]
mod panels;
mod patient;
#[cfg(feature = "detector")]
mod pixels;

pub use found::Found;
pub use matcher::{HeaderMatcher, ImageMatcher, Label};
#[cfg(feature = "detector")]
pub use {
    detector::Detector,
    emrshare_onnx::ModelError,
    lettering::Lettering,
    panels::{PanelLabels, Panels},
    pixels::PixelMatcher,
};

pub(crate) use matcher::{Compared, compare};
