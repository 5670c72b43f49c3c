//! Where the values of a pass lie: one block of memory has all of them, and those that are not needed at the same time
//! share room in it.

use std::cmp::Reverse;
use std::ops::Range;

use super::{Node, Rows};

/// A place for the value of each node. Values with a row for each token lie together, each from a column on that is
/// multiplied by the tokens of the pass; behind them come those with one row. So the places fit any number of tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The first column of each node's value, among those of its kind.
    starts: Vec<usize>,
    /// Columns of all values with a row for each token.
    tokens: usize,
    /// Columns of all values with one row.
    one: usize,
}

impl Places {
    /// Of nodes, and for each the last that reads its value: itself where none does, one behind all for the output.
    pub fn new(nodes: &[Node], last_use: &[usize]) -> Self {
        let mut starts = vec![0; nodes.len()];
        let [tokens, one] = [Rows::Tokens, Rows::One].map(|rows| place(nodes, last_use, rows, &mut starts));
        Self { starts, tokens, one }
    }

    /// Floats of the block, for a pass over `tokens` tokens.
    pub fn floats(&self, tokens: usize) -> usize {
        tokens.saturating_mul(self.tokens).saturating_add(self.one)
    }

    /// Where the value of node `at` lies, in floats.
    pub fn of(&self, nodes: &[Node], at: usize, tokens: usize) -> Range<usize> {
        let (node, first) = (&nodes[at], self.starts[at]);
        let start = match node.rows {
            Rows::Tokens => tokens * first,
            Rows::One => tokens * self.tokens + first,
        };
        start..start + node.rows.count(tokens) * node.cols
    }
}

/// Places the values of one kind, the widest first, each as low as those let it that live when it does. Gives the columns
/// that all of them take.
fn place(nodes: &[Node], last_use: &[usize], rows: Rows, starts: &mut [usize]) -> usize {
    let mut order: Vec<usize> = (0..nodes.len()).filter(|at| nodes[*at].rows == rows).collect();
    order.sort_by_key(|at| Reverse(nodes[*at].cols));
    // In the order of their starts.
    let mut placed: Vec<usize> = Vec::with_capacity(order.len());
    let mut columns = 0;
    for at in order {
        let mut start = 0;
        // A value lives from its own node up to the last that reads it, which writes another one.
        for other in placed.iter().copied().filter(|other| at <= last_use[*other] && *other <= last_use[at]) {
            if start + nodes[at].cols <= starts[other] {
                break;
            }
            start = start.max(starts[other] + nodes[other].cols);
        }
        starts[at] = start;
        columns = columns.max(start + nodes[at].cols);
        placed.insert(placed.partition_point(|other| starts[*other] <= start), at);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Op;

    /// Nodes of these rows and columns, which read those before them.
    fn nodes(sizes: &[(Rows, usize, &[usize])]) -> Vec<Node> {
        let node = |(rows, cols, inputs): &(Rows, usize, &[usize])| Node {
            name: String::new(),
            op: Op::Add,
            inputs: inputs.to_vec(),
            rows: *rows,
            cols: *cols,
        };
        sizes.iter().map(node).collect()
    }

    /// Their places, the last one being the output.
    fn placed(nodes: &[Node]) -> (Places, Vec<usize>) {
        let mut last_use: Vec<usize> = (0..nodes.len()).collect();
        for (at, node) in nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| last_use[*input] = at);
        }
        last_use[nodes.len() - 1] = usize::MAX;
        (Places::new(nodes, &last_use), last_use)
    }

    #[test]
    fn values_that_live_at_the_same_time_lie_apart_and_others_share_room() {
        use Rows::{One, Tokens};
        // The feed-forward part of a layer, its residual sum, and a pooled row: at most 2 + 3·5 columns live at a time.
        let nodes = nodes(&[
            (Tokens, 2, &[]),
            (Tokens, 2, &[0]),
            (Tokens, 5, &[1]),
            (Tokens, 5, &[1]),
            (Tokens, 5, &[2, 3]),
            (Tokens, 2, &[4]),
            (Tokens, 2, &[0, 5]),
            (One, 2, &[6]),
            (One, 3, &[7]),
        ]);
        let (places, last_use) = placed(&nodes);
        assert_eq!((places.floats(1), places.floats(10)), (17 + 5, 170 + 5));
        for tokens in [1, 7] {
            let place = |at: usize| places.of(&nodes, at, tokens);
            for (a, last) in last_use.iter().enumerate() {
                assert_eq!(place(a).len(), nodes[a].rows.count(tokens) * nodes[a].cols);
                assert!(place(a).end <= places.floats(tokens));
                for b in a + 1..nodes.len() {
                    let together = b <= *last;
                    let apart = place(a).end <= place(b).start || place(b).end <= place(a).start;
                    assert!(apart || !together, "{a} and {b} of {tokens} tokens");
                }
            }
        }
    }

    #[test]
    fn a_value_that_nothing_reads_is_not_written_over_others() {
        let nodes = nodes(&[(Rows::Tokens, 3, &[]), (Rows::Tokens, 3, &[]), (Rows::Tokens, 3, &[0])]);
        let (places, _) = placed(&nodes);
        assert_eq!(places.floats(1), 6);
        assert_ne!(places.of(&nodes, 1, 1), places.of(&nodes, 0, 1));
    }
}
