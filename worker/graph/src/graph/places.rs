//! Where the values of a pass lie: one block of memory has all of them, and those that are not needed at the same time
//! share room in it.

use std::cmp::Reverse;
use std::ops::Range;

use super::{Node, Rows};

/// Values share room as long as no more of them live, each counted at every node while it does: sixteen at each node of
/// the largest graph. For more, room would take long to find, and each value has a place of its own.
const MOST_LIVING: usize = 1 << 20;

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
        self.joined_floats(tokens, 1)
    }

    /// Floats of the block, for a pass that joins `units` units: over `tokens` tokens together.
    pub fn joined_floats(&self, tokens: usize, units: usize) -> usize {
        tokens.saturating_mul(self.tokens).saturating_add(units.saturating_mul(self.one))
    }

    /// Where the value of node `at` lies, in floats.
    pub fn of(&self, nodes: &[Node], at: usize, tokens: usize) -> Range<usize> {
        self.joined(nodes, at, tokens, 1)
    }

    /// [`Places::of`] a pass that joins `units` units: what has one row has one for each of them.
    pub fn joined(&self, nodes: &[Node], at: usize, tokens: usize, units: usize) -> Range<usize> {
        let (node, first) = (&nodes[at], self.starts[at]);
        let (start, rows) = match node.rows {
            Rows::Tokens => (tokens * first, tokens),
            Rows::One => (tokens * self.tokens + units * first, units),
        };
        start..start + rows * node.cols
    }
}

/// Places the values of one kind, the widest first, each as low as those let it that live when it does. Gives the columns
/// that all of them take.
fn place(nodes: &[Node], last_use: &[usize], rows: Rows, starts: &mut [usize]) -> usize {
    // A value lives from its own node up to the last that reads it, which writes another one.
    let life = |at: usize| at..nodes.len().min(last_use[at].saturating_add(1));
    let mut order: Vec<usize> = (0..nodes.len()).filter(|at| nodes[*at].rows == rows).collect();
    if order.iter().map(|at| life(*at).len()).sum::<usize>() > MOST_LIVING {
        return place_apart(nodes, &order, starts);
    }
    order.sort_by_key(|at| Reverse(nodes[*at].cols));
    let mut placed = vec![false; nodes.len()];
    // Of each node, those placed that live when it writes.
    let mut living: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut columns = 0;
    for at in order {
        let written_later = life(at).skip(1).filter(|other| placed[*other]);
        let mut others: Vec<usize> = living[at].iter().copied().chain(written_later).collect();
        others.sort_by_key(|other| starts[*other]);
        let mut start = 0;
        for other in others {
            if start + nodes[at].cols <= starts[other] {
                break;
            }
            start = start.max(starts[other] + nodes[other].cols);
        }
        starts[at] = start;
        placed[at] = true;
        life(at).for_each(|time| living[time].push(at));
        columns = columns.max(start + nodes[at].cols);
    }
    columns
}

