"""Measures the worker and the chain beside a network; writes rows for scripts/bench.

Usage: worker.py ASSAY KEYS DIRECTORY ROWS, with ASSAY_RPC set. KEYS has a key file for each requester; everything that
the workers write is in DIRECTORY; the rows go to the file ROWS.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import queue
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import chain
from demo_network import Account, Failed, Network, fail, say, wait_for

# Of each kind, audited or not, fifty at least: more jobs follow where these had fewer.
LIGHT_JOBS = 110
MORE_JOBS = 10
LEAST_OF_A_KIND = 50
# At once: few enough that they don't wait for each other.
LIGHT_LANES = 4
RATE_JOBS = 80
HEAVY_JOBS = 12
IDLE_SECONDS = 60
SECONDS_PER_JOB = 120

GOALS = {False: "<= 12", True: "<= 14"}
# Runs one after the other: those of the first seats side by side, then the audit's.
RUNS_IN_TURN = {False: 1, True: 2}

PROMPT = "The licence"
TOKENS = 100
# Prompts of a job that takes about a second; the first guess, and how often it is made better.
PROMPTS = 50
GUESSES = 4
NEAR_A_SECOND = (0.85, 1.15)

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Settled:
    """A job from the block that posted it to the block that settled it."""

    audited: bool
    # Of the chain: the market clock stands still in some.
    blocks: int
    # Seconds since 1970.
    posted: float
    settled: float


@dataclasses.dataclass(frozen=True)
class Work:
    """What the workers of a network have done and taken, all together."""

    at: float
    runs: int
    # By the clock, from the start of a run's process to its end.
    run_seconds: float
    # Of processors: by the workers themselves, and by their runs.
    own: float
    in_runs: float

    def since(self, before: "Work") -> "Work":
        fields = (field.name for field in dataclasses.fields(self))
        return Work(*(getattr(self, name) - getattr(before, name) for name in fields))

    @property
    def run(self) -> float:
        """Seconds of a run, on average."""
        return self.run_seconds / self.runs


def figures(worker: Account) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{worker.admin}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}


def processor_seconds(pid: int) -> tuple[float, float]:
    """Of a process, and of its children that have ended."""
    # The name before these fields may have spaces in it.
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, of_children, system_of_children = (int(ticks) / TICKS_PER_SECOND for ticks in fields[11:15])
    return user + system, of_children + system_of_children


def resident_megabytes(pid: int) -> float:
    kibibytes = re.search(r"^VmRSS:\s+(\d+) kB$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(kibibytes[1]) * 1024 / 1e6


class Bench:
    def __init__(self, network: Network, keys: list[pathlib.Path]):
        self.network = network
        self.requester = network.requester
        self.keys = keys
        self.writer = str(network.directory / "writer")
        self.slot = chain.call("assay_networkInfo")["slotMillis"] / 1000
        self.rows: list[dict] = []

    def row(self, name: str, ours: float, unit: str, peer: float | None = None, goal: str | None = None):
        ratio = ours / peer if peer else None
        self.rows.append({"name": name, "ours": ours, "peer": peer, "ratio": ratio, "goal": goal, "unit": unit})
        say(f"{name}: {ours:.2f} {unit}")

    def pids(self) -> list[int]:
        return [self.network.processes[worker.name].pid for worker in self.network.workers.values()]

    def work(self) -> Work:
        told = [figures(worker) for worker in self.network.workers.values()]
        own, in_runs = map(sum, zip(*map(processor_seconds, self.pids())))
        runs, seconds = (sum(each[f"assay_worker_run_seconds_{what}"] for each in told) for what in ("count", "sum"))
        return Work(time.monotonic(), int(runs), seconds, own, in_runs)

    def rest(self):
        """Waits until no worker has anything to do."""

        def idle() -> bool:
            told = (figures(worker) for worker in self.network.workers.values())
            return not any(value for each in told for name, value in each.items() if "worker_seats" in name)

        wait_for("the end of all seats", SECONDS_PER_JOB, idle)
        self.network.check()

    def post(self, key: pathlib.Path, kind: str, *arguments: str) -> dict:
        """Posts a job as soon as enough providers have room for one."""

        def posted() -> dict | None:
            try:
                return self.requester.assay("--key", str(key), "job", "submit", kind, *arguments)
            except Failed as error:
                if "TooFewProviders" not in str(error):
                    raise
                return None

        return wait_for("room for a job", SECONDS_PER_JOB, posted, self.slot)

    def settle(self, key: pathlib.Path, kind: str, *arguments: str) -> tuple[int, Settled]:
        """Posts a job, and waits until it is settled; its number besides."""
        submitted = self.post(key, kind, *arguments)
        job, posted = submitted["job"], submitted["block"]
        receipt = wait_for(f"the end of job {job}", SECONDS_PER_JOB, lambda: chain.call("assay_receipt", job), 0.3)
        if receipt["outcome"] != "agreed":
            raise Failed(f"job {job} ended {receipt['outcome']}, though nobody lies")
        settled = settled_in(posted, receipt)
        times = (chain.timestamp(chain.call("chain_getBlockHash", block)) / 1000 for block in (posted, settled))
        return job, Settled(receipt["audited"], settled - posted, *times)

    def settle_many(self, jobs: int, lanes: int, prompts: int, tokens: int) -> list[Settled]:
        """Settles jobs of one size, as many at once as there are lanes."""
        say(f"{jobs} jobs of {prompts} prompts and {tokens} tokens after each, {lanes} at once")
        file = self.network.directory / f"prompts-{prompts}"
        file.write_text(f"{PROMPT}\n" * prompts)
        keys: queue.SimpleQueue = queue.SimpleQueue()
        for key in self.keys[:lanes]:
            keys.put(key)

        def one(_: int) -> Settled:
            key = keys.get()
            try:
                arguments = (self.writer, "--prompts", str(file), "--tokens", str(tokens))
                return self.settle(key, "generate", *arguments)[1]
            finally:
                keys.put(key)

        with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
            return list(pool.map(one, range(jobs)))

    def make_model(self):
        """A model that writes, with what a job of a few steps has learnt: that is a beginning, and no more."""
        training = str(self.network.directory / "training")
        checkpoint = str(self.network.directory / "checkpoint.safetensors")
        recipe = ("--steps", "20", "--units", "1", "--tokens", "16")
        self.requester.assay("model", "import", "decoder:tiny", training, *recipe)
        job, _ = self.settle(self.keys[0], "train", training, "LICENSE")
        # Results are there once the end of the job is final.
        self.requester.assay("job", "watch", str(job))
        self.requester.assay("job", "result", str(job), "--out", checkpoint)
        self.requester.assay("model", "import", "decoder:tiny", self.writer, "--checkpoint", checkpoint)

    def measure(self):
        self.make_model()
        self.measure_blocks()
        self.measure_rate()
        prompts = self.prompts_of_a_second()
        self.rest()
        idle = self.measure_idle()
        self.measure_overhead(prompts, idle)

    def measure_blocks(self):
        before = self.work()
        settled = self.settle_many(LIGHT_JOBS, LIGHT_LANES, 1, 1)
        while min(sum(job.audited == audited for job in settled) for audited in GOALS) < LEAST_OF_A_KIND:
            settled += self.settle_many(MORE_JOBS, LIGHT_LANES, 1, 1)
        run = self.work().since(before).run
        for audited, goal in GOALS.items():
            blocks = [job.blocks for job in settled if job.audited == audited]
            compute = RUNS_IN_TURN[audited] * run / self.slot
            what = f"post to settled less compute, {kind(audited)}: median of {len(blocks)} jobs"
            self.row(what, statistics.median(blocks) - compute, "blocks", goal=goal)

    def measure_rate(self):
        lanes = len(self.keys)
        settled = self.settle_many(RATE_JOBS, lanes, 1, 1)
        seconds = max(job.settled for job in settled) - min(job.posted for job in settled)
        what = f"settled on the demo network, {RATE_JOBS} jobs, {lanes} requesters with one each at a time"
        self.row(what, 60 * len(settled) / seconds, "jobs/min")

    def prompts_of_a_second(self) -> int:
        prompts = PROMPTS
        for _ in range(GUESSES):
            before = self.work()
            self.settle_many(1, 1, prompts, TOKENS)
            run = self.work().since(before).run
            if NEAR_A_SECOND[0] <= run <= NEAR_A_SECOND[1]:
                break
            prompts = max(1, round(prompts / run))
        return prompts

    def measure_idle(self) -> Work:
        say(f"{IDLE_SECONDS} s without a job")
        before = self.work()
        time.sleep(IDLE_SECONDS)
        idle = self.work().since(before)
        workers = len(self.network.workers)
        self.row(f"idle worker: processor over {IDLE_SECONDS} s", 100 * idle.own / idle.at / workers, "% of a core")
        resident = statistics.mean(map(resident_megabytes, self.pids()))
        self.row("idle worker: memory (RSS), after its share of the jobs above", resident, "MB")
        return idle

    def measure_overhead(self, prompts: int, idle: Work):
        before = self.work()
        settled = self.settle_many(HEAVY_JOBS, 1, prompts, TOKENS)
        self.rest()
        taken = self.work().since(before)
        for audited, runs in RUNS_IN_TURN.items():
            seconds = [job.settled - job.posted for job in settled if job.audited == audited]
            if seconds:
                compute = runs * taken.run
                what = f"job of {taken.run:.2f} s, {kind(audited)}: post to settled less compute vs compute"
                self.row(f"{what} (less is better)", statistics.median(seconds) - compute, "s", peer=compute)
        # What following the chain takes anyway is the idle worker's row.
        own = taken.own - idle.own / idle.at * taken.at
        what = f"job of {taken.run:.2f} s: processor of all workers beside the runs vs in the runs (less is better)"
        self.row(what, own / len(settled), "s/job", peer=taken.in_runs / len(settled))


def settled_in(posted: int, receipt: dict) -> int:
    """The block of the chain in which a job was settled that this one posted. Its receipt is of the market clock."""
    block = posted + receipt["ended"] - receipt["posted"]
    while chain.market_block(chain.call("chain_getBlockHash", block)) < receipt["ended"]:
        block += 1
    return block


def kind(audited: bool) -> str:
    return "audited" if audited else "unaudited"


def main(arguments: list[str]) -> int:
    assay, keys, directory, rows = map(pathlib.Path, arguments)
    # As Ctrl-C does: what was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    network = None
    try:
        network = Network(assay, directory)
        network.start()
        bench = Bench(network, sorted(keys.iterdir()))
        bench.measure()
        rows.write_text("".join(f"{json.dumps(row)}\n" for row in bench.rows))
    except KeyboardInterrupt:
        return 130
    except (Failed, chain.RpcError, OSError, subprocess.TimeoutExpired) as error:
        return fail(error)
    finally:
        if network:
            network.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
