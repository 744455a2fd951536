//! Drawn DICOM images: shapes in shades of grey, with a header like a real one.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::{
    Random,
    person::{Person, iso},
};

/// Width and height in pixels.
const SIZE: u16 = 256;

/// What an image shows.
#[derive(Clone, Copy)]
pub(crate) enum Imaging {
    AbdomenCt,
    ChestCt,
    ChestXray,
    HeadMri,
    LimbXray,
}

impl Imaging {
    pub(crate) const fn modality(self) -> &'static str {
        match self {
            Self::AbdomenCt | Self::ChestCt => "CT",
            Self::ChestXray | Self::LimbXray => "DX",
            Self::HeadMri => "MR",
        }
    }

    pub(crate) const fn body_part(self) -> &'static str {
        match self {
            Self::AbdomenCt => "ABDOMEN",
            Self::ChestCt | Self::ChestXray => "CHEST",
            Self::HeadMri => "HEAD",
            Self::LimbXray => "HIP",
        }
    }

    const fn sop_class(self) -> &'static str {
        match self {
            Self::AbdomenCt | Self::ChestCt => uids::CT_IMAGE_STORAGE,
            Self::ChestXray | Self::LimbXray => uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
            Self::HeadMri => uids::MR_IMAGE_STORAGE,
        }
    }

    /// Ellipses: centre x, y and half axes in thousandths of the size, and a grey level.
    const fn shapes(self) -> &'static [(i64, i64, i64, i64, u8)] {
        match self {
            Self::ChestXray => &[
                (500, 500, 470, 480, 150),
                (310, 480, 150, 300, 50),
                (690, 480, 150, 300, 50),
                (540, 600, 130, 140, 190),
                (500, 500, 35, 470, 210),
            ],
            Self::ChestCt => &[
                (500, 520, 460, 330, 130),
                (310, 500, 160, 220, 20),
                (690, 500, 160, 220, 20),
                (520, 480, 110, 110, 165),
                (500, 760, 60, 60, 235),
                (700, 620, 50, 40, 140),
            ],
            Self::AbdomenCt => &[
                (500, 520, 460, 340, 125),
                (320, 450, 210, 190, 160),
                (690, 420, 90, 80, 150),
                (500, 740, 70, 70, 235),
                (420, 620, 60, 50, 90),
            ],
            Self::HeadMri => &[
                (500, 500, 380, 460, 200),
                (500, 500, 350, 430, 30),
                (500, 500, 330, 410, 120),
                (440, 480, 50, 130, 40),
                (560, 480, 50, 130, 40),
                (640, 520, 45, 40, 220),
            ],
            Self::LimbXray => &[
                (500, 500, 300, 480, 90),
                (480, 250, 130, 120, 210),
                (560, 640, 70, 360, 215),
                (610, 330, 90, 40, 180),
            ],
        }
    }
}

/// Draws the image as a file in Explicit VR Little Endian.
pub(crate) fn draw(random: &mut Random, person: &Person, imaging: Imaging, study: &str) -> Vec<u8> {
    let instance = format!("{study}.1.1");
    let mut object = InMemDicomObject::new_empty();
    let mut text = |tag: Tag, vr: VR, value: &str| {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    };
    let compact = |date: (u64, u64, u64)| iso(date).replace('-', "");
    text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    text(tags::SOP_CLASS_UID, VR::UI, imaging.sop_class());
    text(tags::SOP_INSTANCE_UID, VR::UI, &instance);
    text(tags::STUDY_DATE, VR::DA, &compact(person.admission));
    text(tags::STUDY_TIME, VR::TM, "101500");
    text(tags::ACCESSION_NUMBER, VR::SH, &random.digits(10));
    text(tags::MODALITY, VR::CS, imaging.modality());
    text(tags::MANUFACTURER, VR::LO, "emrshare sample generator");
    text(tags::INSTITUTION_NAME, VR::LO, person.hospital);
    text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, &person.doctor);
    text(tags::PATIENT_NAME, VR::PN, &format!("{}^{}", person.family, person.given));
    text(tags::PATIENT_ID, VR::LO, &person.number);
    text(tags::PATIENT_BIRTH_DATE, VR::DA, &compact(person.birth));
    text(tags::PATIENT_SEX, VR::CS, if person.female { "F" } else { "M" });
    text(tags::PATIENT_AGE, VR::AS, &format!("{:03}Y", person.age()));
    text(tags::BODY_PART_EXAMINED, VR::CS, imaging.body_part());
    text(tags::STUDY_INSTANCE_UID, VR::UI, study);
    text(tags::SERIES_INSTANCE_UID, VR::UI, &format!("{study}.1"));
    text(tags::STUDY_ID, VR::SH, &person.number);
    text(tags::SERIES_NUMBER, VR::IS, "1");
    text(tags::INSTANCE_NUMBER, VR::IS, "1");
    text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    let mut number = |tag: Tag, value: u16| {
        object.put(DataElement::new(tag, VR::US, dicom_value!(U16, value)));
    };
    number(tags::SAMPLES_PER_PIXEL, 1);
    number(tags::ROWS, SIZE);
    number(tags::COLUMNS, SIZE);
    number(tags::BITS_ALLOCATED, 8);
    number(tags::BITS_STORED, 8);
    number(tags::HIGH_BIT, 7);
    number(tags::PIXEL_REPRESENTATION, 0);
    let pixels = PrimitiveValue::U8(pixels(random, imaging).into());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(imaging.sop_class())
        .media_storage_sop_instance_uid(instance)
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let mut bytes = Vec::new();
    object
        .with_meta(meta)
        .expect("all elements of the meta group are set")
        .write_all(&mut bytes)
        .expect("a vector takes all bytes");
    bytes
}

fn pixels(random: &mut Random, imaging: Imaging) -> Vec<u8> {
    let size = i64::from(SIZE);
    let shift = random.between(0, 40) as i64 - 20;
    let mut pixels = Vec::with_capacity((size * size) as usize);
    for y in 0..size {
        for x in 0..size {
            let level = imaging.shapes().iter().fold(8, |level, &(cx, cy, rx, ry, grey)| {
                let (dx, dy) = (x * 1000 / size - cx - shift, y * 1000 / size - cy);
                let inside = dx * dx * ry * ry + dy * dy * rx * rx <= rx * rx * ry * ry;
                if inside { grey } else { level }
            });
            let noise = (random.next() % 13) as u8;
            pixels.push(level.saturating_add(noise));
        }
    }
    pixels
}
