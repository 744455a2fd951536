//! JSON of any kind and length, while it is read.

mod fields;
mod form;
mod lists;
mod reader;

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom, Write};

use form::Form;
use lists::List;
pub(crate) use reader::JsonError;
use reader::Reader;
use serde_json::Value;

use crate::{
    DesensitizeError, Desensitizer, DocumentKind, Policy, Report, collect,
    dicom::json as data_sets, fhir, known::Known, place::Place, report::no_leak, scrub::Scrubber,
    stream::HEAD_LEN,
};

/// Bytes of a resource, which is held whole, at most; a Bundle may have many of them.
const RESOURCE_MAX: u64 = 64 * 1024 * 1024;

impl DocumentKind {
    /// What JSON holds: FHIR, data sets of DICOM or something else. `None` if it is none, or a number
    /// or string only. The whole of it is read.
    ///
    /// ```
    /// use emrshare_desensitize::DocumentKind;
    ///
    /// let kind = |json: &str| DocumentKind::of_json(json.as_bytes());
    /// assert_eq!(kind(r#"{"resourceType":"Patient"}"#)?, Some(DocumentKind::Fhir));
    /// assert_eq!(kind(r#"{"00100010":{"vr":"PN"}}"#)?, Some(DocumentKind::Dicom));
    /// assert_eq!(kind(r#"[{"name":"Ann"}]"#)?, Some(DocumentKind::Json));
    /// assert_eq!(kind("{")?, None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_json(input: impl Read) -> std::io::Result<Option<Self>> {
        match Form::of(input) {
            Ok(form) => Ok(form.map(Form::kind)),
            Err(JsonError::Io(error)) => Err(error),
            Err(JsonError::Syntax { .. }) => Ok(None),
            Err(_) => Ok(Some(Self::Json)),
        }
    }
}

impl Desensitizer {
    /// Treats JSON while it is read, three times from its start: what it is, what it says of people,
    /// and the copy. Of a Bundle one entry is held, of a list of resources or data sets one of them, of
    /// other JSON one string; besides the values that are looked for, and the report. A list that tells
    /// more than 300,000 of them is treated item by item, each as a document by itself, as JSON lines
    /// are.
    ///
    /// What was written before an error is no copy and must be thrown away.
    ///
    /// ```
    /// use std::io::Cursor;
    ///
    /// use emrshare_desensitize::{Desensitizer, DocumentKind, Policy};
    /// use emrshare_identity::ConsortiumKey;
    ///
    /// let desensitizer =
    ///     Desensitizer::new(Policy::strict(), ConsortiumKey::from_bytes([7; 32]));
    /// let patients = r#"[{"patient_name":"Ann Ashworth","weight":71.50}]"#;
    /// let mut copy = Vec::new();
    /// let (kind, _) = desensitizer.desensitize_json(Cursor::new(patients), &mut copy)?;
    /// let copy = String::from_utf8(copy)?;
    /// assert!(kind == DocumentKind::Json && !copy.contains("Ann") && copy.contains("71.50"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DesensitizeError::Io`] if reading or writing fails; [`DesensitizeError::File`] if it is no
    /// JSON, if a value is nested deeper than 128, a string longer than 64 MiB or a resource that is no
    /// Bundle longer than that, or if something that is no list tells more than 300,000 values; and as
    /// [`desensitize_file`](Self::desensitize_file).
    pub fn desensitize_json(
        &self,
        input: impl Read + Seek,
        output: impl Write,
    ) -> Result<(DocumentKind, Report), DesensitizeError> {
        let mut document = Document::open(input)?.ok_or_else(|| DesensitizeError::File {
            kind: DocumentKind::Json,
            problem: "neither an object nor an array".to_owned(),
        })?;
        let report = self.desensitize_document(&mut document, false, output)?;
        Ok((document.kind(), report))
    }

    /// Treats a document; if it is one of many, dates are shifted alike in all that are about the same
    /// patient by their ids.
    pub(crate) fn desensitize_document<R: Read + Seek>(
        &self,
        document: &mut Document<R>,
        is_one_of_many: bool,
        mut output: impl Write,
    ) -> Result<Report, DesensitizeError> {
        let mut known = Known::default();
        match document.collect(&self.policy, &mut known) {
            Err(_) if known.is_too_much() && document.form.is_list() && !is_one_of_many => {
                return self.desensitize_items(document, output);
            }
            collected => collected?,
        }
        if is_one_of_many && let Some(id) = collect::patient_id(&document.held) {
            known.set_only_patient(id.to_owned());
        }
        let head = document.head()?;
        known.or_patient(|| head);
        let treatment = self.treatment(&known)?;
        let scrubber = Scrubber::new(&treatment);
        let mut report = Report::default();
        document.treat(&scrubber, &mut report, &mut output)?;
        report.check()?;
        output.flush()?;
        Ok(report)
    }

