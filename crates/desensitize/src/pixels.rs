//! Writing on pixels: others find it, here it is blanked.

use std::collections::BTreeMap;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use emrshare_record::Record;

/// Areas grow to multiples of this many pixels, so that letters' edges go too.
const GRID: u32 = 8;

/// Transfer syntaxes whose pixels are not compressed by themselves (PS3.5, A.1 to A.3 and A.5).
const NATIVE: [&str; 4] = [
    uids::IMPLICIT_VR_LITTLE_ENDIAN,
    uids::EXPLICIT_VR_LITTLE_ENDIAN,
    uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    // Explicit VR big endian: retired, and still in archives.
    "1.2.840.10008.1.2.2",
];

/// A part of an image, in pixels from the top left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Area {
    /// Left side.
    pub x: u32,
    /// Upper side.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Area {
    /// The smallest area on a grid of eight pixels that covers a box.
    ///
    /// ```
    /// use emrshare_desensitize::Area;
    ///
    /// assert_eq!(Area::around(9.5, 0.0, 8.0, 3.0), Area { x: 8, y: 0, width: 16, height: 8 });
    /// ```
    #[must_use]
    pub fn around(x: f32, y: f32, width: f32, height: f32) -> Self {
        // What is below zero becomes zero.
        let low = |side: f32| side.floor() as u32 / GRID * GRID;
        let high = |side: f32| (side.ceil() as u32).next_multiple_of(GRID);
        let (left, top) = (low(x), low(y));
        Self { x: left, y: top, width: high(x + width) - left, height: high(y + height) - top }
    }
}

/// What was seen on the pixels of a record's images.
///
/// Pixels are looked at once, by whoever judges the record. An image that nobody could look at is
/// not shared.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sights(BTreeMap<usize, Vec<Area>>);

impl Sights {
    /// Nobody looked.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Somebody looked at all images of a record and saw no writing.
    #[must_use]
    pub fn clear(record: &Record) -> Self {
        Self((0..record.attachments().len()).map(|place| (place, Vec::new())).collect())
    }

    /// Adds the writing on an attachment, counted from 0; none if there is none.
    pub fn add(&mut self, attachment: usize, writing: Vec<Area>) {
        self.0.insert(attachment, writing);
    }

    pub(crate) fn of(&self, attachment: usize) -> Option<&[Area]> {
        self.0.get(&attachment).map(Vec::as_slice)
    }
}

/// Makes areas of all frames of uncompressed pixels one colour; why that cannot be done, otherwise.
pub(crate) fn blank(
    object: &mut InMemDicomObject,
    transfer_syntax: &str,
    areas: &[Area],
) -> Result<(), String> {
    if areas.is_empty() {
        return Ok(());
    }
    if !NATIVE.contains(&transfer_syntax.trim_end_matches('\0')) {
        return Err("writing is on pixels that are compressed: it cannot be blanked".into());
    }
    let layout = Layout::of(object)?;
    let element = object.element(tags::PIXEL_DATA).map_err(|error| error.to_string())?;
    let vr = element.vr();
    let bytes = element.to_bytes().map_err(|error| error.to_string())?;
    let mut bytes = bytes.into_owned();
    if bytes.len() < layout.len() {
        return Err("the pixels are fewer than the header says: writing cannot be blanked".into());
    }
    for frame in bytes.chunks_exact_mut(layout.frame_len()).take(layout.frames) {
        let dark = layout.darkest(frame);
        areas.iter().for_each(|area| layout.blank(frame, *area, &dark));
    }
    object.put(DataElement::new(tags::PIXEL_DATA, vr, value_of(vr, bytes)));
    Ok(())
}

/// Bits of each pixel that hold overlays instead (PS3.3, C.9.2 of old editions): their header goes,
/// and they with it.
pub(crate) fn hidden_bits(object: &InMemDicomObject) -> u16 {
    let number = |tag| object.get(tag).and_then(|it| it.to_int::<u16>().ok());
    let (Some(stored), Some(high)) = (number(tags::BITS_STORED), number(tags::HIGH_BIT)) else {
        return 0;
    };
    let is_pixel = |bit| bit <= high && bit + stored > high;
    let positions = (0x6000..=0x601e).step_by(2).filter_map(|group| number(Tag(group, 0x0102)));
    positions.filter(|bit| *bit < 16 && !is_pixel(*bit)).fold(0, |bits, bit| bits | 1 << bit)
}

/// Takes away what is no pixel from uncompressed pixel data: such bits, and bytes behind the last
/// pixel.
pub(crate) fn clear_beside(object: &mut InMemDicomObject, hidden: u16) {
    let Some(element) = object.get(tags::PIXEL_DATA) else { return };
    let (Ok(layout), Ok(bytes)) = (Layout::of(object), element.to_bytes()) else { return };
    if hidden == 0 && bytes.len() <= layout.len().next_multiple_of(2) {
        return;
    }
    let vr = element.vr();
    let mut bytes = bytes.into_owned();
    bytes.truncate(layout.len());
    if layout.pixel_len.is_multiple_of(2) {
        for word in bytes.as_chunks_mut::<2>().0 {
            *word = (u16::from_le_bytes(*word) & !hidden).to_le_bytes();
        }
    }
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    object.put(DataElement::new(tags::PIXEL_DATA, vr, value_of(vr, bytes)));
}

