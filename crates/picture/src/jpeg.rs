//! How large a JPEG stream says that its picture is.
//!
//! A decoder reserves memory for the size that the stream itself names, up to 65,535 by 65,535
//! pixels, whatever the DICOM file around it says.

use crate::{PictureError, check_size};

/// Refuses streams whose pictures would need too much memory.
///
/// Every frame header (ITU-T T.81, section B.2.2) is looked at, wherever it stands.
pub(crate) fn check_sizes(streams: &[u8]) -> Result<(), PictureError> {
    for header in streams.windows(10).filter(|window| window[0] == 0xff) {
        // The other markers of C0 to CF are DHT, JPG and DAC.
        let is_frame = matches!(header[1], 0xc0..=0xcf) && !matches!(header[1], 0xc4 | 0xc8 | 0xcc);
        let length = usize::from(short(header, 2));
        if is_frame && length == 8 + 3 * usize::from(header[9]) {
            check_size(short(header, 7).into(), short(header, 5).into())?;
        }
    }
    Ok(())
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame header of one component behind a start and a Huffman table.
    fn stream(width: u16, height: u16) -> Vec<u8> {
        let mut stream = vec![0xff, 0xd8, 0xff, 0xc4, 0, 3, 0, 0xff, 0xc3, 0, 11, 8];
        stream.extend(height.to_be_bytes());
        stream.extend(width.to_be_bytes());
        stream.extend([1, 1, 0x11, 0]);
        stream
    }

    #[test]
    fn every_header_of_a_frame_is_looked_at() {
        assert_eq!(check_sizes(&stream(512, 512)), Ok(()));
        let expected = PictureError::TooLarge { width: 65_535, height: 40_000 };
        let both = [stream(512, 512), stream(65_535, 40_000)].concat();
        assert_eq!(check_sizes(&both), Err(expected));
        assert_eq!(check_sizes(&[]), Ok(()));
    }
}