/// A place for each value that no other has. Gives the columns that all of them take.
fn place_apart(nodes: &[Node], order: &[usize], starts: &mut [usize]) -> usize {
    order.iter().fold(0, |end, at| {
        starts[*at] = end;
        end + nodes[*at].cols
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Op;

    fn node(rows: Rows, cols: usize, inputs: &[usize]) -> Node {
        Node { name: String::new(), op: Op::Add, inputs: inputs.to_vec(), rows, cols }
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

    /// Asserts that values that live at the same time lie apart, and that all lie within the block, whether a pass is of
    /// one unit or joins several.
    fn assert_apart(nodes: &[Node], tokens: usize) {
        for units in 1..=3 {
            assert_joined_apart(nodes, tokens + units, units);
        }
        let (places, _) = placed(nodes);
        for (at, node) in nodes.iter().enumerate() {
            assert_eq!(places.of(nodes, at, tokens), places.joined(nodes, at, tokens, 1));
            assert_eq!(places.of(nodes, at, tokens).len(), node.rows.count(tokens) * node.cols);
        }
    }

    fn assert_joined_apart(nodes: &[Node], tokens: usize, units: usize) {
        let (places, last_use) = placed(nodes);
        let place = |at: usize| places.joined(nodes, at, tokens, units);
        for (a, last) in last_use.iter().enumerate() {
            let rows = if nodes[a].rows == Rows::Tokens { tokens } else { units };
            assert_eq!(place(a).len(), rows * nodes[a].cols);
            assert!(place(a).end <= places.joined_floats(tokens, units));
            for b in a + 1..nodes.len() {
                let together = b <= *last;
                let apart = place(a).end <= place(b).start || place(b).end <= place(a).start;
                assert!(apart || !together, "{a} and {b} of {tokens} tokens of {units} units");
            }
        }
    }

    #[test]
    fn values_that_live_at_the_same_time_lie_apart_and_others_share_room() {
        use Rows::{One, Tokens};
        // The feed-forward part of a layer, its residual sum, and a pooled row: at most 2 + 3·5 columns live at a time.
        let nodes = [
            node(Tokens, 2, &[]),
            node(Tokens, 2, &[0]),
            node(Tokens, 5, &[1]),
            node(Tokens, 5, &[1]),
            node(Tokens, 5, &[2, 3]),
            node(Tokens, 2, &[4]),
            node(Tokens, 2, &[0, 5]),
            node(One, 2, &[6]),
            node(One, 3, &[7]),
        ];
        let (places, _) = placed(&nodes);
        assert_eq!((places.floats(1), places.floats(10)), (17 + 5, 170 + 5));
        [1, 7].into_iter().for_each(|tokens| assert_apart(&nodes, tokens));
    }

    #[test]
    fn values_of_any_graph_lie_apart_while_they_live() {
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        let mut below = |bound: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % bound as u64) as usize
        };
        for graph in 0..300 {
            // Some graphs read what is near, some what lies far back.
            let reach = 1 + below(if graph % 2 == 0 { 4 } else { 60 });
            let mut nodes: Vec<Node> = Vec::new();
            for at in 0..1 + below(60) {
                let rows = if below(4) == 0 { Rows::One } else { Rows::Tokens };
                let inputs: Vec<usize> =
                    (0..below(4).min(at)).map(|_| at - 1 - below(reach.min(at))).collect();
                nodes.push(node(rows, 1 + below(9), &inputs));
            }
            assert_apart(&nodes, 1 + below(5));
        }
    }

    #[test]
    fn a_value_that_nothing_reads_is_not_written_over_others() {
        let nodes = [node(Rows::Tokens, 3, &[]), node(Rows::Tokens, 3, &[]), node(Rows::Tokens, 3, &[0])];
        let (places, _) = placed(&nodes);
        assert_eq!(places.floats(1), 6);
        assert_ne!(places.of(&nodes, 1, 1), places.of(&nodes, 0, 1));
    }

    #[test]
    fn where_most_values_live_to_the_end_no_room_is_looked_for() {
        // The last half reads the first half backwards.
        let columns = |count: usize| {
            let inputs = |at: usize| -> Vec<usize> {
                let back = (at >= count / 2).then(|| count - 1 - at);
                at.checked_sub(1).into_iter().chain(back).collect()
            };
            let nodes: Vec<Node> = (0..count).map(|at| node(Rows::Tokens, 1, &inputs(at))).collect();
            placed(&nodes).0.floats(1)
        };
        assert_eq!((columns(1 << 10), columns(1 << 16)), ((1 << 9) + 1, 1 << 16));
        // As many that live shortly share two places.
        let inputs = |at: usize| -> Vec<usize> { at.checked_sub(1).into_iter().collect() };
        let chain: Vec<Node> = (0..1 << 16).map(|at| node(Rows::Tokens, 4, &inputs(at))).collect();
        assert_eq!(placed(&chain).0.floats(1), 8);
    }
}
