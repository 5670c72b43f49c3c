//! Decoders whose weights are made of numbers by their place, in memory: eight gigabytes in a few seconds. A program that is
//! packed has hashes of all of them, which nobody asks for here.

use std::collections::BTreeMap;
use std::thread;

use assay_exact::Precision;
use assay_graph::canonical::Digest;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::graph::Graph;
use assay_graph::manifest::{BlobRef, Manifest, TensorRef};
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};

/// Tokens of a unit: the longest prompt that is measured, and what is written behind it.
const CONTEXT: u64 = 8_448;

/// The shape of Llama 3.2 1B, with a head of its own.
pub(super) const SHAPE_1B: Decoder = Decoder {
    layers: 16,
    width: 2_048,
    heads: 32,
    kv_heads: 8,
    hidden: 8_192,
    vocabulary: 128_256,
    context: CONTEXT,
};
/// The shape of Llama 3 8B.
pub(super) const SHAPE_8B: Decoder = Decoder {
    layers: 32,
    width: 4_096,
    heads: 32,
    kv_heads: 8,
    hidden: 14_336,
    vocabulary: 128_256,
    context: CONTEXT,
};

/// The standard deviation of digits made of bytes that are as often one as another.
const DEVIATION: f32 = 73.9;

/// The program that generates with matrices of one digit, which keep the variance of what they multiply, and a table in f32.
pub(super) fn program(decoder: Decoder) -> Program {
    let learnt = decoder.training(&Recipe::new(1, 8, 1, 0.01)).unwrap();
    let Program { manifest: Manifest { parameters, .. }, mut tensors, .. } =
        Program::load("training", &learnt).unwrap();
    tensors.remove("rates");
    for (stream, (name, parameter)) in (0..).zip(&parameters) {
        insert(&mut tensors, name, &parameter.shape, stream);
    }
    let nothing = Digest([0; 32]);
    let reference = |(name, tensor): (&String, &Tensor)| {
        let (dtype, shape) = (tensor.dtype(), tensor.shape.clone());
        (name.clone(), TensorRef { blake3: nothing, blob: 0, dtype, shape })
    };
    let listed: BTreeMap<String, TensorRef> = tensors.iter().map(reference).collect();
    let blobs = vec![BlobRef { blake3: nothing, size: 0 }];
    let manifest = Manifest { blobs, tensors: listed, ..decoder.draft(Precision::I8).unwrap() };
    let graph = Graph::new("seeded", &manifest).unwrap();
    Program { manifest, graph, root: [0; 32], tensors }
}

fn insert(tensors: &mut Tensors, name: &str, shape: &[u64], stream: u64) {
    let len = shape.iter().product::<u64>() as usize;
    match *shape {
        [rows, cols] if name != "embed" => {
            let scale = 1.0 / (DEVIATION * (cols as f32).sqrt());
            tensors.insert(name.into(), Tensor::i8(&[1, rows, cols], filled(len, stream, digit)));
            tensors.insert(format!("{name}.scale"), Tensor::f32(&[rows], vec![scale; rows as usize]));
        }
        [_, _] => {
            let float = |byte| f32::from(digit(byte)) / DEVIATION;
            tensors.insert(name.into(), Tensor::f32(shape, filled(len, stream, float)));
        }
        _ => {
            tensors.insert(name.into(), Tensor::f32(shape, vec![1.0; len]));
        }
    }
}

/// −127 to 127.
fn digit(byte: u8) -> i8 {
    i8::from_le_bytes([byte]).max(-127)
}

/// Elements of bytes that depend on their place and the stream alone, by all processors.
fn filled<T>(len: usize, stream: u64, element: impl Fn(u8) -> T + Sync) -> Vec<T>
where
    T: Clone + Default + Send,
{
    let mut values = vec![T::default(); len];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = len.div_ceil(threads).next_multiple_of(8);
    thread::scope(|scope| {
        for (number, values) in values.chunks_mut(share).enumerate() {
            let element = &element;
            scope.spawn(move || {
                let first = (stream << 40) + (number * share / 8) as u64;
                for (at, values) in (first..).zip(values.chunks_mut(8)) {
                    for (value, byte) in values.iter_mut().zip(mixed(at).to_le_bytes()) {
                        *value = element(byte);
                    }
                }
            });
        }
    });
    values
}

/// A number as splitmix64 makes it.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[test]
fn elements_do_not_depend_on_threads_and_keep_to_their_digits() {
    let digits = filled(1 << 16, 3, digit);
    let bytes: Vec<u8> = (0..1 << 13).flat_map(|at| mixed((3 << 40) + at).to_le_bytes()).collect();
    assert_eq!(digits, bytes.into_iter().map(digit).collect::<Vec<_>>());
    assert!(digits.contains(&127) && digits.contains(&-127) && !digits.contains(&-128));
    let square: f64 = digits.iter().map(|digit| f64::from(*digit) * f64::from(*digit)).sum();
    assert!(((square / digits.len() as f64).sqrt() - f64::from(DEVIATION)).abs() < 0.5);
}
