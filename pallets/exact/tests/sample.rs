//! Choices by chance: the softmax's probabilities, and what top-k and top-p keep of it.
#![allow(clippy::disallowed_methods)] // f64 functions serve as the oracle.

mod random;

use assay_exact::{float, Error, Refused, Sample, Trap, TrapKind};
use random::Random;

/// 2³⁰.
const ONE: f32 = 1_073_741_824.0;

/// Each class' integer weight, by the contract's words.
fn weights(logits: &[f32], inverse: f32) -> Vec<u64> {
    let scaled: Vec<f32> = logits.iter().map(|x| x * inverse).collect();
    let m = scaled.iter().copied().reduce(|m, z| if z > m { z } else { m }).unwrap();
    scaled.iter().map(|z| float::ties_even(float::exp(z - m) * ONE) as u64).collect()
}

/// The classes that are kept, in the order of their indices: sorted as people would do it.
fn kept(weights: &[u64], k: usize, p: f32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| weights[*b].cmp(&weights[*a]).then(a.cmp(b)));
    order.truncate(k);
    let total: u64 = order.iter().map(|class| weights[*class]).sum();
    let bound = u128::from(float::ties_even(p * ONE) as u64) * u128::from(total);
    let mut sum = 0u128;
    let mut fewest = Vec::new();
    for class in order {
        fewest.push(class);
        sum += u128::from(weights[class]);
        if sum * (1 << 30) >= bound {
            break;
        }
    }
    fewest.sort_unstable();
    fewest
}

/// The class that a draw falls in.
fn drawn(weights: &[u64], kept: &[usize], draw: u64) -> u32 {
    let total: u64 = kept.iter().map(|class| weights[*class]).sum();
    let u = ((u128::from(draw) * u128::from(total)) >> 64) as u64;
    let mut sum = 0;
    let found = kept.iter().find(|class| {
        sum += weights[**class];
        sum > u
    });
    *found.unwrap() as u32
}

#[test]
fn samples_have_the_probabilities_of_the_softmax() {
    let mut random = Random::new(32);
    let logits = random.floats(10, 2.0);
    let op = Sample::new(10, 1.0).unwrap();
    let stream = random.stream();
    let draws = 40_000;
    let mut counts = [0u32; 10];
    for i in 0..draws {
        counts[op.forward(&logits, stream.draw(i), &mut []).unwrap() as usize] += 1;
    }
    let total: f64 = logits.iter().map(|z| f64::from(*z).exp()).sum();
    for (count, z) in counts.iter().zip(&logits) {
        let (share, p) = (f64::from(*count) / draws as f64, f64::from(*z).exp() / total);
        assert!((share - p).abs() < 5.0 * (p / draws as f64).sqrt() + 1e-4, "{share} against {p}");
    }
}

#[test]
fn the_ends_of_the_draw_pick_the_ends_of_the_distribution() {
    let op = Sample::new(3, 1.0).unwrap();
    let forward = |draw| op.forward(&[-100.0, 0.0, 0.0], draw, &mut []);
    // The first class has no weight at all: exp(−100) is zero.
    assert_eq!(forward(0), Ok(1));
    assert_eq!(forward((1 << 63) - 1), Ok(1));
    assert_eq!(forward(1 << 63), Ok(2));
    assert_eq!(forward(u64::MAX), Ok(2));
    let cold = Sample::new(2, 1e38).unwrap();
    let trap = Trap { kind: TrapKind::Infinite, index: 1 };
    assert_eq!(cold.forward(&[1.0, 10.0], 0, &mut []), Err(Error::Trap(trap)));
    let kept = cold.top_k(1).unwrap();
    assert_eq!(kept.forward(&[1.0, 10.0], 0, &mut [0; 2]), Err(Error::Trap(trap)));
}

