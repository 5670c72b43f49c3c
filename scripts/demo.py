"""The phases of the demonstration. scripts/demo starts it beside a network of the preset `test`.

Usage: demo.py --program ASSAY --model DIRECTORY --directory DIRECTORY [--keep]
"""

import argparse
import json
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import chain
from demo_network import Failed, Network, fail, say, wait_for

LIAR = "Eve"
SENTENCES = 32
SMALL_SENTENCES = 4
MAX_SMALL_JOBS = 10
# Of the job in which a worker is killed.
MAX_UNITS = 20
STEPS = 60
RECIPE = ("--steps", str(STEPS), "--units", "4", "--tokens", "64", "--rate", "0.005")
PROMPTS = ("The licence ", "You may ")
TOKENS = 120

SECONDS_PER_JOB = 240
SECONDS_PER_SLASH = 120
ASY = 10**12


def best() -> int:
    return int(chain.call("chain_getHeader")["number"], 16)


def prose(path: pathlib.Path) -> str:
    """The paragraphs of a text: no headings, lists, tables and code."""
    blocks = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL).split("\n\n")
    return "\n\n".join(block.strip() for block in blocks if not block.lstrip().startswith(("#", "|", "-", "*", "`")))


def text() -> str:
    """Real text: the licence and the documents of this repository."""
    files = (pathlib.Path("LICENSE"), *sorted(pathlib.Path(".").glob("*/*/README.md")))
    return "\n\n".join(prose(path) for path in files)


def sentences() -> list[str]:
    """Sentences of it, each on a line."""
    flat = " ".join(text().split())
    found = (sentence.strip() for sentence in re.split(r"(?<=[.;])\s", flat))
    return [sentence for sentence in found if 40 <= len(sentence) <= 160]


def asy(planck) -> str:
    """An amount in ASY, exactly."""
    whole, rest = divmod(int(planck), ASY)
    return f"{whole}.{rest:012}".rstrip("0").rstrip(".")


class Job:
    """A job on its way, and everything that is known of it when it has ended."""

    def __init__(self, network: Network, what: str, kind: str, *arguments: str):
        self.network = network
        self.what = what
        self.start = time.monotonic()
        self.submitted = network.requester.assay("job", "submit", kind, *arguments)
        self.id = self.submitted["job"]
        self.units = self.submitted["units"]
        self.first_block = self.submitted["block"]
        self.seats: list[dict] = []
        self.marks: dict[str, tuple[int, float]] = {"posted": (self.first_block, time.monotonic())}
        self.ended: dict = {}
        # Of the liar, as soon as the job has ended: a slash that was taken is not shown any more.
        self.slashes: list[dict] = []
        say(f"job {self.id}: {what}, {self.units} units, {self.submitted['hold']} ASY on hold")

    def look(self) -> bool:
        """Looks at the chain; says what is new. Whether the job has ended."""
        state = chain.call("assay_job", self.id)
        if state is None:
            raise Failed(f"job {self.id} is not on the chain any more")
        if state["state"] == "ended":
            self.mark("settled")
            return True
        self.seats = state["seats"]
        phase = state["phase"]
        self.mark(f"{phase['kind']} {phase.get('round', '')}".strip())
        return False

    def mark(self, phase: str):
        if phase in self.marks:
            return
        self.marks[phase] = (best(), time.monotonic())
        owners = ", ".join(f"{self.name(seat)} {seat['stage']['kind']}" for seat in self.seats)
        say(f"job {self.id}: block {self.marks[phase][0]}, {phase}{f' ({owners})' if owners else ''}")

    def name(self, seat: dict) -> str:
        return self.network.names.get(seat["owner"], seat["owner"])

    def finish(self, pause: float = 0.3):
        wait_for(f"the end of job {self.id}", SECONDS_PER_JOB + self.units, self.look, pause)
        self.ended = self.network.requester.assay("job", "watch", str(self.id))
        if self.ended["outcome"] not in ("agreed", "decided"):
            raise Failed(f"job {self.id} ended {self.ended['outcome']}, so it has no result")
        if self.sat(LIAR):
            self.slashes = self.network.owners[LIAR].assay("stake", "status")["slashes"]
        self.network.check()
        return self

    def result(self, file: pathlib.Path) -> pathlib.Path:
        self.network.requester.assay("job", "result", str(self.id), "--out", str(file))
        return file

    def sat(self, name: str) -> bool:
        return any(self.name(seat) == name for seat in self.seats)

    def report(self) -> dict:
        """For machines."""
        phases = list(self.marks.items())
        lengths = [
            {"phase": name, "blocks": later[0] - block, "seconds": round(later[1] - at, 1)}
            for (name, (block, at)), (_, later) in zip(phases, phases[1:])
        ]
        return {
            "id": self.id,
            "what": self.what,
            "units": self.units,
            "outcome": self.ended["outcome"],
            "program": self.ended["program"],
            "input": self.ended["input"],
            "claim": self.ended["claim"],
            "seats": [
                {"owner": self.name(seat), "round": seat["round"], "stage": seat["stage"]["kind"]}
                for seat in self.seats
            ],
            "price": self.ended["price"],
            "paid": self.ended["paid"],
            "burnt": self.ended["burnt"],
            "treasury": self.ended["treasury"],
            "refunded": self.ended["refunded"],
            "blocks": self.ended["ended"] - self.ended["posted"],
            "seconds": round(self.marks["settled"][1] - self.start, 1),
            "phases": lengths,
            "verify": f"assay job verify {self.id}",
        }


