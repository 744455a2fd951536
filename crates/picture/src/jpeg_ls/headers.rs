//! What a JPEG-LS stream says of itself (ITU-T T.87, annex C).

use crate::{PictureError, check_size};

/// The frame: one picture.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) bits: u32,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Identifiers of the components, in order.
    pub(super) components: Vec<u8>,
}

impl Frame {
    /// Reads a frame header (marker F7).
    pub(super) fn read(body: &[u8]) -> Result<Self, PictureError> {
        let [bits, y1, y0, x1, x0, count, components @ ..] = body else {
            return Err(damaged("the frame header is too short"));
        };
        if !(2..=16).contains(bits) {
            return Err(damaged("the samples have not 2 to 16 bits"));
        }
        let (components, rest) = components.as_chunks::<3>();
        if components.len() != usize::from(*count) || components.is_empty() || !rest.is_empty() {
            return Err(damaged("the frame header has not the components that it counts"));
        }
        if !matches!(components.len(), 1 | 3) {
            return Err(unsupported("neither one nor three components"));
        }
        if components.iter().any(|[_, sampling, _]| *sampling != 0x11) {
            return Err(unsupported("components of different size"));
        }
        let (width, height) = (u16::from_be_bytes([*x1, *x0]), u16::from_be_bytes([*y1, *y0]));
        if width == 0 || height == 0 {
            return Err(unsupported("a size that stands elsewhere than in the frame header"));
        }
        check_size(width.into(), height.into())?;
        Ok(Self {
            bits: (*bits).into(),
            width: width.into(),
            height: height.into(),
            components: components.iter().map(|[identifier, ..]| *identifier).collect(),
        })
    }
}

/// How the components of a scan alternate (T.87, C.2.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interleave {
    /// One component only.
    None,
    /// A line of each.
    Line,
    /// A sample of each.
    Sample,
}

/// A scan: the coded samples of one component or of all.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// Places of the components in the frame.
    pub(super) components: Vec<usize>,
    /// By how much a sample may be wrong.
    pub(super) near: i32,
    pub(super) interleave: Interleave,
}

impl Scan {
    /// Reads a scan header (marker DA).
    pub(super) fn read(body: &[u8], frame: &Frame) -> Result<Self, PictureError> {
        let short = || damaged("the scan header is too short");
        let (count, rest) = body.split_first().ok_or_else(short)?;
        let (components, rest) =
            rest.split_at_checked(2 * usize::from(*count)).ok_or_else(short)?;
        let [near, interleave, transform] = rest else { return Err(short()) };
        if *transform != 0 {
            return Err(unsupported("a point transform"));
        }
        let place = |[identifier, table]: &[u8; 2]| match table {
            0 => frame
                .components
                .iter()
                .position(|other| other == identifier)
                .ok_or_else(|| damaged("a scan has a component that the frame has not")),
            _ => Err(unsupported("a mapping table")),
        };
        let components = components.as_chunks::<2>().0.iter().map(place);
        let components = components.collect::<Result<Vec<_>, _>>()?;
        let interleave = match (interleave, components.len()) {
            (_, 0) => return Err(damaged("a scan has no components")),
            (0..=2, 1) => Interleave::None,
            (1, _) => Interleave::Line,
            (2, _) => Interleave::Sample,
            _ => return Err(damaged("the components of a scan do not alternate")),
        };
        Ok(Self { components, near: (*near).into(), interleave })
    }
}

/// Parameters of the coder (T.87, C.2.4.1.1); 0 is the default.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Presets {
    greatest: i32,
    thresholds: [i32; 3],
    reset: i32,
}

/// Parameters of the coder, defaults filled in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Parameters {
    /// MAXVAL, the greatest sample.
    pub(super) greatest: i32,
    /// T1, T2 and T3.
    pub(super) thresholds: [i32; 3],
    /// RESET: at so many samples of a context its sums are halved.
    pub(super) reset: i32,
}

impl Presets {
    /// Reads a segment of parameters (marker F8).
    pub(super) fn read(body: &[u8]) -> Result<Self, PictureError> {
        match body {
            [1, values @ ..] if values.len() == 10 => {
                let value =
                    |at: usize| i32::from(u16::from_be_bytes([values[2 * at], values[2 * at + 1]]));
                let thresholds = [value(1), value(2), value(3)];
                Ok(Self { greatest: value(0), thresholds, reset: value(4) })
            }
            [2 | 3, ..] => Err(unsupported("a mapping table")),
            [4, ..] => Err(unsupported("a size that stands elsewhere than in the frame header")),
            _ => Err(damaged("a segment of parameters is not of a known kind")),
        }
    }

    /// The parameters for samples of so many bits.
    pub(super) fn filled(self, bits: u32, near: i32) -> Result<Parameters, PictureError> {
        let most = (1 << bits) - 1;
        let greatest = if self.greatest == 0 { most } else { self.greatest };
        if greatest > most || near > (greatest / 2).min(255) {
            return Err(damaged("the parameters do not fit the samples"));
        }
        let mut thresholds = defaults(greatest, near);
        for (value, preset) in thresholds.iter_mut().zip(self.thresholds) {
            if preset != 0 {
                *value = preset;
            }
        }
        let [t1, t2, t3] = thresholds;
        let reset = if self.reset == 0 { 64 } else { self.reset };
        let is_sound = near < t1 && t1 <= t2 && t2 <= t3 && t3 <= greatest;
        if !is_sound || reset < 3 {
            return Err(damaged("the parameters are not in order"));
        }
        Ok(Parameters { greatest, thresholds, reset })
    }
}

/// T.87, C.2.4.1.1.1.
fn defaults(greatest: i32, near: i32) -> [i32; 3] {
    let near = [3 * near, 5 * near, 7 * near, near + 1];
    let [t1, t2, t3] = if greatest >= 128 {
        let factor = (greatest.min(4095) + 128) / 256;
        [factor + 2 + near[0], 4 * factor + 3 + near[1], 17 * factor + 4 + near[2]]
    } else {
        let factor = 256 / (greatest + 1);
        [2.max(3 / factor + near[0]), 3.max(7 / factor + near[1]), 4.max(21 / factor + near[2])]
    };
    let clamped = |value, least| if value > greatest || value < least { least } else { value };
    let t1 = clamped(t1, near[3]);
    let t2 = clamped(t2, t1);
    [t1, t2, clamped(t3, t2)]
}

pub(super) fn damaged(what: &str) -> PictureError {
    PictureError::Damaged(format!("JPEG-LS: {what}"))
}

pub(super) fn unsupported(what: &str) -> PictureError {
    PictureError::Unsupported(format!("JPEG-LS with {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_standard() {
        assert_eq!(defaults(255, 0), [3, 7, 21]);
        assert_eq!(defaults(255, 3), [12, 22, 42]);
        assert_eq!(defaults(4095, 0), [18, 67, 276]);
        assert_eq!(defaults(65535, 0), [18, 67, 276]);
        assert_eq!(defaults(1, 0), [1, 1, 1]);
    }
}
