//! Losses, choices, clipping, optimizers.

use super::{Case, Inputs, Output};
use crate::{
    AdamMoments, AdamPowers, AdamStep, ArgMax, ClipNorm, CrossEntropy, Error, FixedPoint, Head, Linear,
    Philox, Precision, QuantisedMut, Sample, Scratch, SgdStep,
};

pub(super) const CASES: &[Case] = &[
    Case { name: "cross-entropy/forward", run: cross_entropy },
    Case { name: "cross-entropy/backward", run: cross_entropy_backward },
    Case { name: "clip-norm/forward", run: clip_norm },
    Case { name: "arg-max/forward", run: arg_max },
    Case { name: "sample/forward", run: sample },
    Case { name: "sample/top-k-top-p", run: sample_kept },
    Case { name: "sgd-step/three-steps", run: sgd_step },
    Case { name: "adam-step/three-steps", run: adam_step },
    Case { name: "trap/fixed-point", run: trap_fixed },
];

const TOKENS: usize = 5;
const CLASSES: usize = 33;
const INPUTS: usize = 8;

fn cross_entropy(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (logits, labels) = (inputs.planted::<{ TOKENS * CLASSES }>(0.03), inputs.indices::<TOKENS>(33));
    let (mut losses, mut p) = ([0.0; TOKENS], [0.0; TOKENS * CLASSES]);
    let op = CrossEntropy::new(TOKENS, CLASSES)?;
    op.forward(&logits, &labels, &mut losses)?;
    op.probabilities(&logits, &mut p)?;
    out.floats(&losses);
    out.floats(&p);
    Ok(())
}

fn cross_entropy_backward(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (logits, labels) = (inputs.floats::<{ TOKENS * CLASSES }>(4.0), inputs.indices::<TOKENS>(33));
    let (x, w) = (inputs.floats::<{ TOKENS * INPUTS }>(1.0), inputs.floats::<{ CLASSES * INPUTS }>(0.3));
    let op = CrossEntropy::new(TOKENS, CLASSES)?;
    let mut probabilities = [0.0; TOKENS * CLASSES];
    op.probabilities(&logits, &mut probabilities)?;
    let linear = Linear::new(TOKENS, INPUTS, CLASSES, Precision::I15)?;
    let head = Head { linear: &linear, labels: &labels, probabilities: &probabilities };
    let (mut left, mut left_scales, mut right, mut right_scales) = ([0; 600], [0.0; 40], [0; 600], [0.0; 40]);
    let mut scratch = Scratch {
        left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
        right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
    };
    let (mut dx, mut dw) = ([0.0; TOKENS * INPUTS], [0; CLASSES * INPUTS]);
    op.backward_input(&head, &w, &mut scratch, &mut dx)?;
    op.backward_weight(&head, &x, &FixedPoint::new(6)?, &mut scratch, &mut dw)?;
    out.floats(&dx);
    out.sums(&dw);
    Ok(())
}

fn clip_norm(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (mut a, b) = (inputs.planted::<300>(1.0), inputs.floats::<41>(1e-3));
    let squares = [ClipNorm::square(&a)?, ClipNorm::square(&b)?];
    let factor = ClipNorm::new(1.0)?.factor(squares.into_iter())?;
    ClipNorm::apply(factor, &mut a)?;
    out.floats(&squares);
    out.floats(&[factor, ClipNorm::new(1e6)?.factor(squares.into_iter())?]);
    out.floats(&a);
    Ok(())
}

fn arg_max(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let mut x = inputs.floats::<{ 4 * CLASSES }>(1.0);
    x[3] = 2.0;
    x[17] = 2.0;
    x[CLASSES..2 * CLASSES].fill(-0.0);
    x[CLASSES + 5] = 0.0;
    let mut best = [0; 4];
    ArgMax::new(4, CLASSES)?.forward(&x, &mut best)?;
    out.words(&best);
    Ok(())
}

fn sample(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let logits = inputs.floats::<CLASSES>(5.0);
    let stream = Philox::new(super::KEY, 9, 0);
    for temperature in [0.0, 0.5, 1.25] {
        let op = Sample::new(CLASSES, temperature)?;
        for index in 0..64 {
            out.words(&[op.forward(&logits, stream.draw(index), &mut [])?]);
        }
        out.words(&[op.forward(&logits, 0, &mut [])?, op.forward(&logits, u64::MAX, &mut [])?]);
    }
    Ok(())
}

/// Two pairs of equal logits stand at the edges of what is kept.
fn sample_kept(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let mut logits = inputs.floats::<CLASSES>(3.0);
    for (a, b) in [(12, 20), (14, 31)] {
        logits[b] = logits[a];
    }
    let stream = Philox::new(super::KEY, 10, 0);
    let all = Sample::new(CLASSES, 1.25)?;
    let mut scratch = [0; CLASSES];
    for k in [1, 5, 6, 7, CLASSES, usize::MAX] {
        for p in [f32::MIN_POSITIVE, 0.25, 0.5, 0.95, 1.0] {
            let op = all.top_k(k)?.top_p(p)?;
            for index in 0..16 {
                out.words(&[op.forward(&logits, stream.draw(index), &mut scratch)?]);
            }
            let ends = [0, u64::MAX].map(|draw| op.forward(&logits, draw, &mut scratch));
            for class in ends {
                out.words(&[class?]);
            }
        }
    }
    Ok(())
}

fn sgd_step(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (mut parameter, mut velocity) = (inputs.floats::<50>(1.0), [0.0; 50]);
    let op = SgdStep::new(50, 0.9, 0.01)?;
    for rate in [0.1, 0.05, 0.0] {
        let gradient = inputs.floats::<50>(1.0).map(|g| if g > 0.0 { g } else { g * 1e-30 });
        op.forward(rate, &gradient, &mut velocity, &mut parameter)?;
    }
    out.floats(&parameter);
    out.floats(&velocity);
    Ok(())
}

fn adam_step(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (mut parameter, mut first, mut second) = (inputs.floats::<50>(1.0), [0.0; 50], [0.0; 50]);
    let op = AdamStep::new(0.9, 0.95, 1e-8, 0.1)?;
    let mut powers = AdamPowers::START;
    for rate in [1e-3, 1e-2, 1e-3] {
        let gradient = inputs.floats::<50>(1.0).map(|g| if g > 0.0 { g } else { g * 1e-18 });
        powers = op.advance(powers);
        let mut moments = AdamMoments { first: &mut first, second: &mut second };
        op.forward(rate, powers, &gradient, &mut moments, &mut parameter)?;
    }
    for tensor in [&parameter[..], &first[..], &second[..], &[powers.beta1, powers.beta2][..]] {
        out.floats(tensor);
    }
    Ok(())
}

/// The limit is 2¹⁰ up to 2¹² addends, then halves; NaN and infinity come before it.
fn trap_fixed(_: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    for addends in [1, 4096, 4097, 8193, 1 << 22] {
        let fixed = FixedPoint::new(addends)?;
        let mut sum = 0;
        for (i, x) in [fixed.limit() * 0.99, -fixed.limit(), f32::NAN, f32::INFINITY].into_iter().enumerate()
        {
            out.trap(fixed.add(&mut sum, x, i).map_err(Error::from))?;
        }
        out.sums(&[sum]);
    }
    Ok(())
}
