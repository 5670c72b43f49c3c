//! Devices that give no answer.

use assay_exact::Refused;
use assay_exec::resident::DeviceFault;
use assay_exec::Reference;
use assay_graph::error::{Invalid, Problem};
use assay_graph::job::{device_memory, Input, Kind, Sampling};
use assay_graph::program::Program;

use crate::device::Device;
use crate::programs::{decoder, encoder, Sizes, SMALL};
use crate::{by, generate, input, prompts, sequences};

fn jobs() -> [(Program, Input); 2] {
    [
        (encoder(&SMALL), input(Kind::Embed, &sequences(11))),
        (decoder(&SMALL), input(generate(5, Sampling::Greedy, &[]), &prompts())),
    ]
}

fn fault(program: &Program, job: &Input, device: &Device) -> (Invalid, DeviceFault) {
    let mut invalid = by(program, job, device).map(|_| ()).unwrap_err();
    match std::mem::replace(&mut invalid.problem, Problem::Missing) {
        Problem::Device(fault) => (invalid, fault),
        other => panic!("{other}"),
    }
}

#[test]
fn a_job_that_does_not_fit_is_refused_with_the_figures_before_it_starts() {
    for (program, job) in jobs() {
        let least = device_memory(&program, &job).unwrap();
        let device = Device::new(least - 1);
        let (_, fault) = fault(&program, &job, &device);
        assert!(
            matches!(fault, DeviceFault::Memory { needed, free } if needed == least && free == least - 1)
        );
        let text = fault.to_string();
        assert!(text.contains(&least.to_string()) && text.contains(&(least - 1).to_string()), "{text}");
        assert_eq!(device.runs(), 0);
    }
}

#[test]
fn more_rows_of_a_cache_than_a_device_counts_are_its_fault_and_not_the_jobs() {
    // Of all units 2³³ places.
    let program = decoder(&Sizes { context: 1 << 13, ..SMALL });
    let prompts = vec![vec![1]; 1 << 20];
    let job = input(generate((1 << 13) - 1, Sampling::Greedy, &[]), &prompts);
    let (_, fault) = fault(&program, &job, &Device::new(u64::MAX));
    assert!(matches!(fault, DeviceFault::Refused(Refused::Limit { limit: 0xFFFF_FFFF, .. })), "{fault}");
}

#[test]
fn more_tokens_take_more_of_a_device() {
    let program = decoder(&SMALL);
    let memory = |tokens| {
        let job = input(generate(tokens, Sampling::Greedy, &[]), &prompts());
        device_memory(&program, &job).unwrap()
    };
    assert!(memory(2) < memory(12));
    let embed = |times| {
        let units: Vec<_> = std::iter::repeat_n(sequences(11), times).flatten().collect();
        device_memory(&program, &input(Kind::Embed, &units)).unwrap()
    };
    assert_eq!(embed(3), embed(9), "units that take one pass each may come one after another");
}

#[test]
fn a_device_that_fails_ends_the_job_without_a_result_and_another_backend_gives_it() {
    for (program, job) in jobs() {
        let (passes, least) = (Device::new(u64::MAX), device_memory(&program, &job).unwrap());
        by(&program, &job, &passes).unwrap();
        for memory in [u64::MAX, least] {
            let device = Device::new(memory).failing_in(passes.runs() - 1);
            let (invalid, fault) = fault(&program, &job, &device);
            assert!(matches!(fault, DeviceFault::Failed(_)));
            assert_eq!(fault.to_string(), "the device fell off the bus");
            assert_eq!((invalid.file.as_str(), invalid.field.as_str()), ("backend", "device of the tests"));
        }
        assert!(by(&program, &job, &Reference).unwrap().result.is_ok());
    }
}

#[test]
fn a_pass_that_finds_less_memory_than_was_counted_on_joins_fewer_units() {
    // The longest unit has 22 tokens, the longest prompt 5.
    for ((program, job), longest) in jobs().into_iter().zip([22, 5]) {
        let expected = by(&program, &job, &Reference).unwrap();
        let got = by(&program, &job, &Device::new(u64::MAX).with_room_for(longest)).unwrap();
        assert_eq!((got.result, got.trace), (expected.result, expected.trace));
        let (_, fault) = fault(&program, &job, &Device::new(u64::MAX).with_room_for(longest - 1));
        assert!(matches!(fault, DeviceFault::Memory { needed, .. } if needed == longest as u64), "{fault}");
    }
}

#[test]
fn a_report_that_the_reference_does_not_share_is_a_fault() {
    for (program, job) in jobs() {
        for node in [0, 2, program.graph.nodes.len() as u32 - 1] {
            let device = Device::new(u64::MAX).lying_at(node);
            let (_, fault) = fault(&program, &job, &device);
            assert!(matches!(fault, DeviceFault::Disagreement { node: at } if at == node), "{fault}");
        }
    }
}
