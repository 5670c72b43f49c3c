"""Measures the compute core beside its peers; prints rows for scripts/bench.

Usage: rows.py ASSAY_BENCH MODEL_DIRECTORY DIRECTORY [PART ...], by a Python that has the peers
    PART  minilm, products, sliced, attention, decoder, training, kernels or instructions (default: all of them);
          keep-instructions counts, and keeps the counts

What is made for it, in a new directory in DIRECTORY, is deleted. Ours and the peer take turns; a row has the medians.
No instruction set is capped but where a row says so. The parts behind one that fails go on; the status is then 1.
"""

import functools
import pathlib
import sys
import tempfile

import decoder_rows
import embedding_rows
import instruction_rows
import kernel_rows
import operator_rows
import training_rows
from sampling import BenchError

PARTS = {
    "minilm": embedding_rows.rows,
    "products": operator_rows.product_rows,
    "sliced": operator_rows.sliced_rows,
    "attention": operator_rows.attention_rows,
    "decoder": decoder_rows.rows,
    "training": training_rows.rows,
    "kernels": kernel_rows.rows,
    "instructions": instruction_rows.rows,
}
OTHERS = {"keep-instructions": functools.partial(instruction_rows.rows, write=True)}


def main() -> int:
    bench, model, directory, *parts = sys.argv[1:]
    known = PARTS | OTHERS
    if unknown := [part for part in parts if part not in known]:
        print(f"exact: no {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    status = 0
    for part in parts or PARTS:
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            try:
                known[part](bench, model, pathlib.Path(scratch))
            except (BenchError, OSError, ValueError, KeyError) as error:
                print(f"exact: {part}: {error}", file=sys.stderr)
                status = 1
    return status


sys.exit(main())