/// Bytes as a value, in words if the representation has them.
fn value_of(vr: VR, bytes: Vec<u8>) -> PrimitiveValue {
    if vr == VR::OW {
        let words = bytes.as_chunks::<2>().0.iter().map(|word| u16::from_le_bytes(*word));
        return PrimitiveValue::U16(words.collect());
    }
    PrimitiveValue::U8(bytes.into())
}

/// How the bytes of uncompressed pixels lie (PS3.3, C.7.6.3).
struct Layout {
    rows: usize,
    columns: usize,
    /// Planes of one value a pixel; or one plane of several.
    planes: usize,
    pixel_len: usize,
    frames: usize,
    is_grey: bool,
    is_signed: bool,
}

impl Layout {
    fn of(object: &InMemDicomObject) -> Result<Self, String> {
        let number = |tag| {
            let element = object.get(tag);
            element.and_then(|element| element.to_int::<u32>().ok()).map(|number| number as usize)
        };
        let colour = object.get(tags::PHOTOMETRIC_INTERPRETATION);
        let colour = colour.and_then(|element| element.to_str().ok()).unwrap_or_default();
        if colour.contains("_42") {
            return Err("writing is on pixels that share their colour: it cannot be blanked".into());
        }
        let missing = "the header does not say how the pixels lie: writing cannot be blanked";
        let samples = number(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let bits = number(tags::BITS_ALLOCATED).filter(|bits| bits % 8 == 0).ok_or(missing)?;
        let apart = samples > 1 && number(tags::PLANAR_CONFIGURATION) == Some(1);
        let layout = Self {
            rows: number(tags::ROWS).ok_or(missing)?,
            columns: number(tags::COLUMNS).ok_or(missing)?,
            planes: if apart { samples } else { 1 },
            pixel_len: bits / 8 * if apart { 1 } else { samples },
            frames: number(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1),
            is_grey: samples == 1,
            is_signed: number(tags::PIXEL_REPRESENTATION) == Some(1),
        };
        let is_sound =
            layout.frame_len() > 0 && layout.frame_len().checked_mul(layout.frames).is_some();
        if is_sound { Ok(layout) } else { Err(missing.into()) }
    }

    const fn plane_len(&self) -> usize {
        self.rows.saturating_mul(self.columns).saturating_mul(self.pixel_len)
    }

    const fn frame_len(&self) -> usize {
        self.plane_len().saturating_mul(self.planes)
    }

    const fn len(&self) -> usize {
        self.frame_len().saturating_mul(self.frames)
    }

    /// The least grey value of a frame: a lesser one would change how viewers show the rest.
    fn darkest(&self, frame: &[u8]) -> Vec<u8> {
        let black = || vec![0; self.pixel_len];
        if !self.is_grey {
            return black();
        }
        let pixels = frame.chunks_exact(self.pixel_len);
        pixels.min_by_key(|pixel| self.value(pixel)).map_or_else(black, <[u8]>::to_vec)
    }

    /// A grey value, little endian.
    fn value(&self, pixel: &[u8]) -> i128 {
        let value = pixel.iter().rev().fold(0_i128, |value, byte| value << 8 | i128::from(*byte));
        let range = 1_i128 << (8 * pixel.len().min(8));
        if self.is_signed && value >= range / 2 { value - range } else { value }
    }

    fn blank(&self, frame: &mut [u8], area: Area, with: &[u8]) {
        let left = (area.x as usize).min(self.columns);
        let right = (area.x as usize).saturating_add(area.width as usize).min(self.columns);
        let bottom = (area.y as usize).saturating_add(area.height as usize).min(self.rows);
        for plane in frame.chunks_exact_mut(self.plane_len()) {
            for row in (area.y as usize).min(bottom)..bottom {
                let start = row * self.columns;
                let (from, to) = (start + left, start + right);
                let blanked = &mut plane[from * self.pixel_len..to * self.pixel_len];
                blanked
                    .chunks_exact_mut(self.pixel_len)
                    .for_each(|pixel| pixel.copy_from_slice(with));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { x: 1, y: 1, width: 2, height: 9 };

    fn image(samples: u32, planar: u32, bits: u32, frames: u32) -> InMemDicomObject {
        let (rows, columns) = (3_u32, 4_u32);
        let mut object = InMemDicomObject::new_empty();
        let numbers = [
            (tags::ROWS, rows),
            (tags::COLUMNS, columns),
            (tags::SAMPLES_PER_PIXEL, samples),
            (tags::PLANAR_CONFIGURATION, planar),
            (tags::BITS_ALLOCATED, bits),
        ];
        for (tag, number) in numbers {
            let value = PrimitiveValue::from(u16::try_from(number).unwrap());
            object.put(DataElement::new(tag, VR::US, value));
        }
        let frames_text = PrimitiveValue::from(frames.to_string());
        object.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, frames_text));
        let count = (rows * columns * samples * frames) as usize;
        // The first value of a frame is the least.
        let frame = count / frames as usize;
        let value = |at: usize| if at.is_multiple_of(frame) { 1 } else { 7 };
        let (vr, value) = match bits {
            16 => (VR::OW, PrimitiveValue::U16((0..count).map(|at| value(at) * 0x0101).collect())),
            _ => (VR::OB, PrimitiveValue::U8((0..count).map(|at| value(at) as u8).collect())),
        };
        object.put(DataElement::new(tags::PIXEL_DATA, vr, value));
        object
    }

    fn bytes(object: &InMemDicomObject) -> Vec<u8> {
        object.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned()
    }

    #[test]
    fn an_area_is_blank_in_every_plane_and_frame_and_nothing_else_is() {
        for (samples, planar, bits, frames) in
            [(1, 0, 8, 1), (1, 0, 16, 2), (3, 0, 8, 2), (3, 1, 8, 2)]
        {
            let mut object = image(samples, planar, bits, frames);
            let before = bytes(&object);
            blank(&mut object, uids::EXPLICIT_VR_LITTLE_ENDIAN, &[AREA]).unwrap();
            let after = bytes(&object);
            assert_eq!(after.len(), before.len());
            // Two columns of two rows.
            let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
            assert_eq!(changed.count() as u32, 4 * samples * bits / 8 * frames);
            let first = if planar == 1 { 1 } else { samples * bits / 8 } as usize;
            let row = 4 * first;
            let dark = if samples == 1 { 1 } else { 0 };
            assert!(after[row + first..row + 3 * first].iter().all(|byte| *byte == dark));
            assert!(after[..row + first].iter().all(|byte| *byte != 0));
        }
    }

    #[test]
    fn of_signed_values_the_least_is_below_zero() {
        let mut object = image(1, 0, 16, 1);
        object.put(DataElement::new(
            tags::PIXEL_REPRESENTATION,
            VR::US,
            PrimitiveValue::from(1_u16),
        ));
        let mut values = [7_u16; 12];
        values[11] = (-1000_i16).cast_unsigned();
        let value = PrimitiveValue::U16(values.to_vec().into());
        object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, value));
        blank(&mut object, uids::EXPLICIT_VR_LITTLE_ENDIAN, &[AREA]).unwrap();
        assert_eq!(bytes(&object)[10..12], (-1000_i16).to_le_bytes());
    }

