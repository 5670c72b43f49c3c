"""What a program takes beside its operators: time for the trace, and memory."""

import json
import pathlib
import statistics

from sampling import print_row, run

MOST_TRACE = "<= 1.10"
MOST_MEMORY = "<= 1.30"


def trace_row(name: str, bench: str, program: pathlib.Path, ids: str) -> None:
    made = json.loads(run([bench, "trace", program], ids))
    traced, untraced = (statistics.median(made[which]) for which in ("traced", "untraced"))
    what = f"{name}, batch {made['batch']}, {made['path']}: job with trace vs without (less is better)"
    print_row(what, traced, untraced, MOST_TRACE, "s")


def memory_rows(name: str, bench: str, program: pathlib.Path, ids: str) -> None:
    made = json.loads(run([bench, "memory", program], ids))
    needed = made["weights"] + made["activations"]
    for which, of in (("loading", "peak memory while it is loaded"), ("running", "peak memory while it runs")):
        what = f"{name}: {of} vs weights + live activations (less is better)"
        print_row(what, made[which] / 1e6, needed / 1e6, MOST_MEMORY, "MB")
