"""The accounts, workers and blob server beside a network's validators, and how the program `assay` is called: for the
demonstration and for the benchmark of the worker."""

import concurrent.futures
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import chain

# The development accounts that validate nothing. Each owner has a worker with a key of its own.
OWNERS = ("Charlie", "Dave", "Eve", "Ferdie", "One", "Two")
REQUESTER = "Bob"
BOND = "10000"
CAPACITY = "4"

SECONDS_TO_START = 120
SECONDS_TO_STOP = 10
SECONDS_PER_VERB = 300

# What goes before each line of progress.
PROGRAM = pathlib.Path(sys.argv[0]).stem


class Failed(Exception):
    """Something that should happen did not; in one line."""


def say(text: str):
    print(f"{PROGRAM}: {text}", flush=True)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens to now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def wait_for(what: str, seconds: float, happened, pause: float = 0.5):
    """What `happened` gives once it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(pause)
    raise Failed(f"{what} did not happen in {seconds:.0f} s")


class Account:
    """A key file with a development account's secret URI, and a configuration that uses it."""

    def __init__(self, network: "Network", name: str, uri: str):
        self.network = network
        self.name = name
        self.home = network.directory / name
        self.home.mkdir(parents=True, exist_ok=True)
        key = self.home / "key"
        key.write_text(f"{uri}\n")
        key.chmod(0o600)
        self.blobs, self.admin = free_ports(2)
        self.url = f"http://127.0.0.1:{self.blobs}"
        self.config = self.home / "assay.toml"
        self.config.write_text(
            f"""nodes = ["{network.node}"]
data = "{self.home}"
[key]
file = "{key}"
[blobs]
listen = "127.0.0.1:{self.blobs}"
public_url = "{self.url}"
allow_private = true
[worker]
jobs = 2
threads = 2
admin = "127.0.0.1:{self.admin}"
"""
        )
        self.address = self.assay("keys", "inspect", str(key))["address"]

    def command(self, *arguments: str) -> list[str]:
        return [str(self.network.program), "--json", "--config", str(self.config), *arguments]

    def assay(self, *arguments: str):
        """What a verb shows."""
        return json.loads(self.output(*arguments))

    def output(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=SECONDS_PER_VERB, check=False
        )
        if done.returncode:
            line = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise Failed(f"assay {' '.join(arguments)} ended with {done.returncode}: {line[0]}")
        return done.stdout

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen:
        """A process that goes on, with a log in the account's directory."""
        with (self.home / "log").open("a") as log:
            process = subprocess.Popen(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **variables},
            )
        self.network.processes[self.name] = process
        return process


class Network:
    """Everything that runs beside the validators; the worker of `liar`, if one is named, lies."""

    def __init__(self, program: pathlib.Path, directory: pathlib.Path, liar: str | None = None):
        self.program = program
        self.directory = directory
        self.liar = liar
        self.node = os.environ["ASSAY_RPC"].replace("http://", "ws://", 1)
        self.processes: dict[str, subprocess.Popen] = {}
        self.requester = Account(self, "requester", f"//{REQUESTER}")
        self.owners = {name: Account(self, name.lower(), f"//{name}") for name in OWNERS}
        self.workers = {
            name: Account(self, f"{name.lower()}-worker", f"//{name}//worker") for name in OWNERS
        }
        self.names = {account.address: name for name, account in self.owners.items()}

    def register(self, name: str):
        """Bonds, names the worker and pays it for its fees, offers to compute."""
        owner, worker = self.owners[name], self.workers[name]
        owner.assay("stake", "bond", BOND, "--role", "provider")
        terms = ("--capacity", CAPACITY, "--worker", worker.address, "--endow", "10", "--endpoint", worker.url)
        # All workers share the memory of this machine, which jobs as small as these hardly take.
        owner.assay("provider", "register", "--any-memory", *terms)

    def start(self):
        """Registers all providers, starts their workers and the requester's blob server."""
        lie = f"; {self.liar} will lie" if self.liar else ""
        say(f"{len(OWNERS)} owners bond {BOND} ASY each and register{lie}")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(self.register, OWNERS))
        self.requester.start("blob", "serve")
        for name in OWNERS:
            self.start_worker(name)
        for name, worker in self.workers.items():
            wait_for(f"the start of {name}'s worker", SECONDS_TO_START, lambda: self.is_ready(worker))
        wait_for("the registration of all", SECONDS_TO_START, self.are_all_in_play)

    def start_worker(self, name: str):
        lie = {"ASSAY_DEBUG_LIE": "1"} if name == self.liar else {}
        self.workers[name].start("worker", "start", **lie)

    def is_ready(self, worker: Account) -> bool:
        if (process := self.processes[worker.name]).poll() is not None:
            raise Failed(f"{worker.name} ended with {process.returncode}: see {worker.home / 'log'}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{worker.admin}/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def are_all_in_play(self) -> bool:
        providers = (chain.call("assay_provider", owner.address) for owner in self.owners.values())
        return all(provider and provider["inPlay"] for provider in providers)

    def kill(self, name: str):
        """Kills an owner's worker as a power cut would."""
        process = self.processes.pop(self.workers[name].name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def pause_workers(self):
        self.signal_workers(signal.SIGSTOP)

    def resume_workers(self):
        self.signal_workers(signal.SIGCONT)

    def signal_workers(self, number: signal.Signals):
        for worker in self.workers.values():
            if process := self.processes.get(worker.name):
                process.send_signal(number)

    def check(self):
        """Fails when a process has ended that should go on."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise Failed(f"{name} ended with {process.returncode}: see {self.directory / name / 'log'}")

    def stop(self):
        """Ends what was started here. A worker drains at the first signal, and ends at the second."""
        for _ in range(2):
            for process in self.processes.values():
                if process.poll() is None:
                    process.terminate()
            time.sleep(0.5)
        deadline = time.monotonic() + SECONDS_TO_STOP
        for process in self.processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def show_urls(self):
        say(f"node: {self.node}, {os.environ['ASSAY_RPC']}")
        say(f"blobs of the requester: {self.requester.url}")
        for name, worker in self.workers.items():
            say(f"{name}: blobs {worker.url}, figures http://127.0.0.1:{worker.admin}/metrics")
        say(f"to call it: {self.program} --config {self.requester.config} chain info")


def fail(error: Exception) -> int:
    print(f"{PROGRAM}: {error}", file=sys.stderr)
    return 1