    #[test]
    fn what_is_beside_the_pixels_goes() {
        let mut object = image(1, 0, 8, 1);
        let too_many = [vec![7; 12], b"Ashworth".to_vec()].concat();
        object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(too_many.into())));
        assert_eq!(hidden_bits(&object), 0);
        clear_beside(&mut object, 0);
        assert_eq!(bytes(&object), [7; 12]);
        let mut object = image(1, 0, 16, 1);
        let before = bytes(&object);
        for (tag, number) in
            [(tags::BITS_STORED, 8), (tags::HIGH_BIT, 7), (Tag(0x6002, 0x0102), 10)]
        {
            object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(number as u16)));
        }
        assert_eq!(hidden_bits(&object), 1 << 10);
        clear_beside(&mut object, 0);
        assert_eq!(bytes(&object), before);
        clear_beside(&mut object, 1 << 10);
        let words = |bytes: &[u8]| {
            bytes
                .as_chunks::<2>()
                .0
                .iter()
                .map(|word| u16::from_le_bytes(*word))
                .collect::<Vec<_>>()
        };
        let expected = words(&before).into_iter().map(|word| word & !(1 << 10));
        assert!(words(&bytes(&object)).into_iter().eq(expected));
        // A bit of the pixels themselves is none that hides something.
        object.put(DataElement::new(tags::HIGH_BIT, VR::US, PrimitiveValue::from(11_u16)));
        assert_eq!(hidden_bits(&object), 0);
    }

    #[test]
    fn what_cannot_be_blanked_is_refused() {
        let mut object = image(1, 0, 8, 1);
        let compressed = uids::JPEG_BASELINE8_BIT;
        assert!(blank(&mut object, compressed, &[AREA]).unwrap_err().contains("compressed"));
        assert!(blank(&mut object, compressed, &[]).is_ok());
        let too_few = PrimitiveValue::from("9");
        object.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, too_few));
        let native = uids::EXPLICIT_VR_LITTLE_ENDIAN;
        assert!(blank(&mut object, native, &[AREA]).unwrap_err().contains("fewer"));
        object.remove_element(tags::ROWS);
        assert!(blank(&mut object, native, &[AREA]).is_err());
    }
}
