//! Synthetic Chinese and English medical records with drawn DICOM images, by seed.
//!
//! Nobody in them exists; all texts were written for this project. The same seed gives the same
//! bytes. A record is a FHIR R4 Bundle with a Composition of the three sections, and for diseases
//! that are imaged, a DICOM image whose header names the patient, as real ones do.
//!
//! ```
//! use emrshare_sample::{Generator, Tongue};
//!
//! let records: Vec<_> = Generator::new(1, Tongue::Mixed).take(3).collect();
//! assert_eq!(records.len(), 3);
//! assert_eq!(records, Generator::new(1, Tongue::Mixed).take(3).collect::<Vec<_>>());
//! ```

mod bundle;
mod image;
mod person;
mod random;
mod stories;

use random::Random;

/// The language of generated records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tongue {
    /// Chinese.
    Chinese,
    /// English.
    English,
    /// Chinese and English in turn.
    Mixed,
}

/// A file of a generated record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SampleFile {
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A generated record: its files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SampleRecord {
    /// `record.json` and possibly `image-1.dcm`.
    pub files: Vec<SampleFile>,
}

impl SampleRecord {
    /// The files as an importer takes them.
    #[must_use]
    pub fn into_source(self) -> Vec<emrshare_record::SourceFile> {
        let source = |file: SampleFile| emrshare_record::SourceFile::new(file.name, file.bytes);
        self.files.into_iter().map(source).collect()
    }
}

/// An endless series of records.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    tongue: Tongue,
    count: u64,
    images: bool,
}

impl Generator {
    /// The series of a seed.
    #[must_use]
    pub const fn new(seed: u64, tongue: Tongue) -> Self {
        Self { seed, tongue, count: 0, images: true }
    }

    /// The same series without imaging: records of text only, about 4 KB each.
    #[must_use]
    pub const fn text_only(mut self) -> Self {
        self.images = false;
        self
    }
}

impl Iterator for Generator {
    type Item = SampleRecord;

    fn next(&mut self) -> Option<SampleRecord> {
        let number = self.count;
        self.count += 1;
        let chinese = match self.tongue {
            Tongue::Chinese => true,
            Tongue::English => false,
            Tongue::Mixed => number.is_multiple_of(2),
        };
        let mut random = Random::new(self.seed, number);
        let person = person::Person::draw(&mut random, chinese);
        let story = stories::pick(&mut random, chinese);
        let imaging = story.imaging.filter(|_| self.images);
        let study = random.uid();
        let bundle =
            bundle::write(&mut random, &person, story, imaging.map(|image| (image, &*study)));
        let mut files = vec![SampleFile { name: "record.json".into(), bytes: bundle }];
        if let Some(imaging) = imaging {
            let bytes = image::draw(&mut random, &person, imaging, &study);
            files.push(SampleFile { name: "image-1.dcm".into(), bytes });
        }
        Some(SampleRecord { files })
    }
}
