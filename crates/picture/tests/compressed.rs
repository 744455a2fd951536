//! Compressed pixels: streams of other coders (JPEG-LS of CharLS 2.4, JPEG 2000 of OpenJPEG 2.5, JPEG
//! of the `image` crate), palettes.
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::Cursor;

use dicom_core::{DataElement, PrimitiveValue, VR, value::PixelFragmentSequence};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use emrshare_picture::{Picture, PictureError, uncompressed};
use emrshare_record::dicom::DicomFile;
use proptest::prelude::*;

const WIDTH: u32 = 61;
const HEIGHT: u32 = 47;

/// The sample that the coder was given: steps on the left, so that there are runs, and a slope with
/// noise on the right.
fn sample(x: u32, y: u32, component: u32, bits: u32) -> u32 {
    let most = (1 << bits) - 1;
    if x < 20 {
        return y / 8 * most / 8;
    }
    let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y * 40_503 + component * 97) >> 16;
    ((x * x * 3 + y * y * 5 + x * y * 7) / 9 + component * 31 + noise % 5) % (most + 1)
}

fn samples(rows: std::ops::Range<u32>, components: u32, bits: u32) -> Vec<u32> {
    let places = rows.flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
    places.flat_map(|(x, y)| (0..components).map(move |c| sample(x, y, c, bits))).collect()
}

fn stream(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/jpeg_ls/{name}.jls")).unwrap()
}

struct Header {
    syntax: &'static str,
    height: u32,
    components: u32,
    bits: u32,
    frames: u32,
}

const GREY: Header =
    Header { syntax: uids::JPEGLS_LOSSLESS, height: HEIGHT, components: 1, bits: 8, frames: 1 };

/// A file with these fragments for pixels.
fn file(header: &Header, fragments: Vec<Vec<u8>>) -> DicomFile {
    let mut object = described(header);
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PixelFragmentSequence::new_fragments(fragments),
    ));
    with_meta(object, header.syntax)
}

fn described(header: &Header) -> InMemDicomObject {
    let &Header { height, components, bits, frames, .. } = header;
    let mut object = InMemDicomObject::new_empty();
    let numbers = [
        (tags::COLUMNS, WIDTH),
        (tags::ROWS, height),
        (tags::SAMPLES_PER_PIXEL, components),
        (tags::BITS_ALLOCATED, bits.next_multiple_of(8)),
        (tags::BITS_STORED, bits),
        (tags::HIGH_BIT, bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
        (tags::PLANAR_CONFIGURATION, 0),
    ];
    for (tag, number) in numbers {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(number as u16)));
    }
    let colour = if components == 1 { "MONOCHROME2" } else { "RGB" };
    object.put(DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, colour));
    object.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, frames.to_string()));
    object.put(DataElement::new(
        tags::SOP_CLASS_UID,
        VR::UI,
        uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    ));
    object.put(DataElement::new(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3"));
    object
}

fn with_meta(object: InMemDicomObject, syntax: &str) -> DicomFile {
    object.with_meta(FileMetaTableBuilder::new().transfer_syntax(syntax)).unwrap()
}

fn bytes(object: &DicomFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).unwrap();
    bytes
}

/// The samples of a file that was uncompressed.
fn decoded(object: &DicomFile) -> Result<Vec<u32>, PictureError> {
    let object = uncompressed(object)?.unwrap();
    assert_eq!(object.meta().transfer_syntax(), uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let element = object.element(tags::PIXEL_DATA).unwrap();
    Ok(element.to_multi_int::<u32>().unwrap())
}

#[test]
fn jpeg_ls_is_decoded_to_the_last_bit() {
    for (name, components, bits) in [
        ("grey8", 1, 8),
        ("grey12", 1, 12),
        ("grey16", 1, 16),
        ("planes", 3, 8),
        ("lines", 3, 8),
        ("samples", 3, 8),
    ] {
        let object = file(&Header { components, bits, ..GREY }, vec![stream(name)]);
        let mut expected = samples(0..HEIGHT, components, bits);
        if bits == 8 && expected.len() % 2 == 1 {
            expected.push(0);
        }
        assert!(decoded(&object).unwrap() == expected, "{name}");
        let picture = Picture::decode(&bytes(&object)).unwrap();
        assert_eq!((picture.width(), picture.height()), (WIDTH as usize, HEIGHT as usize));
    }
}

#[test]
fn near_lossless_errs_by_as_much_as_it_says() {
    for (name, components, near) in [("grey8_near3", 1, 3), ("samples_near2", 3, 2)] {
        let syntax = uids::JPEGLS_NEAR_LOSSLESS;
        let object = file(&Header { components, syntax, ..GREY }, vec![stream(name)]);
        let decoded = decoded(&object).unwrap();
        let expected = samples(0..HEIGHT, components, 8);
        let errors = decoded.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b));
        assert_eq!(errors.max(), Some(near), "{name}");
    }
}

