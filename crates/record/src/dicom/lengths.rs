//! Do the lengths in a DICOM file fit into it?
//!
//! The parser reserves as many bytes as an element claims to have, up to four gigabytes, before it
//! looks whether they are there, and keeps some hundred bytes for an element of eight. So the claims
//! are looked at first, and the elements counted.

use std::io::Read;

use dicom_core::{DataDictionary, Tag, VR, dictionary::DataDictionaryEntry};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};

use super::DicomError;

/// Most bytes that a deflated data set may have when it is inflated.
const INFLATED_MAX: u64 = 256 * 1024 * 1024;

/// Most elements and items: an enhanced image of ten thousand frames has about a million.
const ELEMENTS_MAX: usize = 4_000_000;

/// A length that is told by a delimiter (PS3.5, section 7.1.1).
const UNDEFINED: u32 = u32::MAX;

/// Sequences within each other: the parser goes down them.
const DEPTH_MAX: usize = 64;

/// What begins an item, ends it, ends a sequence (PS3.5, section 7.5).
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);

/// How elements are written (PS3.5, section 7.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coding {
    ExplicitLittle,
    ExplicitBig,
    Implicit,
}

impl Coding {
    /// How a data set without preamble and meta group is written, if bytes begin like one: with an
    /// element of group 0008, whose VR is two capitals or whose length fits.
    pub(super) fn of_bare(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, d, vr @ .., e, f] = bytes.first_chunk::<8>()?;
        let is_explicit = vr.iter().all(u8::is_ascii_uppercase);
        let length = u32::from_le_bytes([vr[0], vr[1], *e, *f]);
        let fits = usize::try_from(length).is_ok_and(|length| length + 8 <= bytes.len());
        match [a, b, c, d] {
            [8, 0, _, 0..=0x20] if is_explicit => Some(Self::ExplicitLittle),
            [8, 0, _, 0..=0x20] if fits => Some(Self::Implicit),
            [0, 8, 0..=0x20, _] if is_explicit => Some(Self::ExplicitBig),
            _ => None,
        }
    }

    /// The transfer syntax of what is not compressed.
    pub(super) const fn transfer_syntax(self) -> &'static str {
        match self {
            Self::ExplicitLittle => uids::EXPLICIT_VR_LITTLE_ENDIAN,
            Self::ExplicitBig => EXPLICIT_VR_BIG_ENDIAN,
            Self::Implicit => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        }
    }
}

/// Retired, and still in archives.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Looks at the length of every element of a data set.
pub(super) fn check_bare(bytes: &[u8], coding: Coding) -> Result<(), DicomError> {
    Walk::new(bytes, coding).elements(0)
}

/// Looks at the length of every element of a file that begins with a preamble.
pub(super) fn check(bytes: &[u8]) -> Result<(), DicomError> {
    let mut meta = Walk { at: 132, ..Walk::new(bytes, Coding::ExplicitLittle) };
    let mut syntax = String::new();
    while meta.group() == Some(2) {
        let element = meta.header()?;
        let value = meta.skip(&element)?;
        if element.tag == tags::TRANSFER_SYNTAX_UID {
            syntax = String::from_utf8_lossy(value).trim_end_matches(['\0', ' ']).to_owned();
        }
    }
    let rest = bytes.get(meta.at..).unwrap_or_default();
    if syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
        let mut inflated = Vec::new();
        let mut reader = flate2::read::DeflateDecoder::new(rest).take(INFLATED_MAX);
        // What cannot be inflated is the parser's to refuse.
        let _ = reader.read_to_end(&mut inflated);
        if inflated.len() as u64 == INFLATED_MAX {
            let message = format!("the data set inflates to {INFLATED_MAX} bytes and more");
            return Err(DicomError::Damaged(message));
        }
        return Walk::new(&inflated, Coding::ExplicitLittle).elements(0);
    }
    let coding = match syntax.as_str() {
        uids::IMPLICIT_VR_LITTLE_ENDIAN => Coding::Implicit,
        EXPLICIT_VR_BIG_ENDIAN => Coding::ExplicitBig,
        _ => Coding::ExplicitLittle,
    };
    Walk::new(rest, coding).elements(0)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    coding: Coding,
    /// Headers that were read.
    elements: usize,
}

/// What stands before a value.
struct Header {
    tag: Tag,
    vr: Option<VR>,
    length: u32,
}

impl<'a> Walk<'a> {
    const fn new(bytes: &'a [u8], coding: Coding) -> Self {
        Self { bytes, at: 0, coding, elements: 0 }
    }

