//! Attention without a mask, floats in and floats out: queries, keys and values are quantised in the time that is
//! taken.

use std::fs;
use std::io::stdin;
use std::path::Path;

use assay_exact::{Attn, AttnShape, Error, KvAppend, KvCache, Mask, Precision, QuantRow, Quantised, Refused};
use assay_exec::{Backend, Cpu};
use serde_json::json;

use crate::random::floats;
use crate::sampling::seconds;
use crate::Failure;

/// As a decoder of 100 million parameters has them.
pub const HEADS: usize = 12;
pub const DIM: usize = 64;
const WIDTH: usize = HEADS * DIM;
/// Rows of the files.
const TOKENS: usize = 8_192;
/// The tokens whose output is printed.
const CHECKED: usize = 512;
/// Up to here softmax weights have one digit, as an encoder's may; behind it two.
const ONE_DIGIT: usize = 512;
/// So that some keys weigh much more than others.
const BOUND: f32 = 2.0;

/// Writes `q`, `k` and `v`, of little-endian floats, into a directory; prints the output over the first tokens, then
/// for each line of input, a number of tokens, the seconds that these take.
pub fn serve(cpu: &Cpu, directory: &Path) -> Result<(), Failure> {
    let inputs = inputs(TOKENS);
    for (name, values) in ["q", "k", "v"].into_iter().zip(&inputs) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(directory.join(name), bytes)?;
    }
    let mut checked = Attention::new(CHECKED)?;
    checked.run(cpu, &inputs)?;
    let ready = json!({
        "path": cpu.path().to_string(),
        "threads": cpu.threads(),
        "heads": HEADS,
        "output": checked.out,
    });
    println!("{ready}");
    let mut attention = checked;
    for line in stdin().lines() {
        let tokens: usize = line?.trim().parse()?;
        if tokens > TOKENS {
            return Err(format!("there are {TOKENS} tokens, not {tokens}").into());
        }
        if attention.tokens != tokens {
            attention = Attention::new(tokens)?;
        }
        let seconds = seconds(|| Ok(attention.run(cpu, &inputs)?))?;
        println!("{}", json!({ "seconds": seconds }));
    }
    Ok(())
}

/// One attention and the memory that it takes.
pub struct Attention {
    tokens: usize,
    quantise: QuantRow,
    append: KvAppend,
    attn: Attn,
    /// Of queries, keys and values.
    planes: [Vec<i8>; 3],
    scales: [Vec<f32>; 3],
    logs: Vec<f32>,
    scores: Vec<f32>,
    out: Vec<f32>,
}

impl Attention {
    /// Every token sees every token.
    pub fn new(tokens: usize) -> Result<Self, Refused> {
        let (keys, precision) = (tokens, Precision::I8);
        let shape =
            AttnShape { queries: tokens, keys, heads: HEADS, kv_heads: HEADS, dim: DIM, mask: Mask::Full };
        let weights = if tokens > ONE_DIGIT { Precision::I15 } else { Precision::I8 };
        let (elements, rows) = (tokens * WIDTH, tokens * HEADS);
        Ok(Self {
            tokens,
            quantise: QuantRow::new(rows, DIM, precision)?,
            append: KvAppend::new(tokens, HEADS, DIM, precision, precision)?,
            attn: Attn::new(shape, 1.0 / (DIM as f32).sqrt(), weights)?,
            planes: [(); 3].map(|()| vec![0; elements]),
            scales: [(); 3].map(|()| vec![0.0; rows]),
            logs: vec![0.0; rows],
            scores: vec![0.0; keys],
            out: vec![0.0; elements],
        })
    }

    /// Over the first tokens of `inputs`, by one thread that leads, as in a pass.
    pub fn run(&mut self, cpu: &Cpu, inputs: &[Vec<f32>; 3]) -> Result<(), Error> {
        let mut done = Ok(());
        cpu.lead(&mut || done = self.operators(cpu, inputs));
        done
    }

    fn operators(&mut self, cpu: &Cpu, inputs: &[Vec<f32>; 3]) -> Result<(), Error> {
        let [q, k, v] = inputs.each_ref().map(|values| &values[..self.tokens * WIDTH]);
        let [q_planes, key_planes, value_planes] = &mut self.planes;
        let [q_scales, key_scales, value_scales] = &mut self.scales;
        cpu.quant_row_forward(&self.quantise, q, q_planes, q_scales)?;
        let q = Quantised::new(q_planes, q_scales, DIM, Precision::I8)?;
        let mut cache =
            KvCache { key_planes, key_scales, value_planes, value_scales, value_logs: &mut self.logs };
        cpu.kv_append_forward(&self.append, 0, k, v, &mut cache)?;
        let view = self.append.view(&cache)?;
        cpu.attn_forward(&self.attn, &q, &view, &mut self.scores, &mut self.out)
    }
}

/// Queries, keys and values of so many tokens.
pub fn inputs(tokens: usize) -> [Vec<f32>; 3] {
    [0, 1, 2].map(|tensor| floats(tensor, tokens * WIDTH, BOUND))
}
