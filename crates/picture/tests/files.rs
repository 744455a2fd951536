//! Real files of the generator, damaged files, and files that only claim to be pictures.
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::Cursor;

use dicom_core::{DataElement, VR, value::PixelFragmentSequence};
use dicom_dictionary_std::{tags, uids};
use emrshare_picture::{Picture, PictureError};
use emrshare_sample::{Generator, Tongue};
use proptest::prelude::*;

fn drawn() -> Vec<u8> {
    let records = Generator::new(1, Tongue::English);
    let mut files = records.flat_map(|record| record.files);
    files.find(|file| file.name.ends_with(".dcm")).unwrap().bytes
}

#[test]
fn a_drawn_image_has_light_and_dark() {
    let picture = Picture::decode(&drawn()).unwrap();
    assert!(picture.width() > 50 && picture.height() > 50);
    let (low, high) = (picture.rgb().iter().min().unwrap(), picture.rgb().iter().max().unwrap());
    assert!(*low < 60 && *high > 180, "{low} {high}");
}

#[test]
fn png_goes_there_and_back() {
    let picture = Picture::from_rgb(3, 2, (0..18).collect());
    assert_eq!(Picture::decode(&picture.to_png()).unwrap(), picture);
    assert_eq!(
        Picture::decode_frame(&picture.to_png(), 1),
        Err(PictureError::NoFrame { asked: 1, frames: 1 })
    );
}

#[test]
fn a_frame_that_is_not_there_is_named() {
    let error = Picture::decode_frame(&drawn(), 7).unwrap_err();
    assert_eq!(error.to_string(), "the file holds 1 frames, frame 7 was asked for");
}

/// A PNG header that claims 60,000 x 60,000 pixels must not make anyone reserve 10 GB.
#[test]
fn a_huge_claim_is_refused() {
    let mut png = Picture::from_grey(8, 8, &[7; 64]).to_png();
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    assert!(Picture::decode(&png).is_err());
}

/// A JPEG file that claims 20,000 x 20,000 pixels is refused before memory is reserved for them.
#[test]
fn a_jpeg_that_claims_too_much_is_refused() {
    let mut jpeg = Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let mut jpeg = jpeg.into_inner();
    assert!(Picture::decode(&jpeg).is_ok());
    let header = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[header + 5..header + 9].copy_from_slice(&[0x4e, 0x20, 0x4e, 0x20]);
    let expected = PictureError::TooLarge { width: 20_000, height: 20_000 };
    assert_eq!(Picture::decode(&jpeg), Err(expected.clone()));
    assert_eq!(Picture::decode(&compressed(&jpeg)), Err(expected));
}

/// The drawn image with a JPEG stream for pixels.
fn compressed(jpeg: &[u8]) -> Vec<u8> {
    let mut object = emrshare_record::dicom::parse(&drawn()).unwrap();
    let pixels = PixelFragmentSequence::new_fragments(vec![jpeg.to_vec()]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
    object.update_meta(|meta| meta.transfer_syntax = uids::JPEG_BASELINE8_BIT.into());
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).unwrap();
    bytes
}

#[test]
fn an_outline_stays_inside() {
    let mut picture = Picture::from_grey(10, 10, &[0; 100]);
    picture.outline(-5.0, 2.0, 100.0, 6.0, [255, 0, 0]);
    assert_eq!(picture.pixel(0, 2), [255, 0, 0]);
    assert_eq!(picture.pixel(5, 5), [0, 0, 0]);
    assert_eq!(picture.pixel(5, 9), [0, 0, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_or_cut_file_is_an_error_or_a_picture(at in 0_usize..4000, value: u8, length in 0_usize..60_000) {
        let mut bytes = drawn();
        let place = at % bytes.len();
        bytes[place] = value;
        bytes.truncate(length);
        if let Ok(frames) = Picture::sample(&bytes, 3) {
            prop_assert!((1..=3).contains(&frames.len()));
        }
    }

    #[test]
    fn no_bytes_stop_the_program(bytes: Vec<u8>) {
        prop_assert!(Picture::decode(&bytes).is_err());
    }
}