    /// Walks to the end, or within a sequence of unknown kind to its delimiter. What sequences hold is
    /// walked through like everything else.
    fn elements(&mut self, depth: usize) -> Result<(), DicomError> {
        // Sequences that a delimiter ends, and ends of those that have a length.
        let (mut open, mut ends) = (0_usize, Vec::new());
        while self.bytes.len() - self.at >= 8 {
            ends.retain(|end| *end > self.at);
            if depth + open + ends.len() > DEPTH_MAX {
                let message = format!("more than {DEPTH_MAX} sequences within each other");
                return Err(DicomError::Damaged(message));
            }
            let element = self.header()?;
            match element.tag {
                ITEM | ITEM_END => {}
                SEQUENCE_END if open == 0 && depth > 0 => return Ok(()),
                SEQUENCE_END => open = open.saturating_sub(1),
                // The parser goes on where its value begins.
                tag if tag.group() == ITEM.group() => {
                    let message = format!("{tag} neither begins nor ends an item or sequence");
                    return Err(DicomError::Damaged(message));
                }
                tags::PIXEL_DATA if element.length == UNDEFINED => self.fragments()?,
                _ if element.length == UNDEFINED && element.vr == Some(VR::UN) => {
                    // In implicit coding (PS3.5, section 6.2.2, note 2).
                    let coding = std::mem::replace(&mut self.coding, Coding::Implicit);
                    self.elements(depth + open + ends.len() + 1)?;
                    self.coding = coding;
                }
                _ if element.length == UNDEFINED => open += 1,
                _ if element.vr == Some(VR::SQ) => ends.push(self.at + element.length as usize),
                _ => drop(self.skip(&element)?),
            }
        }
        Ok(())
    }

    /// The fragments of compressed pixels (PS3.5, section A.4).
    fn fragments(&mut self) -> Result<(), DicomError> {
        while self.bytes.len() - self.at >= 8 {
            let fragment = self.header()?;
            if fragment.tag != ITEM {
                return Ok(());
            }
            self.skip(&fragment)?;
        }
        Ok(())
    }

    fn group(&self) -> Option<u16> {
        (self.bytes.len().saturating_sub(self.at) >= 8).then(|| self.short(self.at))
    }

