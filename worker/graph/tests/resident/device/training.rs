//! Operators of a training, by the reference.

use assay_exact::{
    means, AdamMoments, AttnBackward, AttnGradients, AttnSaved, AttnScratch, ClipNorm, Error, Head,
    KeysValues, KvAppend, KvCache, LayerNormStats, Linear, Precision, QuantRow, QuantisedMut, RopeTable,
    Scratch,
};
use assay_exec::resident::{Block, Gradient, QuantisedRegions, Region, Source, Update};

use super::{to_words, Digits, Memory};

/// Buffers of the operands of a product.
struct Operands {
    planes: [Vec<i8>; 2],
    scales: [Vec<f32>; 2],
}

impl Operands {
    /// As large as a layer's gradients take.
    fn of(op: &Linear) -> Self {
        let (tokens, inputs, outputs) = (op.tokens(), op.inputs(), op.outputs());
        let longest = tokens.max(inputs).max(outputs);
        Self::new(op.precision().digits() * longest * longest, longest)
    }

    fn new(planes: usize, scales: usize) -> Self {
        Self { planes: [(); 2].map(|()| vec![0; planes]), scales: [(); 2].map(|()| vec![0.0; scales]) }
    }

    fn lend(&mut self) -> Scratch<'_> {
        let ([left, right], [of_left, of_right]) = (&mut self.planes, &mut self.scales);
        Scratch {
            left: QuantisedMut { planes: left, scales: of_left },
            right: QuantisedMut { planes: right, scales: of_right },
        }
    }
}