/// Two pictures of twenty lines are one of forty that begins anew at line 20 (T.87, C.2.5).
#[test]
fn restarts_begin_anew() {
    let [first, second] = ["part0", "part1"].map(stream);
    // Behind the scan header, and before the end.
    let coded = |stream: &[u8]| {
        let start = stream.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap() + 10;
        stream[start..stream.len() - 2].to_vec()
    };
    let scan = first.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap();
    let mut joined = first[..scan].to_vec();
    let height = joined.windows(2).position(|marker| marker == [0xff, 0xf7]).unwrap() + 5;
    joined[height..height + 2].copy_from_slice(&[0, 40]);
    joined.extend([0xff, 0xdd, 0, 4, 0, 20]);
    joined.extend(&first[scan..scan + 10]);
    joined.extend(coded(&first));
    joined.extend([0xff, 0xd0]);
    joined.extend(coded(&second));
    joined.extend([0xff, 0xd9]);
    let header = Header { height: 40, ..GREY };
    assert_eq!(decoded(&file(&header, vec![joined.clone()])).unwrap(), samples(0..40, 1, 8));
    let restart = joined.len() - 2 - coded(&second).len() - 2;
    joined[restart + 1] = 0xd9;
    let error = decoded(&file(&header, vec![joined])).unwrap_err();
    assert!(error.to_string().contains("a restart is missing"), "{error}");
}

#[test]
fn a_frame_may_have_several_fragments() {
    let [first, second] = ["part0", "part1"].map(stream);
    let header = Header { height: 20, frames: 2, ..GREY };
    let (head, tail) = second.split_at(100);
    let object = file(&header, vec![first.clone(), head.to_vec(), tail.to_vec()]);
    assert_eq!(decoded(&object).unwrap(), samples(0..40, 1, 8));
    let both = bytes(&object);
    assert_ne!(Picture::decode_frame(&both, 0), Picture::decode_frame(&both, 1));
    let error = decoded(&file(&header, vec![first])).unwrap_err();
    assert!(error.to_string().contains("1 frames begin where 2 are expected"), "{error}");
}

