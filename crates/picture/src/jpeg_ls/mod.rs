//! JPEG-LS (ITU-T T.87 | ISO/IEC 14495-1), lossless and near-lossless, as DICOM uses it (PS3.5, A.4.3).
//!
//! One picture of 2 to 16 bits a sample, components apart, by lines or by samples. Mapping tables,
//! point transforms, components of different size and the colour transforms that some coders add
//! are refused: DICOM allows none of them.

mod bits;
mod headers;
mod scan;

use headers::{Frame, Interleave, Presets, Scan, damaged, unsupported};
use scan::{Decoder, Lines};

use crate::{PictureError, samples::Samples};

/// Markers (T.87, C.1.1).
const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const RESTARTS: u8 = 0xdd;
const APPLICATION_8: u8 = 0xe8;
const FRAME: u8 = 0xf7;
const PRESETS: u8 = 0xf8;

/// Decodes one picture.
pub(crate) fn decode(stream: &[u8]) -> Result<Samples, PictureError> {
    let mut reader = Reader::of(stream)?;
    let mut presets = Presets::default();
    let mut restarts = 0;
    let mut picture: Option<(Frame, Samples)> = None;
    let mut decoded = 0;
    loop {
        let marker = reader.marker()?;
        if marker == END {
            return Err(damaged("the picture ends before all its components were there"));
        }
        let body = reader.body()?;
        match (marker, &mut picture) {
            (FRAME, None) => {
                let frame = Frame::read(body)?;
                let samples = Samples::new(frame.width, frame.height, frame.components.len());
                picture = Some((frame, samples));
            }
            (PRESETS, _) => presets = Presets::read(body)?,
            (RESTARTS, _) => restarts = number(body)?,
            // A colour transform of HP's coder, which is no part of the standard.
            (APPLICATION_8, _) if body.starts_with(b"mrfx") && body.get(4) != Some(&0) => {
                return Err(unsupported("a colour transform"));
            }
            (SCAN, Some((frame, samples))) => {
                let scan = Scan::read(body, frame)?;
                scan_lines(&mut reader, frame, &scan, presets, restarts, samples)?;
                decoded += scan.components.len();
                if decoded >= frame.components.len() {
                    break;
                }
            }
            (SCAN, None) => return Err(damaged("a scan stands before the frame header")),
            (FRAME, Some(_)) => return Err(damaged("there are two frame headers")),
            _ => {}
        }
    }
    picture.map(|(_, samples)| samples).ok_or_else(|| damaged("there is no frame header"))
}

/// Decodes the lines of a scan into the places of its components.
fn scan_lines(
    reader: &mut Reader<'_>,
    frame: &Frame,
    scan: &Scan,
    presets: Presets,
    restarts: usize,
    samples: &mut Samples,
) -> Result<(), PictureError> {
    let parameters = presets.filled(frame.bits, scan.near)?;
    let new_lines = || scan.components.iter().map(|_| Lines::new(frame.width)).collect::<Vec<_>>();
    let mut decoder = Decoder::new(reader.segment(), parameters, scan.near);
    let mut lines = new_lines();
    for row in 0..frame.height {
        if restarts > 0 && row > 0 && row % restarts == 0 {
            decoder.restart(reader.restarted()?);
            lines = new_lines();
        }
        match scan.interleave {
            Interleave::Sample => decoder.joint_line(&mut lines)?,
            Interleave::None | Interleave::Line => {
                lines.iter_mut().try_for_each(|lines| decoder.line(lines))?;
            }
        }
        for (lines, component) in lines.iter_mut().zip(&scan.components) {
            samples.put_line(*component, row, &lines.now[1..=frame.width]);
            lines.advance();
        }
    }
    Ok(())
}

/// Goes through the markers of a stream.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn of(stream: &'a [u8]) -> Result<Self, PictureError> {
        let rest = stream.strip_prefix(&[0xff, START]);
        Ok(Self { rest: rest.ok_or_else(|| damaged("the stream does not begin with a picture"))? })
    }

    fn marker(&mut self) -> Result<u8, PictureError> {
        match self.rest {
            [0xff, 0xff, ..] => {
                // Fill bytes.
                self.rest = &self.rest[1..];
                self.marker()
            }
            [0xff, marker, rest @ ..] => {
                self.rest = rest;
                Ok(*marker)
            }
            _ => Err(damaged("a marker is missing")),
        }
    }

    /// What belongs to a marker.
    fn body(&mut self) -> Result<&'a [u8], PictureError> {
        let short = || damaged("a segment is longer than the stream");
        let (length, rest) = self.rest.split_first_chunk::<2>().ok_or_else(short)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (body, rest) = length
            .checked_sub(2)
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(short)?;
        self.rest = rest;
        Ok(body)
    }

    /// The coded samples up to the next marker: FF is followed by a bit that is 0 in them.
    fn segment(&mut self) -> &'a [u8] {
        let is_marker = |pair: &[u8]| pair[0] == 0xff && pair[1] >= 0x80;
        let length = self.rest.windows(2).position(is_marker).unwrap_or(self.rest.len());
        let (segment, rest) = self.rest.split_at(length);
        self.rest = rest;
        segment
    }

    /// The coded samples behind a restart.
    fn restarted(&mut self) -> Result<&'a [u8], PictureError> {
        match self.marker()? {
            0xd0..=0xd7 => Ok(self.segment()),
            _ => Err(damaged("a restart is missing")),
        }
    }
}

/// A number of two to four bytes.
fn number(body: &[u8]) -> Result<usize, PictureError> {
    if !(2..=4).contains(&body.len()) {
        return Err(damaged("an interval of restarts is no number"));
    }
    Ok(body.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}
