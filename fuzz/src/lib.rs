//! What the fuzz targets compare with.

pub mod naive;
pub mod vectors;
