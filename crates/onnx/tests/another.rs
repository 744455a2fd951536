//! A network by another maker: YOLOv8 for 18 classes, `320n.onnx` of PyPI's `nudenet` 3.4.2 (MIT),
//! which `.ci/test` fetches. The values are onnxruntime 1.32's for the same input.

#![allow(missing_docs, reason = "a test")]

use emrshare_onnx::Network;

const SIZE: usize = 320;
const CLASSES: usize = 18;
const BOXES: usize = 2100;

/// Places of the answer and their values: middles and sizes of six boxes in pixels.
#[rustfmt::skip]
const COORDINATES: [(usize, f32); 24] = [
    (3, 28.9565), (417, 142.0911), (905, 201.6816), (1333, 102.3544), (1750, 148.2972), (2099, 253.8638),
    (2103, 4.1852), (2517, 86.6519), (3005, 180.6427), (3433, 268.3163), (3850, 121.9006), (4199, 251.0122),
    (4203, 56.1473), (4617, 38.9454), (5105, 79.8053), (5533, 74.7142), (5950, 144.414), (6299, 132.5101),
    (6303, 8.4434), (6717, 54.2815), (7205, 84.9925), (7633, 49.2796), (8050, 186.0537), (8399, 138.184),
];

/// Places of the answer and their values: scores of classes, the highest first among them.
#[rustfmt::skip]
const SCORES: [(usize, f32); 8] = [
    (14611, 0.083372), (46143, 0.002838), (14202, 0.000964), (16721, 0.000566), (45722, 0.000483),
    (14686, 0.000400), (16383, 0.000341), (28619, 0.000296),
];

#[test]
fn another_yolo_answers_as_in_onnxruntime() {
    let Some(path) = std::env::var_os("EMRSHARE_YOLO") else {
        eprintln!("not run: EMRSHARE_YOLO names no file; .ci/test fetches it");
        return;
    };
    let network = Network::load(&std::fs::read(path).unwrap()).unwrap();
    let answer = network.run([1, 3, SIZE, SIZE], rings()).unwrap();
    assert_eq!(answer.shape, [1, 4 + CLASSES, BOXES]);
    for (place, expected) in COORDINATES {
        let value = answer.values[place];
        assert!((value - expected).abs() < 0.01, "{place}: {value}, not {expected}");
    }
    for (place, expected) in SCORES {
        let value = answer.values[place];
        assert!((value - expected).abs() < 0.000_02, "{place}: {value}, not {expected}");
    }
}

/// A picture of rings, other ones in each colour.
fn rings() -> Vec<f32> {
    let places = (0..3 * SIZE * SIZE).map(|at| (at / SIZE / SIZE, at / SIZE % SIZE, at % SIZE));
    places
        .map(|(colour, y, x)| ((x * x + y * y) / 64 + colour * 40) as u8)
        .map(|v| f32::from(v) / 255.0)
        .collect()
}