class Demo:
    def __init__(self, network: Network, model: pathlib.Path):
        self.network = network
        self.source = model
        self.directory = network.directory
        self.requester = network.requester
        self.jobs: list[Job] = []
        self.slashes: list[dict] = []
        self.before = self.balances()

    def job(self, what: str, kind: str, *arguments: str) -> Job:
        job = Job(self.network, what, kind, *arguments)
        self.jobs.append(job)
        return job

    def write(self, name: str, content: str) -> str:
        path = self.directory / name
        path.write_text(content)
        return str(path)

    def run(self):
        self.embed()
        self.train_and_write()
        self.catch_the_liar()
        self.lose_a_worker()
        self.verify()

    def embed(self):
        say("a model that others have trained: all-MiniLM-L6-v2 as a program of exact-v1")
        self.requester.assay("model", "import", str(self.source), self.model("minilm"), "--max-tokens", "128")
        lines = sentences()[:SENTENCES]
        file = self.write("sentences.txt", "\n".join(lines))
        job = self.job(f"embed {len(lines)} sentences", "embed", self.model("minilm"), file).finish()
        vectors = json.loads(job.result(self.directory / "vectors.json").read_text())["embeddings"]
        if len(vectors) != len(lines):
            raise Failed(f"job {job.id} gave {len(vectors)} vectors for {len(lines)} sentences")
        likeness, one, other = max(
            (sum(x * y for x, y in zip(a, b)), one, other)
            for one, a in enumerate(vectors)
            for other, b in enumerate(vectors[:one])
        )
        say(f"the two sentences most alike (cosine {likeness:.3f}): {lines[other]!r} and {lines[one]!r}")

    def model(self, name: str) -> str:
        return str(self.directory / "models" / name)

    def train_and_write(self):
        say("a model of our own: a small decoder learns to write from real text")
        training, writer = self.model("training"), self.model("writer")
        self.requester.assay("model", "import", "decoder:small", training, *RECIPE)
        job = self.job(f"train {STEPS} steps", "train", training, self.write("text.txt", text())).finish()
        checkpoint = job.result(self.directory / "checkpoint.safetensors")
        losses = json.loads(job.result(self.directory / "losses.json").read_text())["losses"]
        say(f"loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last")
        if losses[-1] >= losses[0]:
            raise Failed(f"job {job.id} learnt nothing: its loss went from {losses[0]} to {losses[-1]}")
        self.requester.assay("model", "import", "decoder:small", writer, "--checkpoint", str(checkpoint))
        listed = self.requester.assay("model", "publish", writer, "--licence", "Apache-2.0", "--royalty", "1%")
        say(f"the checkpoint is listed as {listed['listing']}, version {listed['version']}")
        prompts = [argument for prompt in PROMPTS for argument in ("--prompt", prompt)]
        version = f"{listed['listing']}:{listed['version']}"
        arguments = (writer, *prompts, "--tokens", str(TOKENS), "--listing", version)
        job = self.job(f"write {len(PROMPTS)} texts", "generate", *arguments).finish()
        texts = job.result(self.directory / "texts.txt").read_text()
        say(f"it writes after {PROMPTS[0]!r}: {texts[:TOKENS]!r}")

    def small_job(self, number: int) -> Job:
        """An embedding of a few sentences, others each time."""
        lines = sentences()
        first = number * SMALL_SENTENCES % (len(lines) - SMALL_SENTENCES)
        file = self.write("few.txt", "\n".join(lines[first : first + SMALL_SENTENCES]))
        return self.job(f"embed {SMALL_SENTENCES} sentences", "embed", self.model("minilm"), file)

    def catch_the_liar(self):
        caught = [job for job in self.jobs if job.sat(LIAR)]
        for number in range(MAX_SMALL_JOBS):
            if caught:
                break
            job = self.small_job(number).finish()
            caught = [job] if job.sat(LIAR) else []
        if not caught:
            raise Failed(f"{LIAR} got no seat in {len(self.jobs)} jobs: run it again")
        job = caught[0]
        if job.ended["outcome"] != "decided":
            raise Failed(f"{LIAR} lied in job {job.id}, which ended {job.ended['outcome']} without fresh seats")
        say(f"{LIAR} lied in job {job.id}: fresh seats found it out; its slash waits for the end of its window")
        self.watch_slash(job)

    def watch_slash(self, job: Job):
        if not job.slashes:
            raise Failed(f"job {job.id}: no slash of {LIAR} waited when it had ended")
        faults = ", ".join(sorted({slash["fault"] for slash in job.slashes}))
        liar = self.network.owners[LIAR]
        bonded = int(chain.call("assay_ledger", liar.address)["provider"]["active"])
        waiting = chain.call("assay_pendingSlashes", liar.address, None, 10)["items"]
        # Where the window was over before, the bond is less already.
        charged = sum(int(slash["amount"]) for slash in waiting)

        def is_taken() -> bool:
            return not chain.call("assay_pendingSlashes", liar.address, None, 10)["items"]

        wait_for(f"the slash of {LIAR}", SECONDS_PER_SLASH, is_taken)
        left = int(chain.call("assay_ledger", liar.address)["provider"]["active"])
        lost = int(self.before[LIAR]["bonded"]) - left
        if lost <= 0 or (waiting and bonded - left != charged):
            raise Failed(f"{LIAR} had {asy(bonded)} ASY bonded, was to lose {asy(charged)}, has {asy(left)}")
        self.slashes.append({"owner": LIAR, "job": job.id, "fault": faults, "taken": asy(lost)})
        say(f"{LIAR} has lost {asy(lost)} ASY of its bond ({faults}), and is in jail")

    def lose_a_worker(self):
        lines = sentences()
        count = len(lines)
        file = self.write("last.txt", "\n".join(lines))
        while self.estimate(file) > MAX_UNITS:
            count = count * 2 // 3
            file = self.write("last.txt", "\n".join(lines[:count]))
        job, victim = self.kill_a_seat(f"embed {count} sentences, and a worker dies", file)
        job.finish()
        missed = [seat for seat in job.seats if seat["stage"]["kind"] == "missed"]
        if [job.name(seat) for seat in missed] != [victim]:
            raise Failed(f"job {job.id}: {victim}'s seat should be the one that was missed, not {missed}")
        later = [seat for seat in job.seats if seat["seat"] > missed[0]["seat"]]
        # It may have been the audit's.
        refills = [seat for seat in later if seat["round"] == missed[0]["round"]]
        if not any(job.name(seat) != victim for seat in refills):
            raise Failed(f"job {job.id}: {victim}'s seat was not refilled")
        say(f"job {job.id}: {victim}'s seat went to {job.name(refills[-1])}, and the job settled")

    def kill_a_seat(self, what: str, file: str) -> tuple[Job, str]:
        """Posts a job and kills the first worker drawn for it, and none of them acts in between: a commit can't be on
        its way yet."""
        self.network.pause_workers()
        try:
            job = self.job(what, "embed", self.model("minilm"), file)
            victim = wait_for(f"the draw of job {job.id}", SECONDS_PER_JOB, lambda: self.assigned(job), 0.05)
            self.network.kill(victim)
        finally:
            self.network.resume_workers()
        say(f"job {job.id}: killed {victim}'s worker before it could commit")
        return job, victim

    def estimate(self, file: str) -> int:
        return self.requester.assay("job", "estimate", "embed", self.model("minilm"), file)["units"]

    def assigned(self, job: Job) -> str | None:
        """Who has a seat and has not committed."""
        job.look()
        seats = (seat for seat in job.seats if seat["stage"]["kind"] == "assigned")
        return next((job.name(seat) for seat in seats), None)

    def verify(self):
        """Anyone can: what is computed here is compared with what the chain paid for."""
        for job in self.jobs:
            self.requester.assay("job", "verify", str(job.id))
            say(f"job {job.id}: computed again, the chain is right")

    def balances(self) -> dict[str, dict]:
        accounts = {"requester": self.requester, **self.network.owners}
        found = {}
        for name, account in accounts.items():
            status = account.assay("stake", "status")
            bonds = status["bonds"]
            bonded = planck(bonds["provider"]["active"]) if bonds else 0
            found[name] = {"free": planck(status["free"]), "bonded": bonded}
        return found

    def report(self) -> dict:
        after = self.balances()
        balances = [
            {
                "account": name,
                "freeBefore": asy(before["free"]),
                "freeAfter": asy(after[name]["free"]),
                "bondedBefore": asy(before["bonded"]),
                "bondedAfter": asy(after[name]["bonded"]),
            }
            for name, before in self.before.items()
        ]
        return {"jobs": [job.report() for job in self.jobs], "slashes": self.slashes, "balances": balances}


