//! The nodes of a graph as operators of a device.

use std::collections::BTreeMap;

use assay_exact::{
    Add, EmbedGather, Gelu, L2Norm, LayerNorm, Linear, MeanPool, Mul, Refused, RmsNorm, Rope, SiluMul, Tanh,
};
use assay_exec::resident::{Attention, CacheRegions, Operator, Part, QuantisedRegions, Region};

use crate::graph::Graph;
use crate::manifest::{self, Index, Op};

const NAME: Refused = Refused::Domain("name of a weight");
const INPUTS: Refused = Refused::Domain("inputs of a node");

/// What the nodes of a pass have in common: where weights and tokens lie.
pub(crate) struct Nodes<'p, 'a> {
    pub graph: &'a Graph,
    /// f32 weights by name.
    pub floats: &'a BTreeMap<String, Region<f32>>,
    /// Quantised weights by name.
    pub digits: &'a BTreeMap<String, QuantisedRegions>,
    /// Token ids of the pass.
    pub ids: Region<u32>,
    /// Their positions.
    pub positions: Region<u32>,
    /// The first row of each unit, and the number of all rows.
    pub bounds: Region<u32>,
    /// The slots of their units in caches, if there are any.
    pub slots: Region<u32>,
    /// The units.
    pub parts: &'p [Part],
}

impl<'p> Nodes<'p, '_> {
    /// Node `at`, of values that lie where `value` says; a norm writes `statistics`, one for each row, and an attention
    /// has the `cache`.
    pub fn operator(
        &self,
        at: usize,
        value: &dyn Fn(usize) -> Region<f32>,
        statistics: [Region<f32>; 2],
        cache: Option<CacheRegions>,
    ) -> Result<Operator<'p>, Refused> {
        let (node, y) = (&self.graph.nodes[at], value(at));
        let (cols, len) = (node.cols, y.len());
        let rows = len / cols;
        let input = |i: usize| node.inputs.get(i).map(|input| value(*input)).ok_or(INPUTS);
        Ok(match &node.op {
            Op::Add => Operator::Add { op: Add::new(len)?, a: input(0)?, b: input(1)?, y },
            Op::Mul => Operator::Mul { op: Mul::new(len)?, a: input(0)?, b: input(1)?, y },
            Op::SiluMul => Operator::SiluMul { op: SiluMul::new(len)?, x: input(0)?, u: input(1)?, y },
            Op::Gelu => Operator::Gelu { op: Gelu::new(len)?, x: input(0)?, y },
            Op::Tanh => Operator::Tanh { op: Tanh::new(len)?, x: input(0)?, y },
            Op::Last => Operator::Last { cols, x: input(0)?, bounds: self.bounds, y },
            Op::MeanPool => {
                // A device is told of all units at once: each has to fit by itself.
                self.parts.iter().try_for_each(|part| MeanPool::new(part.tokens, cols).map(|_| ()))?;
                Operator::MeanPool { cols, x: input(0)?, bounds: self.bounds, y }
            }
            Op::L2Norm { epsilon } => {
                let op = L2Norm::new(rows, cols, epsilon.get())?;
                Operator::L2Norm { op, x: input(0)?, y, divisor: statistics[0] }
            }
            Op::RmsNorm { epsilon, gamma } => {
                let (op, gamma) = (RmsNorm::new(rows, cols, epsilon.get())?, self.float(gamma)?);
                Operator::RmsNorm { op, x: input(0)?, gamma, y, rstd: statistics[0] }
            }
            Op::LayerNorm { beta, epsilon, gamma } => {
                let op = LayerNorm::new(rows, cols, epsilon.get())?;
                let (gamma, beta, [mean, rstd]) = (self.float(gamma)?, self.float(beta)?, statistics);
                Operator::LayerNorm { op, x: input(0)?, gamma, beta, y, mean, rstd }
            }
            Op::Linear { bias, precision, weight } => {
                let weight = self.digits(weight)?;
                let bias = bias.as_ref().map(|bias| self.float(bias)).transpose()?;
                let op = Linear::new(rows, weight.depth, cols, *precision)?;
                Operator::Linear { op, x: input(0)?, weight, bias, y }
            }
            Op::Embed { index, table } => self.embed(*index, table, y)?,
            Op::Rope { heads, table } => {
                let op = Rope::new(rows, *heads as usize, cols / *heads as usize)?;
                let (positions, [cos, sin]) = (self.positions, self.angles(table)?);
                Operator::Rope { op, cos, sin, positions, x: input(0)?, y }
            }
            Op::Attention(attention) => {
                let operands = [input(0)?, input(1)?, input(2)?, y];
                Operator::Attention(self.attention(cols, attention, operands, cache))
            }
        })
    }

    fn embed(&self, index: Index, name: &str, y: Region<f32>) -> Result<Operator<'p>, Refused> {
        let ids = self.ids(index);
        let (tokens, cols) = (ids.len(), y.len() / ids.len());
        if let Some(table) = self.floats.get(name) {
            let op = EmbedGather::new(tokens, table.len() / cols, cols)?;
            return Ok(Operator::Embed { op, ids, table: *table, y });
        }
        let table = self.digits(name)?;
        Ok(Operator::EmbedQuantised { op: EmbedGather::new(tokens, table.rows, cols)?, ids, table, y })
    }

    fn attention(
        &self,
        cols: usize,
        attention: &manifest::Attention,
        [q, k, v, y]: [Region<f32>; 4],
        cache: Option<CacheRegions>,
    ) -> Attention<'p> {
        let heads = attention.heads as usize;
        Attention {
            heads,
            kv_heads: attention.kv_heads as usize,
            dim: cols / heads,
            mask: attention.mask,
            scale: attention.scale.get(),
            keys: attention.keys,
            values: attention.values,
            weights: attention.weights,
            positions: self.positions,
            bounds: self.bounds,
            slots: self.slots,
            q,
            k,
            v,
            y,
            parts: self.parts,
            cache,
        }
    }

    /// What a table is looked up by.
    pub fn ids(&self, index: Index) -> Region<u32> {
        match index {
            Index::Ids => self.ids,
            Index::Positions => self.positions,
        }
    }

    /// The cosines and the sines of a rotation.
    pub fn angles(&self, table: &str) -> Result<[Region<f32>; 2], Refused> {
        Ok([self.float(&format!("{table}.cos"))?, self.float(&format!("{table}.sin"))?])
    }

    /// An f32 weight.
    pub fn float(&self, name: &str) -> Result<Region<f32>, Refused> {
        self.floats.get(name).copied().ok_or(NAME)
    }

    fn digits(&self, name: &str) -> Result<QuantisedRegions, Refused> {
        self.digits.get(name).copied().ok_or(NAME)
    }
}