#[test]
fn what_is_kept_is_what_a_stable_sort_keeps() {
    let mut random = Random::new(33);
    for case in 0..200 {
        let classes = random.dimension(300);
        let mut logits = random.floats(classes, [0.0, 1e-7, 3.0, 60.0][case % 4]);
        // Ties, so that the order of indices decides.
        for at in (3..classes).step_by(3) {
            logits[at] = logits[at / 2];
        }
        let weights = weights(&logits, 0.75);
        let stream = random.stream();
        let mut scratch = vec![u64::MAX; classes + 5];
        for k in [1, 2, random.dimension(300), classes, usize::MAX] {
            for p in [f32::MIN_POSITIVE, 1e-3, 0.5, 0.9, 0.999, 1.0] {
                let op = Sample::new(classes, 0.75).unwrap().top_k(k).unwrap().top_p(p).unwrap();
                let kept = kept(&weights, k, p);
                for draw in [0, stream.draw(0), stream.draw(1), stream.draw(2), u64::MAX] {
                    let got = op.forward(&logits, draw, &mut scratch).unwrap();
                    assert_eq!(got, drawn(&weights, &kept, draw), "{classes} classes, k {k}, p {p}");
                }
            }
        }
    }
}

#[test]
fn keeping_one_class_takes_the_most_likely_of_lowest_index() {
    let logits = [1.0, 4.0, -2.0, 4.0, 3.0];
    let all = Sample::new(5, 1.0).unwrap();
    for op in [all.top_k(1).unwrap(), all.top_p(f32::MIN_POSITIVE).unwrap(), all.top_p(0.3).unwrap()] {
        for draw in [0, 1 << 63, u64::MAX] {
            assert_eq!(op.forward(&logits, draw, &mut [0; 5]), Ok(1));
        }
    }
    let two = all.top_k(2).unwrap();
    assert_eq!(two.forward(&logits, (1 << 63) - 1, &mut [0; 5]), Ok(1));
    assert_eq!(two.forward(&logits, 1 << 63, &mut [0; 5]), Ok(3));
}

#[test]
fn keeping_all_needs_no_scratch_and_changes_nothing() {
    let mut random = Random::new(34);
    let classes = 151_936;
    let logits = random.floats(classes, 8.0);
    let all = Sample::new(logits.len(), 1.0).unwrap();
    let same = all.top_k(classes).unwrap().top_p(1.0).unwrap();
    assert_eq!((all.scratch(), same.scratch()), (0, 0));
    // All but the least likely class, which shifts the sums by next to nothing.
    let nearly = all.top_k(classes - 1).unwrap();
    assert_eq!(nearly.scratch(), classes);
    let stream = random.stream();
    let mut scratch = vec![0; classes];
    for i in 0..20 {
        let draw = stream.draw(i);
        assert_eq!(same.forward(&logits, draw, &mut []), all.forward(&logits, draw, &mut []));
        let near = nearly.forward(&logits, draw, &mut scratch).unwrap();
        let class = all.forward(&logits, draw, &mut []).unwrap();
        assert!(near.abs_diff(class) <= 1, "{near} and {class}");
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let all = Sample::new(4, 1.0).unwrap();
    assert_eq!(all.top_k(0).unwrap_err(), Refused::Empty("k of Sample"));
    for p in [0.0, -0.5, 1.000_000_1, f32::NAN, f32::INFINITY] {
        assert_eq!(all.top_p(p).unwrap_err(), Refused::Domain("p of Sample"), "{p}");
    }
    let short = Refused::Length { what: "scratch of Sample", expected: 4, got: 3 };
    assert_eq!(all.top_k(2).unwrap().forward(&[0.0; 4], 0, &mut [0; 3]), Err(short.into()));
    let limit = Refused::Limit { what: "classes of Sample", limit: 1_048_576, got: 1_048_577 };
    assert_eq!(Sample::new(1_048_577, 1.0).unwrap_err(), limit);
    assert_eq!(Sample::new(4, -1.0).unwrap_err(), Refused::Domain("inverse temperature of Sample"));
}
