//! Each kernel of the CPU backend beside its floors: the least time that moving its bytes takes, and that its
//! operations take, at the ceilings of the machine that it runs on. One thread.

mod case;
mod layer;
mod product;
mod trace;
mod training;
mod work;

use std::fs;

use assay_exec::{Cpu, Path};
use serde_json::json;

use crate::ceilings::Ceilings;
use crate::floors::case::{Case, Make};
use crate::sampling::{median, seconds};
use crate::Failure;

/// A kernel's time is the median of so many samples.
const SAMPLES: usize = 15;
/// Seconds of a sample at least: what takes less is done several times.
const LEAST: f64 = 2e-3;

/// A kernel, in seconds.
struct Measured {
    case: Described,
    by_bytes: f64,
    by_operations: f64,
    taken: f64,
}

/// What a case is, without its operands.
struct Described {
    kernel: &'static str,
    shape: String,
    /// Where the operands are.
    operands: &'static str,
}

impl Measured {
    /// What the floor is of the time taken.
    fn reached(&self) -> f64 {
        self.floor() / self.taken
    }

    fn floor(&self) -> f64 {
        self.by_bytes.max(self.by_operations)
    }
}

/// Prints the ceilings, then a line for each kernel.
pub fn run(cpu: &Cpu) -> Result<(), Failure> {
    let ceilings = Ceilings::measure(cpu.path())?;
    println!("{}", json!({ "path": cpu.path().to_string(), "ceilings": ceilings.list() }));
    each(cpu, &ceilings, |kernel| {
        let line = json!({
            "path": cpu.path().to_string(),
            "kernel": kernel.case.kernel,
            "shape": kernel.case.shape,
            "operands": kernel.case.operands,
            "by_bytes": kernel.by_bytes,
            "by_operations": kernel.by_operations,
            "taken": kernel.taken,
        });
        println!("{line}");
    })
}

/// Prints the same in Markdown, as the documentation of `assay-exec` has it.
pub fn table(cpu: &Cpu) -> Result<(), Failure> {
    let ceilings = Ceilings::measure(cpu.path())?;
    println!("## Path `{}`\n\n{}, one thread.\n", cpu.path(), processor()?);
    println!("| ceiling | |\n|---|---:|");
    for (what, value, unit) in ceilings.list() {
        println!("| {what} | {value:.1} {unit} |");
    }
    println!(
        "\n| kernel | shape | operands | floor by bytes, µs | by operations, µs | taken, µs | reached |"
    );
    println!("|---|---|---|---:|---:|---:|---:|");
    each(cpu, &ceilings, |kernel| {
        let Described { kernel: name, shape, operands } = &kernel.case;
        let [bytes, operations, taken] =
            [kernel.by_bytes, kernel.by_operations, kernel.taken].map(|seconds| seconds * 1e6);
        let reached = 100.0 * kernel.reached();
        println!(
            "| {name} | {shape} | {operands} | {bytes:.1} | {operations:.1} | {taken:.1} | {reached:.0} % |"
        );
    })
}

/// Calls `put` with each kernel. The operands of one are dropped before those of the next are made.
fn each(cpu: &Cpu, ceilings: &Ceilings, put: impl Fn(Measured)) -> Result<(), Failure> {
    // Hashing chooses its instructions by itself: its floor is the best path's.
    let hashing = if cpu.path() == Path::best() { trace::ALL } else { &[] };
    let all = [product::ALL, layer::ALL, training::ALL, hashing];
    all.into_iter().flatten().try_for_each(|make: &Make| {
        let case = make(cpu)?;
        put(measured(case, ceilings)?);
        Ok(())
    })
}

fn measured(mut case: Case<'_>, ceilings: &Ceilings) -> Result<Measured, Failure> {
    // The first time operands are touched; the second says how long it takes.
    once(&mut case)?;
    let times = (LEAST / once(&mut case)?).ceil().clamp(1.0, 1e6) as usize;
    let sample = |_| {
        let all = seconds(|| (0..times).try_for_each(|_| Ok((case.run)()?)));
        all.map(|all| all / times as f64)
    };
    let taken = median((0..SAMPLES).map(sample).collect::<Result<Vec<f64>, Failure>>()?);
    let operands = if case.work.cached() { "in the second cache" } else { "in memory" };
    Ok(Measured {
        by_bytes: case.work.by_bytes(ceilings),
        by_operations: case.work.by_operations(ceilings),
        taken,
        case: Described { kernel: case.kernel, shape: case.shape, operands },
    })
}

fn once(case: &mut Case<'_>) -> Result<f64, Failure> {
    seconds(|| Ok((case.run)()?))
}

/// What the system calls this processor.
fn processor() -> Result<String, Failure> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let name = text.lines().find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim()));
    Ok(name.unwrap_or("A processor without a name").to_owned())
}