impl Memory<'_> {
    fn sums(&self, region: &Region<i64>) -> Vec<i64> {
        let bytes = &self.bytes[region.start() as usize..][..8 * region.len()];
        bytes.chunks_exact(8).map(|word| i64::from_le_bytes(word.try_into().unwrap())).collect()
    }

    fn put_sums(&mut self, region: &Region<i64>, sums: &[i64]) {
        assert_eq!(region.len(), sums.len());
        let bytes: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        self.bytes[region.start() as usize..][..bytes.len()].copy_from_slice(&bytes);
    }

    /// Adds what `op` adds to sums; also if it traps.
    fn add_up(
        &mut self,
        region: &Region<i64>,
        op: impl FnOnce(&Self, &mut [i64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut sums = self.sums(region);
        let result = op(self, &mut sums);
        self.put_sums(region, &sums);
        result
    }

    /// [`Memory::write`] of two outputs.
    fn write_both(
        &mut self,
        [a, b]: [&Region<f32>; 2],
        op: impl FnOnce(&Self, &mut [f32], &mut [f32]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let [mut first, mut second] = [a, b].map(|region| vec![f32::NAN; region.len()]);
        let result = op(self, &mut first, &mut second);
        self.put(a, &first);
        self.put(b, &second);
        result
    }

    pub(super) fn differentiate(&mut self, gradient: &Gradient) -> Result<(), Error> {
        match gradient {
            Gradient::Losses { op, logits, labels, losses } => self.write(losses, |memory, losses| {
                op.forward(&memory.floats(logits), &memory.ids(labels), losses)
            }),
            Gradient::Probabilities { op, logits, p } => {
                self.write(p, |memory, p| op.probabilities(&memory.floats(logits), p))
            }
            Gradient::Mul { op, dy, a, b, da, db } => self.write_both([da, db], |memory, da, db| {
                op.backward(&memory.floats(dy), &memory.floats(a), &memory.floats(b), da, db)
            }),
            Gradient::SiluMul { op, dy, x, u, dx, du } => self.write_both([dx, du], |memory, dx, du| {
                op.backward(&memory.floats(dy), &memory.floats(x), &memory.floats(u), dx, du)
            }),
            Gradient::Gelu { op, dy, x, dx } => {
                self.write(dx, |memory, dx| op.backward(&memory.floats(dy), &memory.floats(x), dx))
            }
            Gradient::Tanh { op, dy, y, dx } => {
                self.write(dx, |memory, dx| op.backward(&memory.floats(dy), &memory.floats(y), dx))
            }
            Gradient::Rope { op, cos, sin, positions, dy, dx } => {
                assert_eq!(self.ids(positions), Vec::from_iter(0..op.tokens() as u32));
                self.write(dx, |memory, dx| {
                    let (cos, sin) = (memory.floats(cos), memory.floats(sin));
                    op.backward(0, &RopeTable { cos: &cos, sin: &sin }, &memory.floats(dy), dx)
                })
            }
            Gradient::Embed { op, ids, dy, fixed, table } => {
                self.add_up(table, |memory, table| op.add(&memory.ids(ids), &memory.floats(dy), fixed, table))
            }
            Gradient::Attention { op, keys, values, dy, q, k, v, y, dq, dk, dv } => {
                self.attention_gradients(op, [*keys, *values], [dy, q, k, v, y], [dq, dk, dv])
            }
            Gradient::HeadInput { .. }
            | Gradient::HeadWeight { .. }
            | Gradient::LinearInput { .. }
            | Gradient::LinearWeight { .. }
            | Gradient::LinearBias { .. } => self.linear_gradients(gradient),
            Gradient::L2Norm { .. }
            | Gradient::LayerNormInput { .. }
            | Gradient::LayerNormWeight { .. }
            | Gradient::RmsNormInput { .. }
            | Gradient::RmsNormWeight { .. } => self.norm_gradients(gradient),
        }
    }

    fn linear_gradients(&mut self, gradient: &Gradient) -> Result<(), Error> {
        match gradient {
            Gradient::HeadInput { op, linear, labels, p, weight, dx } => self.write(dx, |memory, dx| {
                let (labels, probabilities) = (&memory.ids(labels), &memory.floats(p));
                let (head, mut room) = (Head { linear, labels, probabilities }, Operands::of(linear));
                op.backward_input(&head, &memory.floats(weight), &mut room.lend(), dx)
            }),
            Gradient::HeadWeight { op, linear, labels, p, x, fixed, dw } => self.add_up(dw, |memory, dw| {
                let (labels, probabilities) = (&memory.ids(labels), &memory.floats(p));
                let (head, mut room) = (Head { linear, labels, probabilities }, Operands::of(linear));
                op.backward_weight(&head, &memory.floats(x), fixed, &mut room.lend(), dw)
            }),
            Gradient::LinearInput { op, dy, weight, dx } => self.write(dx, |memory, dx| {
                let mut room = Operands::of(op);
                op.backward_input(&memory.floats(dy), &memory.floats(weight), &mut room.lend(), dx)
            }),
            Gradient::LinearWeight { op, dy, x, fixed, dw } => self.add_up(dw, |memory, dw| {
                let mut room = Operands::of(op);
                op.backward_weight(&memory.floats(dy), &memory.floats(x), fixed, &mut room.lend(), dw)
            }),
            Gradient::LinearBias { op, dy, fixed, db } => {
                self.add_up(db, |memory, db| op.backward_bias(&memory.floats(dy), fixed, db))
            }
            _ => unreachable!("not of a linear layer"),
        }
    }

    fn norm_gradients(&mut self, gradient: &Gradient) -> Result<(), Error> {
        match gradient {
            Gradient::L2Norm { op, dy, y, divisor, dx } => self.write(dx, |memory, dx| {
                op.backward(&memory.floats(dy), &memory.floats(y), &memory.floats(divisor), dx)
            }),
            Gradient::LayerNormInput { op, dy, x, gamma, mean, rstd, dx } => self.write(dx, |memory, dx| {
                let [dy, x, gamma, mean, rstd] =
                    [dy, x, gamma, mean, rstd].map(|region| memory.floats(region));
                op.backward_input(&dy, &x, &gamma, &LayerNormStats { mean: &mean, rstd: &rstd }, dx)
            }),
            Gradient::LayerNormWeight { op, dy, x, mean, rstd, fixed, dgamma, dbeta } => {
                let [dy, x, mean, rstd] = [dy, x, mean, rstd].map(|region| self.floats(region));
                let (mut own, mut shift) = (vec![0; op.cols()], vec![0; op.cols()]);
                let stats = LayerNormStats { mean: &mean, rstd: &rstd };
                let result = op.backward_weight(&dy, &x, &stats, fixed, &mut own, &mut shift);
                for (region, more) in [(dgamma, own), (dbeta, shift)] {
                    self.add_up(region, |_, sums| {
                        sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.wrapping_add(more));
                        Ok(())
                    })?;
                }
                result
            }
            Gradient::RmsNormInput { op, dy, x, gamma, rstd, dx } => self.write(dx, |memory, dx| {
                let [dy, x, gamma, rstd] = [dy, x, gamma, rstd].map(|region| memory.floats(region));
                op.backward_input(&dy, &x, &gamma, &rstd, dx)
            }),
            Gradient::RmsNormWeight { op, dy, x, rstd, fixed, dgamma } => {
                self.add_up(dgamma, |memory, dgamma| {
                    let [dy, x, rstd] = [dy, x, rstd].map(|region| memory.floats(region));
                    op.backward_weight(&dy, &x, &rstd, fixed, dgamma)
                })
            }
            _ => unreachable!("not of a norm"),
        }
    }

    fn attention_gradients(
        &mut self,
        op: &AttnBackward,
        [keys, values]: [Precision; 2],
        operands: [&Region<f32>; 5],
        gradients: [&Region<f32>; 3],
    ) -> Result<(), Error> {
        let [dy, q, k, v, out] = operands.map(|region| self.floats(region));
        let (shape, sizes) = (*op.attn().shape(), op.sizes());
        let mut quantised = Digits::empty(shape.queries * shape.heads, shape.dim, keys);
        let by_row = QuantRow::new(shape.queries * shape.heads, shape.dim, keys)?;
        by_row.forward(&q, &mut quantised.planes, &mut quantised.scales)?;
        let rows = shape.keys * shape.kv_heads;
        let [mut of_keys, mut of_values] =
            [keys, values].map(|precision| Digits::empty(rows, shape.dim, precision));
        let mut logs = vec![0.0; rows];
        let mut cache = KvCache {
            key_planes: &mut of_keys.planes,
            key_scales: &mut of_keys.scales,
            value_planes: &mut of_values.planes,
            value_scales: &mut of_values.scales,
            value_logs: &mut logs,
        };
        let append = KvAppend::new(shape.keys, shape.kv_heads, shape.dim, keys, values)?;
        append.forward(0, &k, &v, &mut cache)?;
        let cache = KeysValues { keys: of_keys.view(), values: of_values.view(), logs: &logs };
        let saved = AttnSaved { q: &q, k: &k, out: &out, quantised: quantised.view(), cache };
        let (mut floats, mut room) = (vec![0.0; sizes.floats], Operands::new(sizes.planes, sizes.scales));
        let mut scratch = AttnScratch { floats: &mut floats, operands: room.lend() };
        let [mut dq, mut dk, mut dv] = gradients.map(|region| vec![f32::NAN; region.len()]);
        let mut found = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        let result = op.backward(&dy, &saved, &mut scratch, &mut found);
        for (region, gradient) in gradients.into_iter().zip([dq, dk, dv]) {
            self.put(region, &gradient);
        }
        result
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<(), Error> {
        match update {
            Update::Clear { sums } => {
                self.put_sums(sums, &vec![0; sums.len()]);
                Ok(())
            }
            Update::Means { sums, count, g } => {
                self.write(g, |memory, g| means(&memory.sums(sums), *count, g))
            }
            Update::Square { g, square } => self.write(square, |memory, square| {
                square[0] = ClipNorm::square(&memory.floats(g))?;
                Ok(())
            }),
            Update::Clip { factor, g } => {
                let mut values = self.floats(g);
                let result = ClipNorm::apply(self.floats(factor)[0], &mut values);
                self.put(g, &values);
                result
            }
            Update::Sgd { op, rate, g, velocity, parameter } => {
                let [mut kept, mut learned] = [velocity, parameter].map(|region| self.floats(region));
                let result = op.forward(*rate, &self.floats(g), &mut kept, &mut learned);
                self.put(velocity, &kept);
                self.put(parameter, &learned);
                result
            }
            Update::Adam { op, rate, powers, g, first, second, parameter } => {
                let [mut m, mut v, mut learned] =
                    [first, second, parameter].map(|region| self.floats(region));
                let mut moments = AdamMoments { first: &mut m, second: &mut v };
                let result = op.forward(*rate, *powers, &self.floats(g), &mut moments, &mut learned);
                self.put(first, &m);
                self.put(second, &v);
                self.put(parameter, &learned);
                result
            }
            Update::Quantise { x, to } => self.quantise(x, to),
            Update::Digest { x, hash } => {
                let bytes: Vec<u8> = self.floats(x).iter().flat_map(|x| x.to_le_bytes()).collect();
                let words = to_words(blake3::hash(&bytes).as_bytes());
                assert_eq!(words.len(), hash.len());
                self.upload(hash.start(), Source::U32(&words)).unwrap();
                Ok(())
            }
        }
    }

    fn quantise(&mut self, x: &Region<f32>, to: &QuantisedRegions) -> Result<(), Error> {
        let mut digits = Digits::empty(to.rows, to.depth, to.precision);
        let op = QuantRow::new(to.rows, to.depth, to.precision)?;
        let result = op.forward(&self.floats(x), &mut digits.planes, &mut digits.scales);
        self.upload(to.planes.start(), Source::I8(&digits.planes)).unwrap();
        self.put(&to.scales, &digits.scales);
        result
    }
}
