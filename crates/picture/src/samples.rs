//! Samples of one frame, as decoders give them.

use crate::PictureError;

/// Samples row by row, those of one pixel side by side; signed ones as two's complement.
pub(crate) struct Samples {
    width: usize,
    components: usize,
    values: Vec<u16>,
}

impl Samples {
    /// Samples that are all 0.
    pub(crate) fn new(width: usize, height: usize, components: usize) -> Self {
        Self::of(width, components, vec![0; width * height * components])
    }

    pub(crate) const fn of(width: usize, components: usize, values: Vec<u16>) -> Self {
        Self { width, components, values }
    }

    /// Sets one component's row; a value's lower 16 bits are kept.
    pub(crate) fn put_line(&mut self, component: usize, row: usize, line: &[i32]) {
        let start = row * self.width * self.components + component;
        let places = self.values[start..].iter_mut().step_by(self.components);
        places.zip(line).for_each(|(place, value)| *place = *value as u16);
    }

    /// Refuses a picture of other columns, rows and samples a pixel than the file says.
    pub(crate) fn check(&self, said: [Option<u32>; 3]) -> Result<(), PictureError> {
        let line = (self.width * self.components).max(1);
        let found = [self.width, self.values.len() / line, self.components];
        if said.map(|side| side.map(|side| side as usize)) == found.map(Some) {
            return Ok(());
        }
        let [width, height, components] = found;
        Err(PictureError::Damaged(format!(
            "{width} x {height} pixels of {components} samples, the header says otherwise"
        )))
    }

    /// Samples of one byte each.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, PictureError> {
        let bytes = self.values.into_iter().map(|value| {
            // Signed ones are -128 to 127.
            let is_byte = !(0x100..0xff80).contains(&value);
            is_byte.then_some(value as u8)
        });
        let too_large = || PictureError::Damaged("samples do not fit the bits allocated".into());
        bytes.collect::<Option<_>>().ok_or_else(too_large)
    }

    /// Samples of two bytes each.
    pub(crate) fn into_words(self) -> Vec<u16> {
        self.values
    }
}
