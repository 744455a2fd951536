//! JPEG 2000 (PS3.5, A.4.4).

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use crate::{PictureError, check_size, samples::Samples};

/// Decodes one picture. Colours are red, green and blue.
pub(crate) fn decode(stream: &[u8]) -> Result<Samples, PictureError> {
    let settings = DecodeSettings { strict: false, ..DecodeSettings::default() };
    let image = Image::new(stream, &settings).map_err(|error| damaged(&error.to_string()))?;
    check_size(image.width(), image.height())?;
    if image.original_bit_depth() > 16 {
        return Err(PictureError::Unsupported("JPEG 2000 of more than 16 bits".into()));
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| damaged(&error.to_string()))?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let components = decoded.components();
    if !matches!(components.len(), 1 | 3) {
        let what = format!("{} samples a pixel", components.len());
        return Err(PictureError::Unsupported(what));
    }
    let greatest = (1_i32 << image.original_bit_depth()) - 1;
    let shift = if is_signed(stream) { 1 << (image.original_bit_depth() - 1) } else { 0 };
    let mut samples = Samples::new(width, height, components.len());
    let mut line = Vec::with_capacity(width);
    for (place, component) in components.iter().enumerate() {
        for (row, values) in component.samples().chunks_exact(width).take(height).enumerate() {
            line.clear();
            // What was lost can carry a sample beyond its bits.
            let value = |value: &f32| (value.round() as i32).clamp(0, greatest) - shift;
            line.extend(values.iter().map(value));
            samples.put_line(place, row, &line);
        }
    }
    Ok(samples)
}

/// Whether the first component is signed (ITU-T T.800, A.5.1). The library gives its samples half
/// their range too high.
fn is_signed(stream: &[u8]) -> bool {
    const SIZES: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
    /// From the start of the code stream to the first component's precision.
    const PRECISION: usize = 42;
    let start = stream.windows(4).position(|window| window == SIZES);
    start.and_then(|start| stream.get(start + PRECISION)).is_some_and(|byte| byte & 0x80 != 0)
}

fn damaged(what: &str) -> PictureError {
    PictureError::Damaged(format!("JPEG 2000: {what}"))
}
