//! The network's weights, as `model/lac.py` writes them.

use std::sync::OnceLock;

use super::{
    network::{GATES, Gru, HIDDEN, Projected, Table, Tables},
    product::Packed,
};

/// Rows of small integers, each with a scale.
#[derive(Debug)]
pub(super) struct Matrix {
    width: usize,
    values: Vec<i16>,
    scales: Vec<f32>,
}

impl Matrix {
    pub(super) fn row(&self, row: usize) -> &[i16] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    pub(super) fn scale(&self, row: usize) -> f32 {
        self.scales[row]
    }
}

/// The whole network.
#[derive(Debug)]
pub(super) struct Model {
    characters: Vec<(u32, u16)>,
    pub(super) embedding: Matrix,
    pub(super) layers: [[Gru; 2]; 2],
    pub(super) output: Packed,
    pub(super) output_bias: Vec<f32>,
    pub(super) transitions: Vec<f32>,
    pub(super) tags: usize,
    pub(super) tag_names: Vec<String>,
    /// The tag of a name's first character.
    pub(super) name: usize,
    pub(super) tables: Tables,
    projected: Vec<OnceLock<Box<Projected>>>,
}

impl Model {
    /// Reads the file that comes with the crate.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut file = File { rest: bytes };
        assert_eq!(file.take(8), b"EMRCHN1\0", "the model file is not of this version");
        let [characters, words, tags] = [(); 3].map(|()| file.u32() as usize);
        let characters = (0..characters).map(|_| (file.u32(), file.u16())).collect();
        let embedding = file.matrix(words, HIDDEN);
        let layers = [HIDDEN, 2 * HIDDEN].map(|width| [(); 2].map(|()| file.gru(width)));
        let output = Packed::new(&file.matrix(tags, 2 * HIDDEN), tags);
        let output_bias = file.floats(tags);
        let transitions = file.floats(tags * tags);
        let tag_names: Vec<_> = (0..tags).map(|_| file.line()).collect();
        let name = tag_names.iter().position(|tag| tag == "PER-B").expect("a tag of names");
        let tables = Tables { sigmoid: file.table(), tanh: file.table() };
        assert!(file.rest.is_empty(), "the model file is longer than its parts");
        Self {
            characters,
            embedding,
            layers,
            output,
            output_bias,
            transitions,
            tags,
            tag_names,
            name,
            tables,
            projected: (0..words).map(|_| OnceLock::new()).collect(),
        }
    }

    /// What a word gives to the first layer: made when it is met first, 3 KiB each.
    #[inline(always)]
    pub(super) fn projected(&self, word: u16, make: impl FnOnce() -> Projected) -> &Projected {
        let place = &self.projected[usize::from(word)];
        if let Some(projected) = place.get() {
            return projected;
        }
        // Made here and not where it is put: only here it is compiled for the kernel's machine.
        let projected = Box::new(make());
        place.get_or_init(|| projected)
    }

    /// The number of a character in the vocabulary: 0 if it is not in it.
    pub(super) fn word(&self, c: char) -> u16 {
        let place = self.characters.binary_search_by_key(&(c as u32), |(point, _)| *point);
        place.map_or(0, |place| self.characters[place].1)
    }
}

struct File<'a> {
    rest: &'a [u8],
}

impl<'a> File<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("as many bytes were taken")
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    fn float(&mut self) -> f32 {
        f32::from_le_bytes(self.array())
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.float()).collect()
    }

    fn table(&mut self) -> Table {
        Table::new(std::array::from_fn(|_| i16::from_le_bytes(self.array())))
    }

    fn line(&mut self) -> String {
        let end = self.rest.iter().position(|byte| *byte == b'\n').expect("lines end");
        let line = String::from_utf8_lossy(self.take(end)).into_owned();
        self.take(1);
        line
    }

    fn matrix(&mut self, rows: usize, width: usize) -> Matrix {
        let mut matrix = Matrix { width, values: Vec::new(), scales: Vec::new() };
        for _ in 0..rows {
            matrix.scales.push(self.float());
            let row = self.take(width).iter().map(|byte| i16::from(byte.cast_signed()));
            matrix.values.extend(row);
        }
        matrix
    }

    fn gru(&mut self, width: usize) -> Gru {
        Gru {
            input: Packed::new(&self.matrix(GATES, width), GATES),
            recurrent: Packed::new(&self.matrix(GATES, HIDDEN), GATES),
            input_bias: self.floats(GATES),
            recurrent_bias: self.floats(GATES),
        }
    }
}
