//! Colours from a palette (PS3.3, C.7.6.3.1.5 and C.7.6.3.1.6).

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use emrshare_record::dicom::DicomFile;

use crate::PictureError;

const DESCRIPTORS: [Tag; 3] = [
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
];
const TABLES: [Tag; 3] = [
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
];

/// The colours of a file's values.
pub(crate) struct Palette {
    /// The value that has the first colour; lesser ones have it too.
    first: i32,
    colours: Vec<[u8; 3]>,
}

impl Palette {
    pub(crate) fn of(object: &DicomFile) -> Result<Self, PictureError> {
        if object.get(TABLES[0]).is_none() {
            return Err(PictureError::Unsupported("a palette in segments, or none,".into()));
        }
        let [red, green, blue] = [0, 1, 2].map(|place| table(object, place));
        let (red, green, blue) = (red?, green?, blue?);
        let colours = red.iter().zip(green).zip(blue).map(|((r, g), b)| [*r, g, b]).collect();
        let first = descriptor(object, 0)?[1];
        // A first value of signed pixels is signed (PS3.3, C.7.6.3.1.5).
        let first = if is_signed(object) { i32::from(first.cast_signed()) } else { first.into() };
        Ok(Self { first, colours })
    }

    /// Colours of values, three bytes each.
    pub(crate) fn rgb(&self, values: impl Iterator<Item = i32>) -> Vec<u8> {
        let last = self.colours.len() - 1;
        values
            .flat_map(|value| {
                let place = usize::try_from(value - self.first).unwrap_or(0);
                self.colours[place.min(last)]
            })
            .collect()
    }
}

pub(crate) fn is_signed(object: &DicomFile) -> bool {
    object.get(tags::PIXEL_REPRESENTATION).and_then(|it| it.to_int::<u16>().ok()) == Some(1)
}

/// Number of entries (0 for 65,536), first value, bits of an entry.
fn descriptor(object: &DicomFile, place: usize) -> Result<[u16; 3], PictureError> {
    let element = object.get(DESCRIPTORS[place]);
    let values = element.and_then(|element| element.to_multi_int::<i32>().ok());
    let values = values.as_deref().and_then(|values| <[i32; 3]>::try_from(values).ok());
    let values = values.ok_or_else(|| damaged("its descriptor has not three values"))?;
    // Signed ones are -32768 to 32767.
    Ok(values.map(|value| value as u16))
}

/// One colour's bytes.
fn table(object: &DicomFile, place: usize) -> Result<Vec<u8>, PictureError> {
    let [count, _, bits] = descriptor(object, place)?;
    let count = if count == 0 { 1 << 16 } else { usize::from(count) };
    let element = object.get(TABLES[place]).ok_or_else(|| damaged("a colour is missing"))?;
    let bytes = element.to_bytes().map_err(|_| damaged("a colour is no table"))?;
    let values = match bits {
        8 if bytes.len() < 2 * count => bytes.into_owned(),
        8 | 16 => {
            let words = bytes.as_chunks::<2>().0.iter().map(|word| u16::from_le_bytes(*word));
            let words = words.take(count).collect::<Vec<_>>();
            // Some writers put eight bits into sixteen.
            let shift = if words.iter().all(|word| *word < 0x100) { 0 } else { 8 };
            words.into_iter().map(|word| (word >> shift) as u8).collect()
        }
        _ => return Err(damaged("its entries have neither 8 nor 16 bits")),
    };
    if values.len() < count {
        return Err(damaged("a colour has fewer entries than it counts"));
    }
    Ok(values)
}

fn damaged(what: &str) -> PictureError {
    PictureError::Damaged(format!("the palette: {what}"))
}
