//! Operators over the tokens of several units, all of them by one launch, as a pass has them.

use assay_exact::{MeanPool, Rope, RopeTable};
use assay_exec::resident::{Call, Operator, Region, Resident, Source, Target};

use super::{bits, on_each_path, poisoned, Random, Room};
use crate::backend::Cuda;

/// Units of different lengths, one alone, units of one token each, and a long one beside a short one.
const LENGTHS: [&[usize]; 4] = [&[3, 1, 40, 7, 1], &[17], &[1, 1, 1], &[2, 300]];
/// One column, and no multiples of those that a warp has.
const COLS: [usize; 3] = [1, 33, 70];
/// The node that computes.
const NODE: u32 = 5;

/// The first row of each unit, and the number of all rows.
fn bounds(lengths: &[usize]) -> Vec<u32> {
    let ends = lengths.iter().scan(0, |end, len| {
        *end += *len as u32;
        Some(*end)
    });
    [0].into_iter().chain(ends).collect()
}

/// An operator of a table of u32, inputs and an output.
type Asked<'a> = dyn Fn(Region<u32>, &[Region<f32>], Region<f32>) -> Operator<'static> + 'a;

/// What an operator computes of words and floats, whose regions it gets with that of its output of `len` elements; or
/// the node that is reported.
fn computed(
    cuda: &Cuda,
    words: &[u32],
    floats: &[&[f32]],
    len: usize,
    operator: &Asked<'_>,
) -> Result<Vec<u32>, u32> {
    let mut room = Room::default();
    let of_words = room.take(words.len());
    let of_floats: Vec<Region<f32>> = floats.iter().map(|floats| room.take(floats.len())).collect();
    let y = room.take(len);
    let mut block = cuda.block(room.0).unwrap();
    block.upload(of_words.start(), Source::U32(words)).unwrap();
    for (region, floats) in of_floats.iter().zip(floats) {
        block.upload(region.start(), Source::F32(floats)).unwrap();
    }
    let call = Call { node: NODE, operator: operator(of_words, &of_floats, y) };
    if let Some(node) = block.run(&[call]).unwrap() {
        return Err(node);
    }
    let mut values = poisoned(len);
    block.download(y.start(), Target::F32(&mut values)).unwrap();
    Ok(bits(&values))
}

/// The rows of each unit.
fn rows<'x>(x: &'x [f32], bounds: &[u32], cols: usize) -> Vec<&'x [f32]> {
    bounds.windows(2).map(|rows| &x[rows[0] as usize * cols..rows[1] as usize * cols]).collect()
}

#[test]
fn units_that_are_pooled_together_have_the_means_that_each_has_alone() {
    let mut random = Random::new(149);
    for (lengths, cols) in LENGTHS.into_iter().flat_map(|lengths| COLS.map(|cols| (lengths, cols))) {
        let bounds = bounds(lengths);
        let (tokens, units) = (lengths.iter().sum::<usize>(), lengths.len());
        // Planted by column: each has a scale of its own.
        let columns = random.planted(cols, tokens);
        let mut x: Vec<f32> = (0..tokens * cols).map(|at| columns[at % cols * tokens + at / cols]).collect();
        let mut means = poisoned(units * cols);
        for (y, rows) in means.chunks_mut(cols).zip(rows(&x, &bounds, cols)) {
            MeanPool::new(rows.len() / cols, cols).unwrap().forward(rows, y).unwrap();
        }
        let pooled = |cuda: &Cuda, x: &[f32]| {
            computed(cuda, &bounds, &[x], units * cols, &|bounds, floats, y| Operator::MeanPool {
                cols,
                x: floats[0],
                bounds,
                y,
            })
        };
        on_each_path(|cuda| assert_eq!(pooled(cuda, &x), Ok(bits(&means)), "{lengths:?} × {cols}"));
        // The last element of each unit, one unit after another.
        for end in &bounds[1..] {
            let at = *end as usize * cols - 1;
            let sound = std::mem::replace(&mut x[at], f32::NAN);
            on_each_path(|cuda| assert_eq!(pooled(cuda, &x), Err(NODE), "{lengths:?} × {cols}, {at}"));
            x[at] = sound;
        }
    }
}

#[test]
fn the_last_row_of_each_unit_is_its_own() {
    let mut random = Random::new(150);
    for (lengths, cols) in LENGTHS.into_iter().flat_map(|lengths| COLS.map(|cols| (lengths, cols))) {
        let bounds = bounds(lengths);
        let x = random.floats(lengths.iter().sum::<usize>() * cols, 3.0);
        let last: Vec<f32> =
            rows(&x, &bounds, cols).iter().flat_map(|rows| &rows[rows.len() - cols..]).copied().collect();
        on_each_path(|cuda| {
            let got = computed(cuda, &bounds, &[&x], last.len(), &|bounds, floats, y| Operator::Last {
                cols,
                x: floats[0],
                bounds,
                y,
            });
            assert_eq!(got, Ok(bits(&last)), "{lengths:?} × {cols}");
        });
    }
}

#[test]
fn each_token_is_rotated_from_its_own_position() {
    let mut random = Random::new(151);
    // Where each unit starts, and its tokens: the first pass of one beside later ones of others.
    let parts = [(0, 3), (8, 1), (5, 4), (0, 1)];
    let places = 9;
    for [heads, dim] in [[1, 2], [3, 10], [4, 64]] {
        let width = heads * dim;
        let [cos, sin] = [(); 2].map(|()| random.floats(places * dim / 2, 1.0));
        let mut positions: Vec<u32> = parts.iter().flat_map(|(start, len)| *start..start + len).collect();
        let op = Rope::new(positions.len(), heads, dim).unwrap();
        let x = random.floats(positions.len() * width, 3.0);
        let mut expected = poisoned(x.len());
        let (mut y, mut left) = (expected.as_mut_slice(), x.as_slice());
        for (start, len) in parts {
            let (own, rest) = left.split_at(len as usize * width);
            let (to, behind) = y.split_at_mut(own.len());
            let op = Rope::new(len as usize, heads, dim).unwrap();
            op.forward(start as usize, &RopeTable { cos: &cos, sin: &sin }, own, to).unwrap();
            (left, y) = (rest, behind);
        }
        let rotated =
            |cuda: &Cuda, positions: &[u32]| {
                computed(cuda, positions, &[&cos, &sin, &x], x.len(), &|positions, floats, y| {
                    Operator::Rope { op, cos: floats[0], sin: floats[1], positions, x: floats[2], y }
                })
            };
        on_each_path(|cuda| assert_eq!(rotated(cuda, &positions), Ok(bits(&expected)), "{heads} × {dim}"));
        // Behind the table's end.
        positions[3] = places as u32;
        on_each_path(|cuda| assert_eq!(rotated(cuda, &positions), Err(NODE), "{heads} × {dim}"));
    }
}
