//! Cross-entropy over a large vocabulary, choices by score.
#![allow(clippy::disallowed_methods, clippy::needless_range_loop)] // f64 functions serve as the oracle.

mod random;

use assay_exact::{
    ArgMax, CrossEntropy, EmbedScatterAdd, Error, FixedPoint, Head, Linear, Precision, QuantisedMut, Scratch,
    Trap, TrapKind,
};
use random::{cosine, Random};

/// Losses and probabilities in f64.
fn oracle(logits: &[f32], labels: &[u32], classes: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut losses, mut p) = (Vec::new(), Vec::new());
    for (row, label) in logits.chunks(classes).zip(labels) {
        let m = f64::from(row.iter().copied().fold(f32::MIN, f32::max));
        let sum: f64 = row.iter().map(|z| (f64::from(*z) - m).exp()).sum();
        losses.push(sum.ln() - (f64::from(row[*label as usize]) - m));
        p.extend(row.iter().map(|z| (f64::from(*z) - m).exp() / sum));
    }
    (losses, p)
}

#[test]
fn losses_over_32768_classes_follow_float() {
    let mut random = Random::new(30);
    let classes = 32_768;
    let op = CrossEntropy::new(2, classes).unwrap();
    // Near uniform; ordinary; one class far above the others.
    for (bound, peak) in [(1e-3, 0.0), (8.0, 0.0), (1.0, 30.0)] {
        let mut logits = random.floats(2 * classes, bound);
        logits[77] += peak;
        let labels = [77, 32_767];
        let (mut losses, mut p) = (vec![f32::NAN; 2], vec![f32::NAN; 2 * classes]);
        op.forward(&logits, &labels, &mut losses).unwrap();
        op.probabilities(&logits, &mut p).unwrap();
        let (expected, probabilities) = oracle(&logits, &labels, classes);
        for (loss, expected) in losses.iter().zip(&expected) {
            assert!(
                (f64::from(*loss) - expected).abs() < 2e-5 * expected.max(1.0),
                "{loss} against {expected}"
            );
        }
        assert!(cosine(&p, &probabilities) > 0.999_999_9);
        let total: f64 = p.iter().map(|p| f64::from(*p)).sum();
        assert!((total - 2.0).abs() < 1e-4, "{total}");
    }
}

#[test]
fn extreme_logits_have_finite_losses() {
    let op = CrossEntropy::new(1, 3).unwrap();
    let mut losses = [f32::NAN];
    for (logits, label, expected) in [
        ([3e38, 0.0, -3e37], 0, 0.0),
        ([0.0, 0.0, 0.0], 2, 3f32.ln()),
        ([1e30, 0.0, 0.0], 1, 1e30),
        ([-0.0, 0.0, f32::MIN_POSITIVE / 8.0], 1, 3f32.ln()),
    ] {
        op.forward(&logits, &[label], &mut losses).unwrap();
        assert!((losses[0] - expected).abs() <= 1e-6 * expected, "{losses:?} against {expected}");
    }
    let trap = Error::Trap(Trap { kind: TrapKind::Bound, index: 0 });
    assert_eq!(op.forward(&[0.0; 3], &[3], &mut losses), Err(trap));
    // The distance of the two ends is not finite.
    let trap = Error::Trap(Trap { kind: TrapKind::Infinite, index: 0 });
    assert_eq!(op.forward(&[3e38, 0.0, -3e38], &[2], &mut losses), Err(trap));
}

#[test]
fn head_gradients_over_a_large_vocabulary_follow_float() {
    let mut random = Random::new(31);
    let (tokens, inputs, classes) = (6, 16, 5000);
    let (x, w) = (random.floats(tokens * inputs, 1.0), random.floats(classes * inputs, 0.2));
    let logits: Vec<f32> = (0..tokens * classes)
        .map(|at| {
            let (t, v) = (at / classes, at % classes);
            (0..inputs).map(|i| x[t * inputs + i] * w[v * inputs + i]).sum()
        })
        .collect();
    let labels = [0, 17, 4999, 17, 2500, 1];
    let op = CrossEntropy::new(tokens, classes).unwrap();
    let mut p = vec![0.0; tokens * classes];
    op.probabilities(&logits, &mut p).unwrap();
    let linear = Linear::new(tokens, inputs, classes, Precision::I15).unwrap();
    let head = Head { linear: &linear, labels: &labels, probabilities: &p };
    let mut memory =
        (vec![0; 2 * tokens * classes], vec![0.0; classes], vec![0; 2 * inputs * classes], vec![0.0; 16]);
    let mut scratch = Scratch {
        left: QuantisedMut { planes: &mut memory.0, scales: &mut memory.1 },
        right: QuantisedMut { planes: &mut memory.2, scales: &mut memory.3 },
    };
    let (mut dx, mut dw) = (vec![f32::NAN; tokens * inputs], vec![0; classes * inputs]);
    op.backward_input(&head, &w, &mut scratch, &mut dx).unwrap();
    op.backward_weight(&head, &x, &FixedPoint::new(7).unwrap(), &mut scratch, &mut dw).unwrap();
    let mut dz = oracle(&logits, &labels, classes).1;
    for (t, label) in labels.iter().enumerate() {
        dz[t * classes + *label as usize] -= 1.0;
    }
    let dx64: Vec<f64> = (0..dx.len())
        .map(|at| {
            (0..classes).map(|v| dz[at / inputs * classes + v] * f64::from(w[v * inputs + at % inputs])).sum()
        })
        .collect();
    let dw64: Vec<f64> = (0..dw.len())
        .map(|at| {
            (0..tokens).map(|t| dz[t * classes + at / inputs] * f64::from(x[t * inputs + at % inputs])).sum()
        })
        .collect();
    let dw: Vec<f32> = dw.iter().map(|sum| assay_exact::mean(*sum, 1)).collect();
    assert!(cosine(&dx, &dx64) > 0.999_99, "dx {}", cosine(&dx, &dx64));
    assert!(cosine(&dw, &dw64) > 0.999_99, "dw {}", cosine(&dw, &dw64));
    // The tail on its own: rows without a label, which beside a label's −1 a joint quantisation would lose.
    let tail = |at: &usize| !labels.contains(&((at / inputs) as u32));
    let got: Vec<f32> = (0..dw.len()).filter(tail).map(|at| dw[at]).collect();
    let want: Vec<f64> = (0..dw.len()).filter(tail).map(|at| dw64[at]).collect();
    assert!(cosine(&got, &want) > 0.999, "tail {}", cosine(&got, &want));
}

#[test]
fn the_lowest_of_equal_maxima_wins() {
    let op = ArgMax::new(3, 4).unwrap();
    let mut best = [9; 3];
    op.forward(&[1.0, 5.0, 5.0, 2.0, -0.0, 0.0, -0.0, -1.0, -3.0, -2.0, -1.0, -1.0], &mut best).unwrap();
    assert_eq!(best, [1, 0, 2]);
}

#[test]
fn a_scatter_traps_on_ids_before_values() {
    let op = EmbedScatterAdd::new(2, 3, 2).unwrap();
    let fixed = FixedPoint::new(2).unwrap();
    let mut table = [0; 6];
    let bound = |index| Err(Error::Trap(Trap { kind: TrapKind::Bound, index }));
    assert_eq!(op.add(&[0, 3], &[f32::NAN; 4], &fixed, &mut table), bound(1));
    assert_eq!(op.add(&[0, 2], &[1.0, 1.0, 1.0, 1024.0], &fixed, &mut table), bound(3));
}
