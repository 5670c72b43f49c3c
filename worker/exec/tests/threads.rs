//! Work on several threads at once, each computing by itself.

mod random;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Mutex;

use assay_exact::{Add, Attn, AttnShape, Gelu, KvAppend, KvCache, LayerNorm, Mask, Precision, QuantRow};
use assay_exec::{Backend, Reference};
use random::{backends, bits, poisoned, Random, Rows};

const TOKENS: usize = 40;
const HEADS: usize = 4;
const DIM: usize = 24;
const LEN: usize = TOKENS * HEADS * DIM;

/// A few operators, of which one takes what another gave.
fn unit(backend: &dyn Backend, x: &[f32], row: &Rows) -> Vec<u32> {
    let (mut y, mut z) = (poisoned(LEN), poisoned(LEN));
    backend.gelu_forward(&Gelu::new(LEN).unwrap(), x, &mut y).unwrap();
    backend.add_forward(&Add::new(LEN).unwrap(), x, &y, &mut z).unwrap();
    let norm = LayerNorm::new(TOKENS, HEADS * DIM, 1e-6).unwrap();
    let (gamma, beta) = (vec![1.5; HEADS * DIM], vec![0.5; HEADS * DIM]);
    let (mut mean, mut rstd) = (poisoned(TOKENS), poisoned(TOKENS));
    backend.layer_norm_forward(&norm, &z, &gamma, &beta, &mut y, &mut mean, &mut rstd).unwrap();

    let rows = TOKENS * HEADS;
    let append = KvAppend::new(TOKENS, HEADS, DIM, Precision::I8, Precision::I8).unwrap();
    let (mut key_planes, mut value_planes) = (vec![77; LEN], vec![77; LEN]);
    let [mut key_scales, mut value_scales, mut value_logs] = [(); 3].map(|()| poisoned(rows));
    let mut cache = KvCache {
        key_planes: &mut key_planes,
        key_scales: &mut key_scales,
        value_planes: &mut value_planes,
        value_scales: &mut value_scales,
        value_logs: &mut value_logs,
    };
    backend.kv_append_forward(&append, 0, &y, &z, &mut cache).unwrap();
    let (queries, keys, kv_heads) = (TOKENS, TOKENS, HEADS);
    let shape = AttnShape { queries, keys, heads: HEADS, kv_heads, dim: DIM, mask: Mask::Causal };
    let attn = Attn::new(shape, 0.2, Precision::I8).unwrap();
    let view = append.view(&cache).unwrap();
    backend.attn_forward(&attn, &row.view(), &view, &mut poisoned(TOKENS), &mut z).unwrap();

    let quantise = QuantRow::new(rows, DIM, Precision::I15).unwrap();
    let (mut planes, mut scales) = (vec![77; 2 * LEN], poisoned(rows));
    backend.quant_row_forward(&quantise, &z, &mut planes, &mut scales).unwrap();
    let digits = planes.iter().map(|digit| *digit as u32);
    bits(&z).into_iter().chain(bits(&scales)).chain(digits).collect()
}

#[test]
fn a_thread_by_itself_gives_the_bytes_that_all_give() {
    let mut random = Random::new(51);
    let x = random.floats(LEN, 3.0);
    let row = Rows::new(&random.floats(LEN, 1.0), DIM, Precision::I8);
    let expected = unit(&Reference, &x, &row);
    for cpu in backends() {
        assert!(unit(cpu, &x, &row) == expected, "{} together", cpu.name());
        let equal = Mutex::new(Vec::new());
        cpu.on_each_thread(&|| {
            let same = unit(cpu, &x, &row) == expected;
            equal.lock().unwrap().push(same);
        });
        assert_eq!(equal.into_inner().unwrap(), vec![true; cpu.threads()], "{} one by one", cpu.name());
    }
}

#[test]
fn a_thread_that_leads_gives_the_bytes_that_all_give() {
    let mut random = Random::new(52);
    let x = random.floats(LEN, 3.0);
    let row = Rows::new(&random.floats(LEN, 1.0), DIM, Precision::I8);
    let expected = unit(&Reference, &x, &row);
    for cpu in backends() {
        let mut equal = Vec::new();
        cpu.lead(&mut || {
            equal.push(unit(cpu, &x, &row) == expected);
            cpu.lead(&mut || equal.push(unit(cpu, &x, &row) == expected));
        });
        assert_eq!(equal, [true; 2], "{}", cpu.name());
        let equal = Mutex::new(Vec::new());
        cpu.on_each_thread(&|| {
            cpu.lead(&mut || {
                let same = unit(cpu, &x, &row) == expected;
                equal.lock().unwrap().push(same);
            });
        });
        assert_eq!(equal.into_inner().unwrap(), vec![true; cpu.threads()], "{} one by one", cpu.name());
    }
}

#[test]
fn several_callers_lead_at_once() {
    let mut random = Random::new(53);
    let x = random.floats(LEN, 3.0);
    let row = Rows::new(&random.floats(LEN, 1.0), DIM, Precision::I8);
    let expected = unit(&Reference, &x, &row);
    for cpu in backends() {
        let led = || {
            let mut equal = Vec::new();
            (0..3).for_each(|_| cpu.lead(&mut || equal.push(unit(cpu, &x, &row) == expected)));
            equal
        };
        std::thread::scope(|scope| {
            let callers = [(); 3].map(|()| scope.spawn(led));
            for caller in callers {
                assert_eq!(caller.join().unwrap(), [true; 3], "{}", cpu.name());
            }
        });
    }
}

#[test]
fn a_panic_of_the_thread_that_leads_or_of_each_ends_its_work_only() {
    let mut random = Random::new(54);
    let x = random.floats(LEN, 3.0);
    let row = Rows::new(&random.floats(LEN, 1.0), DIM, Precision::I8);
    let expected = unit(&Reference, &x, &row);
    for cpu in backends() {
        let led = catch_unwind(AssertUnwindSafe(|| cpu.lead(&mut || panic!("planted"))));
        let each = catch_unwind(AssertUnwindSafe(|| cpu.on_each_thread(&|| panic!("planted"))));
        assert!(led.is_err() && each.is_err(), "{}", cpu.name());
        let mut same = false;
        cpu.lead(&mut || same = unit(cpu, &x, &row) == expected);
        assert!(same, "{} afterwards", cpu.name());
    }
}

#[test]
fn work_that_is_spread_is_done_once_for_each_number() {
    for cpu in backends() {
        for count in [0, 1, 2, 57] {
            let spread = || {
                let done = Mutex::new(Vec::new());
                cpu.spread(count, &|number| done.lock().unwrap().push(number));
                let mut done = done.into_inner().unwrap();
                done.sort_unstable();
                done.into_iter().eq(0..count)
            };
            let equal = Mutex::new(vec![spread()]);
            let push = || {
                let same = spread();
                equal.lock().unwrap().push(same);
            };
            cpu.lead(&mut || push());
            cpu.on_each_thread(&push);
            assert_eq!(equal.into_inner().unwrap(), vec![true; cpu.threads() + 2], "{}", cpu.name());
        }
    }
}

#[test]
fn a_backend_without_threads_works_on_the_one_that_calls() {
    let caller = std::thread::current().id();
    let seen = Mutex::new(Vec::new());
    Reference.on_each_thread(&|| seen.lock().unwrap().push(std::thread::current().id()));
    assert_eq!((seen.into_inner().unwrap(), Reference.threads()), (vec![caller], 1));
}