    /// Reads a header and goes behind it. There are at least eight bytes.
    fn header(&mut self) -> Result<Header, DicomError> {
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            let message = format!("more than {ELEMENTS_MAX} elements");
            return Err(DicomError::Damaged(message));
        }
        let tag = Tag(self.short(self.at), self.short(self.at + 2));
        let is_item = tag.group() == 0xfffe;
        if is_item || self.coding == Coding::Implicit {
            let length = self.long(self.at + 4);
            self.at += 8;
            let vr = (!is_item).then(|| kind_of(tag)).flatten();
            return Ok(Header { tag, vr, length });
        }
        let letters = [self.bytes[self.at + 4], self.bytes[self.at + 5]];
        let vr = VR::from_binary(letters).unwrap_or(VR::UN);
        let is_long = matches!(
            vr,
            VR::OB
                | VR::OD
                | VR::OF
                | VR::OL
                | VR::OV
                | VR::OW
                | VR::SQ
                | VR::SV
                | VR::UC
                | VR::UN
                | VR::UR
                | VR::UT
                | VR::UV
        );
        if !is_long {
            let length = u32::from(self.short(self.at + 6));
            self.at += 8;
            return Ok(Header { tag, vr: Some(vr), length });
        }
        if self.bytes.len() - self.at < 12 {
            return Err(DicomError::Damaged(format!("the file ends within the header of {tag}")));
        }
        let length = self.long(self.at + 8);
        self.at += 12;
        Ok(Header { tag, vr: Some(vr), length })
    }

    /// Goes behind a value.
    fn skip(&mut self, element: &Header) -> Result<&'a [u8], DicomError> {
        let rest = &self.bytes[self.at..];
        let value = usize::try_from(element.length).ok().and_then(|length| rest.get(..length));
        let value = value.ok_or_else(|| {
            let (claimed, left) = (element.length, rest.len());
            let tag = element.tag;
            DicomError::Damaged(format!("{tag} claims {claimed} bytes where {left} are left"))
        })?;
        let unit = unit(element.vr);
        if value.len() % unit != 0 && value.len() < rest.len() {
            let (tag, length) = (element.tag, value.len());
            let message = format!("{tag} has {length} bytes, which is no multiple of {unit}");
            return Err(DicomError::Damaged(message));
        }
        self.at += value.len();
        Ok(value)
    }

    fn short(&self, at: usize) -> u16 {
        let bytes = [self.bytes[at], self.bytes[at + 1]];
        if self.coding == Coding::ExplicitBig {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    fn long(&self, at: usize) -> u32 {
        let (first, second) = (u32::from(self.short(at)), u32::from(self.short(at + 2)));
        if self.coding == Coding::ExplicitBig { first << 16 | second } else { second << 16 | first }
    }
}

/// What the dictionary says that an element is, as the parser takes it.
fn kind_of(tag: Tag) -> Option<VR> {
    if tag == tags::PIXEL_DATA {
        return Some(VR::OW);
    }
    Some(StandardDataDictionary.by_tag(tag)?.vr().relaxed())
}

/// Bytes of one value. The parser reads whole values and takes what is left over for an element.
const fn unit(vr: Option<VR>) -> usize {
    match vr {
        Some(VR::US | VR::SS | VR::OW) => 2,
        Some(VR::AT | VR::FL | VR::OF | VR::SL | VR::UL | VR::OL) => 4,
        Some(VR::FD | VR::OD | VR::SV | VR::UV | VR::OV) => 8,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;

    use super::*;

    /// A file of a transfer syntax with a data set.
    fn file(syntax: &str, data_set: &[u8]) -> Vec<u8> {
        let mut uid = syntax.as_bytes().to_vec();
        uid.resize(uid.len().next_multiple_of(2), 0);
        let length = (uid.len() as u16).to_le_bytes();
        let head: [&[u8]; 5] = [&[0; 128], b"DICM", &[2, 0, 0x10, 0, b'U', b'I'], &length, &uid];
        [&head.concat(), data_set].concat()
    }

    fn refused(syntax: &str, data_set: &[u8]) -> bool {
        check(&file(syntax, data_set)).is_err()
    }

    #[test]
    fn a_claim_beyond_the_end_is_refused_in_every_coding() {
        let explicit = [8, 0, 0x60, 0, b'O', b'B', 0, 0, 0, 0, 0, 0x70];
        let big = [0, 8, 0, 0x60, b'C', b'S', 0x40, 0, b'C', b'T'];
        let implicit = [8, 0, 0x60, 0, 0, 0, 0, 0x70];
        assert!(refused(uids::EXPLICIT_VR_LITTLE_ENDIAN, &explicit));
        assert!(refused("1.2.840.10008.1.2.2", &big));
        assert!(refused(uids::IMPLICIT_VR_LITTLE_ENDIAN, &implicit));
        let modality = [8, 0, 0x60, 0, b'C', b'S', 2, 0, b'C', b'T'];
        assert!(!refused(uids::EXPLICIT_VR_LITTLE_ENDIAN, &modality));
    }

    #[test]
    fn sequences_are_looked_into() {
        let item = [0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff];
        let claim = [8, 0, 0x60, 0, b'O', b'B', 0, 0, 0, 0, 0, 0x70];
        let implicit_claim = [8, 0, 0x60, 0, 0, 0, 0, 0x70];
        for (kind, claim) in [(b"SQ", &claim[..]), (b"UN", &implicit_claim[..])] {
            let mut data_set =
                vec![8, 0, 0x40, 0x11, kind[0], kind[1], 0, 0, 0xff, 0xff, 0xff, 0xff];
            data_set.extend(item);
            data_set.extend(claim);
            assert!(refused(uids::EXPLICIT_VR_LITTLE_ENDIAN, &data_set));
        }
    }

    /// Otherwise the parser reads on within the value, where no claim was looked at.
    #[test]
    fn values_are_whole() {
        let short = [8, 0, 0, 0, 1, 0, 0, 0, 9];
        let modality = [8, 0, 0x60, 0, 2, 0, 0, 0, b'C', b'T'];
        let syntax = uids::IMPLICIT_VR_LITTLE_ENDIAN;
        assert!(refused(syntax, &[&short[..], &modality].concat()));
        assert!(!refused(syntax, &short));
        assert!(!refused(syntax, &modality));
    }

    /// The parser takes no value behind it, and would read one as a header.
    #[test]
    fn only_items_and_ends_are_of_their_group() {
        let other = [0xfe, 0xff, 0, 0, 2, 0, 0, 0, 0, 0, 10, 0, b'C', b'T', b'C', b'T'];
        assert!(refused(uids::IMPLICIT_VR_LITTLE_ENDIAN, &other));
        assert!(refused(uids::EXPLICIT_VR_LITTLE_ENDIAN, &other));
    }

    #[test]
    fn elements_are_counted_in_what_is_inflated_too() {
        let sequence = [8, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff];
        let empty_item = [0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0];
        let many = [&sequence[..], &empty_item.repeat(ELEMENTS_MAX)].concat();
        let few = [&sequence[..], &empty_item.repeat(1000)].concat();
        let deflated = |data_set: &[u8]| {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(data_set).expect("memory takes all bytes");
            encoder.finish().expect("memory takes all bytes")
        };
        let syntax = uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
        assert!(refused(syntax, &deflated(&many)));
        assert!(refused(uids::EXPLICIT_VR_LITTLE_ENDIAN, &many));
        assert!(!refused(syntax, &deflated(&few)));
    }

    #[test]
    fn endless_depth_is_refused() {
        let unknown = [9, 0, 0, 0, b'U', b'N', 0, 0, 0xff, 0xff, 0xff, 0xff];
        let nested = [8, 0, 0x40, 0x11, 0xff, 0xff, 0xff, 0xff];
        let data_set = [&unknown[..], &nested.repeat(100_000)].concat();
        assert!(refused(uids::EXPLICIT_VR_LITTLE_ENDIAN, &data_set));
        assert!(!refused(uids::EXPLICIT_VR_LITTLE_ENDIAN, &data_set[..12 + 8 * 20]));
    }
}