#[test]
fn what_is_no_jpeg_ls_of_that_size_is_refused() {
    let good = stream("grey8");
    let mut cut = good.clone();
    cut.truncate(800);
    let mut other_bits = good.clone();
    other_bits[6] = 17;
    let mut sampled = good.clone();
    sampled[13] = 0x21;
    let header_twice = [&good[..15], &good[2..]].concat();
    for (stream, expected) in [
        (cut, "end early"),
        (other_bits, "not 2 to 16 bits"),
        (sampled, "different size"),
        (header_twice, "two frame headers"),
        (good[2..].to_vec(), "does not begin"),
        (stream("samples"), "the header says otherwise"),
        (stream("part0"), "the header says otherwise"),
        (vec![], "does not begin"),
    ] {
        let error = decoded(&file(&GREY, vec![stream])).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn jpeg_is_decoded() {
    for components in [1, 3] {
        let values =
            samples(0..HEIGHT, components, 8).into_iter().map(|value| value as u8 / 2 + 60);
        let picture = if components == 1 {
            let grey = image::GrayImage::from_raw(WIDTH, HEIGHT, values.collect()).unwrap();
            image::DynamicImage::from(grey)
        } else {
            image::RgbImage::from_raw(WIDTH, HEIGHT, values.collect()).unwrap().into()
        };
        let mut jpeg = Cursor::new(Vec::new());
        picture.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
        let expected = Picture::decode(jpeg.get_ref()).unwrap();
        let header = Header { syntax: uids::JPEG_BASELINE8_BIT, components, ..GREY };
        let object = file(&header, vec![jpeg.into_inner()]);
        let decoded = decoded(&object).unwrap();
        let expected = expected.rgb().iter().step_by(if components == 1 { 3 } else { 1 });
        let errors = expected.zip(&decoded).map(|(a, b)| u32::from(*a).abs_diff(*b));
        assert!(errors.max() < Some(9));
        assert!(Picture::decode(&bytes(&object)).is_ok());
    }
}

/// The samples less 2000: negative ones must not come back as great ones.
#[test]
fn signed_jpeg_2000_is_decoded() {
    let stream = std::fs::read("tests/jpeg_2000/signed16.j2k").unwrap();
    let header = Header { syntax: uids::JPEG2000_LOSSLESS, bits: 16, ..GREY };
    let expected =
        samples(0..HEIGHT, 1, 12).into_iter().map(|value| (value as u16).wrapping_sub(2000));
    let decoded = decoded(&file(&header, vec![stream])).unwrap();
    assert!(decoded.into_iter().map(|value| value as u16).eq(expected));
}

#[test]
fn what_is_not_compressed_stays() {
    let mut object = described(&GREY);
    let values = PrimitiveValue::U8(vec![7; (WIDTH * HEIGHT) as usize + 1].into());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, values));
    let object = with_meta(object, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    assert!(uncompressed(&object).unwrap().is_none());
}

/// Three colours from value 10 on, in 16 bits.
fn with_palette(value: u8) -> InMemDicomObject {
    let mut object = described(&GREY);
    object.put(DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "PALETTE COLOR"));
    let values = PrimitiveValue::U8(vec![value; (WIDTH * HEIGHT) as usize + 1].into());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, values));
    for (descriptor, data, first) in [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            1,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            2,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            3,
        ),
    ] {
        let three = PrimitiveValue::U16([3, 10, 16].as_slice().into());
        object.put(DataElement::new(descriptor, VR::US, three));
        let entries = [first << 8, (first + 10) << 8, (first + 20) << 8 | 0xff];
        object.put(DataElement::new(data, VR::OW, PrimitiveValue::U16(entries.as_slice().into())));
    }
    object
}

#[test]
fn a_palette_gives_colours() {
    let shown = |object: InMemDicomObject| {
        let file = bytes(&with_meta(object, uids::EXPLICIT_VR_LITTLE_ENDIAN));
        Picture::decode(&file).map(|picture| picture.pixel(30, 30))
    };
    // Values below the first and above the last have the first and the last colour.
    for (value, colour) in [
        (0, [1, 2, 3]),
        (10, [1, 2, 3]),
        (11, [11, 12, 13]),
        (12, [21, 22, 23]),
        (255, [21, 22, 23]),
    ] {
        assert_eq!(shown(with_palette(value)), Ok(colour), "{value}");
    }
    let mut without = with_palette(0);
    without.remove_element(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA);
    assert!(matches!(shown(without), Err(PictureError::Unsupported(_))));
    let mut short = with_palette(0);
    let one = PrimitiveValue::U16([7].as_slice().into());
    short.put(DataElement::new(tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA, VR::OW, one));
    assert!(matches!(shown(short), Err(PictureError::Damaged(_))));
}

proptest! {
    #[test]
    fn damaged_streams_are_errors_or_pictures(
        place in 0_usize..3000,
        value: u8,
        length in 0_usize..5000,
        name in prop::sample::select(vec!["grey8", "grey16", "grey8_near3", "lines", "samples", "planes"]),
    ) {
        let mut stream = stream(name);
        let place = place % stream.len();
        stream[place] = value;
        stream.truncate(length.max(place + 1));
        let components = if name.starts_with("grey") { 1 } else { 3 };
        let bits = if name == "grey16" { 16 } else { 8 };
        let object = file(&Header { components, bits, ..GREY }, vec![stream]);
        if let Ok(values) = decoded(&object) {
            prop_assert!(values.len() as u32 >= WIDTH * HEIGHT * components);
        }
    }
}