    /// Treats a list of so many people that not all can be looked for in all of it: each item as a
    /// document by itself.
    fn desensitize_items<R: Read + Seek>(
        &self,
        document: &mut Document<R>,
        mut output: impl Write,
    ) -> Result<Report, DesensitizeError> {
        let mut report = Report::default();
        let mut list = List { output: &mut output, len: 0 };
        let mut reader = Reader::new(from_start(&mut document.input)?);
        reader.next()?;
        for number in 0.. {
            let Some(start) = reader.item()? else { break };
            let mut item = Document::of_item(reader.text(start)?)?;
            let mut copy = Vec::new();
            let of_item = self.desensitize_document(&mut item, true, &mut copy);
            let of_item = of_item.map_err(|error| error.at_item(number))?;
            report.absorb(of_item, number);
            if !copy.is_empty() {
                list.push(&copy)?;
            }
        }
        list.finish()?;
        output.flush()?;
        Ok(report)
    }
}

/// An object or an array in JSON.
pub(crate) struct Document<R> {
    input: R,
    form: Form,
    /// A resource or a data set, or a Bundle without its entries.
    held: Value,
}

impl<R> Document<R> {
    /// The same document, read from elsewhere.
    pub(crate) fn over<S>(self, input: S) -> Document<S> {
        Document { input, form: self.form, held: self.held }
    }

    pub(crate) const fn kind(&self) -> DocumentKind {
        self.form.kind()
    }
}

impl Document<Cursor<Vec<u8>>> {
    /// An item of a list, which may be a string or number.
    fn of_item(text: Vec<u8>) -> Result<Self, JsonError> {
        let form = Form::of(&*text)?.unwrap_or(Form::Object);
        Ok(Self { input: Cursor::new(text), form, held: Value::Null })
    }
}

impl<R: Read + Seek> Document<R> {
    /// Reads what it is; `None` if it is something else.
    pub(crate) fn open(mut input: R) -> Result<Option<Self>, JsonError> {
        let form = Form::of(from_start(&mut input)?)?;
        Ok(form.map(|form| Self { input, form, held: Value::Null }))
    }

    /// Adds what it says of people.
    fn collect(&mut self, policy: &Policy, known: &mut Known) -> Result<(), DesensitizeError> {
        let len = self.input.seek(SeekFrom::End(0))?;
        let input = from_start(&mut self.input)?;
        match self.form {
            Form::Bundle => self.held = lists::collect_bundle(input, known)?,
            Form::Resource if len > RESOURCE_MAX => {
                let problem = format!(
                    "it has {len} bytes, but only Bundles may have more than {RESOURCE_MAX}"
                );
                return Err(DesensitizeError::File { kind: DocumentKind::Fhir, problem });
            }
            Form::Resource => {
                self.held = whole(input)?;
                collect::collect_resource(&self.held, known);
            }
            Form::Resources => lists::collect_resources(input, known)?,
            Form::DataSet => {
                self.held = whole(input)?;
                let data_set = self.held.as_object();
                data_set.into_iter().for_each(|data_set| data_sets::collect(data_set, known));
            }
            Form::DataSets => lists::collect_data_sets(input, known)?,
            Form::Object | Form::List => fields::collect(input, policy, known)?,
        }
        Ok(())
    }

    /// How it begins.
    fn head(&mut self) -> std::io::Result<Vec<u8>> {
        let mut head = Vec::new();
        from_start(&mut self.input)?.take(HEAD_LEN as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    fn treat(
        &mut self,
        scrubber: &Scrubber<'_>,
        report: &mut Report,
        mut output: impl Write,
    ) -> Result<(), DesensitizeError> {
        let input = from_start(&mut self.input)?;
        let mut held = std::mem::take(&mut self.held);
        match self.form {
            Form::Bundle => lists::treat_bundle(input, held, scrubber, report, output),
            Form::Resource => {
                fhir::treat_resource(&mut held, scrubber, report);
                let mut place = Place::new(DocumentKind::Fhir);
                no_leak(scrubber.leak_in_json(&held, &mut place))?;
                Ok(output.write_all(held.to_string().as_bytes())?)
            }
            Form::Resources => lists::treat_resources(input, scrubber, report, output),
            Form::DataSet => {
                let data_set = held.as_object_mut();
                data_set.into_iter().for_each(|it| data_sets::treat(it, None, scrubber, report));
                Ok(output.write_all(held.to_string().as_bytes())?)
            }
            Form::DataSets => lists::treat_data_sets(input, scrubber, report, output),
            Form::Object | Form::List => fields::treat(input, scrubber, report, output),
        }
    }
}

/// A document that is held whole.
fn whole(input: impl Read) -> Result<Value, JsonError> {
    let mut reader = Reader::new(input);
    let start = reader.next()?;
    reader.value(start)
}

fn from_start<R: Read + Seek>(input: &mut R) -> std::io::Result<BufReader<&mut R>> {
    input.rewind()?;
    Ok(BufReader::new(input))
}
