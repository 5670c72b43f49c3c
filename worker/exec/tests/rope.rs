//! Rotary position embedding against the reference.

mod random;

use assay_exact::{Error, Rope, RopeTable, TrapKind};
use random::{agree, bits, poisoned, trap, Random};

/// Bits of what both forms write.
type Rotated = Result<[Vec<u32>; 2], Error>;

fn rotate([tokens, heads, dim, start]: [usize; 4], cos: &[f32], sin: &[f32], x: &[f32]) -> Rotated {
    let (op, table) = (Rope::new(tokens, heads, dim).unwrap(), RopeTable { cos, sin });
    agree("Rope", |backend| {
        let (mut y, mut dx) = (poisoned(tokens * heads * dim), poisoned(tokens * heads * dim));
        backend.rope_forward(&op, start, &table, x, &mut y)?;
        backend.rope_backward(&op, start, &table, x, &mut dx)?;
        Ok([bits(&y), bits(&dx)])
    })
}

#[test]
fn both_forms_are_those_of_the_reference() {
    let mut random = Random::new(95);
    for [tokens, heads, dim, start] in [[1, 1, 2, 0], [300, 3, 20, 7], [5_000, 1, 2, 1], [700, 6, 64, 0]] {
        let table = random.floats((tokens + start) * dim / 2, 1.0);
        let (cos, sin) = (table.clone(), random.floats(table.len(), 1.0));
        let x = random.planted(tokens * heads, dim);
        let shape = [tokens, heads, dim, start];
        assert!(rotate(shape, &cos, &sin, &x).is_ok(), "{shape:?}");
        let refused = rotate([tokens, heads, dim, start + 1], &cos, &sin, &x);
        assert!(matches!(refused, Err(Error::Refused(_))), "{shape:?}");
        let refused = rotate([tokens, heads, dim, usize::MAX], &cos, &sin, &x);
        assert!(matches!(refused, Err(Error::Refused(_))), "{shape:?}");
    }
}

#[test]
fn the_first_bad_operand_is_the_trap() {
    let mut random = Random::new(96);
    let (shape, elements) = ([400, 2, 32, 3], 400 * 2 * 32);
    let [mut cos, mut sin] = [(); 2].map(|()| random.floats(403 * 16, 1.0));
    let good = random.floats(elements, 1.0);
    let mut x = good.clone();
    (x[20_000], sin[100], cos[6_000]) = (f32::NEG_INFINITY, f32::NAN, f32::NAN);
    assert_eq!(rotate(shape, &cos, &sin, &x), Err(trap(TrapKind::Infinite, 20_000)));
    // From the first row in use on.
    assert_eq!(rotate(shape, &cos, &sin, &good), Err(trap(TrapKind::Nan, 6_000 - 3 * 16)));
    cos[6_000] = 0.0;
    assert_eq!(rotate(shape, &cos, &sin, &good), Err(trap(TrapKind::Nan, 100 - 3 * 16)));
}
