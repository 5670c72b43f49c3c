//! Steps opened one after another, from one state that a training has committed to up to the next.

use std::ops::Range;

use assay_exec::Reference;
use assay_graph::tensor::Tensor;
use assay_graph::trace::Fault;
use assay_graph::train::step::{check_stretch, state_leaf, Claim};
use assay_graph::train::{self, State};

use crate::model::{adam, decoder, SEED};
use crate::{text, trainer};

#[test]
fn a_step_that_is_opened_is_the_step_that_is_taken() {
    let program = decoder().optimizer(adam()).clip(0.5).program().unwrap();
    let data = text();
    let tensor = Tensor::u32(&[data.len() as u64], data.clone());
    let start = || trainer(&program, &Reference, &data, State::from_seed(&program, SEED));
    let (mut opened, mut taken) = (start(), start());
    let mut claims = Vec::new();
    for _ in 0..3 {
        claims.push(opened.open(&tensor, &[]).unwrap().0);
    }
    let mut roots = vec![taken.state().root(&program)];
    train::run(&mut taken, 3, 2, &mut |_, state: &State| roots.push(state.root(&program))).unwrap();
    assert_eq!(opened.state(), taken.state());
    let claimed: Vec<_> = claims.iter().map(|claim| (claim.before_root(), claim.after_root())).collect();
    assert!(claimed.iter().copied().eq(roots.windows(2).map(|pair| (pair[0], pair[1]))));
}

#[test]
fn a_stretch_is_of_claims_of_all_its_steps_from_one_state_to_the_other() {
    let program = decoder().program().unwrap();
    let data = text();
    let tensor = Tensor::u32(&[data.len() as u64], data.clone());
    let mut trainer = trainer(&program, &Reference, &data, State::from_seed(&program, SEED));
    let claims: Vec<Claim> = (0..3).map(|_| trainer.open(&tensor, &[]).unwrap().0).collect();
    let mut roots: Vec<_> = claims.iter().map(Claim::before_root).collect();
    roots.push(claims[2].after_root());
    let check = |claims: &[Claim], steps: Range<u64>, first: usize, last: usize| {
        check_stretch(claims, steps, &roots[first], &roots[last])
    };
    assert_eq!(check(&claims, 0..3, 0, 3), Ok(()));
    assert_eq!(check(&claims[1..2], 1..2, 1, 2), Ok(()));
    assert_eq!(check(&[], 1..1, 1, 1), Ok(()));
    let gap = [claims[0].clone(), claims[2].clone()];
    // The fourth has every state right, and leaves out a step that was to be done.
    for (claims, steps, first, last) in [
        (&claims[..], 1..3, 1, 3),
        (&gap[..], 0..3, 0, 3),
        (&[][..], 0..1, 0, 1),
        (&claims[..2], 0..3, 0, 2),
        (&claims[..], 0..u64::MAX, 0, 3),
    ] {
        let fault = check(claims, steps, first, last).unwrap_err();
        assert!(matches!(fault, Fault::Leaves { .. }), "{fault}");
    }
    let before = |step: u64| Err(Fault::Proof(format!("state before step {step}")));
    assert_eq!(check(&claims, 0..3, 1, 3), before(0));
    assert_eq!(check(&gap, 0..2, 0, 3), before(1));
    assert_eq!(check(&claims[1..], 0..2, 1, 3), before(0));
    assert_eq!(check(&claims, 0..3, 0, 2), Err(Fault::Proof("state at the end".into())));
    // The right states under the numbers of other steps, so with the data and the rates of those.
    let later: Vec<Claim> =
        claims.iter().map(|claim| Claim { step: claim.step + 1, ..claim.clone() }).collect();
    assert_eq!(check(&later, 1..4, 0, 3), Err(Fault::Step(1)));
}

#[test]
fn a_trace_holds_the_states_at_multiples_inside_of_the_job() {
    let leaves = |from, to, every| -> Vec<(u64, u64)> {
        (0..=to + every).filter_map(|done| Some((done, state_leaf(from, to, every, done)?))).collect()
    };
    assert_eq!(leaves(0, 8, 2), [(2, 0), (4, 1), (6, 2)]);
    assert_eq!(leaves(4, 8, 2), [(6, 0)]);
    assert_eq!(leaves(3, 10, 3), [(6, 0), (9, 1)]);
    assert_eq!(leaves(5, 7, 3), [(6, 0)]);
    assert_eq!(leaves(0, 3, 1), [(1, 0), (2, 1)]);
    assert_eq!(state_leaf(0, 8, 0, 4), None);
}