def planck(amount: str) -> int:
    """The planck of an amount in ASY."""
    whole, _, rest = amount.partition(".")
    return int(whole) * ASY + int(rest.ljust(12, "0") or "0")


def table(header: list[str], rows: list[list]) -> str:
    cells = [header, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells)
    return "\n".join(lines)


def show(report: dict):
    def root(job: dict) -> str:
        return job["claim"]["computed"]["result"][:18] + "…"

    def fee(job: dict) -> str:
        return asy(planck(job["burnt"]) + planck(job["treasury"]))

    rows = [
        [job["id"], job["what"], job["outcome"], job["units"], root(job), job["paid"], fee(job), job["refunded"],
         job["blocks"], job["seconds"]]
        for job in report["jobs"]
    ]
    header = ["job", "what", "outcome", "units", "result", "paid", "fee", "refunded", "blocks", "seconds"]
    print(f"\n{table(header, rows)}\n")
    seats = [
        [job["id"], ", ".join(f"{seat['owner']} ({seat['round']}, {seat['stage']})" for seat in job["seats"])]
        for job in report["jobs"]
    ]
    print(f"{table(['job', 'seats, as of the block before its end'], seats)}\n")
    phases = [
        [job["id"], ", ".join(f"{part['phase']} {part['blocks']} ({part['seconds']} s)" for part in job["phases"])]
        for job in report["jobs"]
    ]
    print(f"{table(['job', 'blocks and seconds of each phase'], phases)}\n")
    slashes = [list(slash.values()) for slash in report["slashes"]]
    print(f"{table(['slashed', 'job', 'for', 'ASY'], slashes)}\n")
    balances = [list(balance.values()) for balance in report["balances"]]
    print(f"{table(['account', 'free before', 'free after', 'bonded before', 'bonded after'], balances)}\n")
    print("\n".join(job["verify"] for job in report["jobs"]))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--directory", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    # As Ctrl-C does: what was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    network = None
    try:
        network = Network(options.program, options.directory, LIAR)
        network.start()
        demo = Demo(network, options.model)
        demo.run()
        report = demo.report()
        (options.directory / "report.json").write_text(json.dumps(report, indent=2) + "\n")
        show(report)
        if options.keep:
            network.show_urls()
            say("everything is left running; Ctrl-C stops it")
            threading.Event().wait()
    except KeyboardInterrupt:
        return 130
    except (Failed, chain.RpcError, subprocess.TimeoutExpired) as error:
        return fail(error)
    finally:
        if network:
            network.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
