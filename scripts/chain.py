"""Asks a node by JSON-RPC.

Usage: chain.py final          prints the number of the last final block
       chain.py blocks COUNT   prints the first COUNT blocks as they become final

The node is the one at ASSAY_RPC, by default http://127.0.0.1:9944.
"""

import datetime
import hashlib
import json
import os
import sys
import time
import urllib.request

DEFAULT_RPC = "http://127.0.0.1:9944"
SS58_PREFIX = 42
SS58_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

# Where the state holds a value of a pallet: twox128 of the pallet's name and twox128 of the value's.
TIMESTAMP_NOW = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb"
MARKET_BLOCK = "0xb2e5978ae9cbb1019678e830ca1cdeef899c3e07ef0297740df5daeb28c11ba1"
SESSION_VALIDATORS = "0xcec5070d609dd3497f72bde07fc96ba088dcde934c658227ee1dfafcd6e16903"

SECONDS_PER_REQUEST = 10
# Ten blocks of three seconds, on a machine that is ten times too slow.
SECONDS_FOR_BLOCKS = 300


class RpcError(Exception):
    """The node refused a request, or did not answer; in one line."""


def call(method: str, *params, rpc: str | None = None):
    """The result of an RPC method."""
    rpc = rpc or os.environ.get("ASSAY_RPC", DEFAULT_RPC)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    try:
        request = urllib.request.Request(rpc, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=SECONDS_PER_REQUEST) as response:
            answer = json.load(response)
    except (OSError, ValueError) as error:
        raise RpcError(f"no node answers at {rpc}: {getattr(error, 'reason', error)}") from error
    if "error" in answer:
        raise RpcError(f"{method}: {answer['error'].get('message')}")
    return answer["result"]


def ss58_checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(b"SS58PRE" + payload).digest()[:2]


def ss58_encode(account: bytes) -> str:
    payload = bytes([SS58_PREFIX]) + account
    number, text = int.from_bytes(payload + ss58_checksum(payload), "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = SS58_ALPHABET[digit] + text
    return text


def ss58_decode(address: str) -> bytes:
    """The account id of an address; ValueError if it is none of this chain."""
    number = 0
    for character in address:
        number = number * 58 + SS58_ALPHABET.index(character)
    data = number.to_bytes(35, "big") if number < 1 << 280 else b""
    if not data or data[0] != SS58_PREFIX or data[33:] != ss58_checksum(data[:33]):
        raise ValueError("not an address of this chain")
    return data[1:33]


def compact(number: int) -> bytes:
    """The SCALE compact encoding of a number below 2^30."""
    for mode, size in enumerate((1, 2, 4)):
        if number < 1 << (8 * size - 2):
            return (number << 2 | mode).to_bytes(size, "little")
    raise ValueError(f"{number} is too large")


def final_number() -> int:
    return int(call("chain_getHeader", call("chain_getFinalizedHead"))["number"], 16)


def author(block: str, header: dict) -> str:
    """The validator that made a block: BABE's pre-digest has its index among the session's validators."""
    pre_runtime_babe = b"\x06BABE"
    digests = (bytes.fromhex(item[2:]) for item in header["digest"]["logs"])
    digest = next(digest for digest in digests if digest.startswith(pre_runtime_babe))
    # After the engine's name: the length of what follows, in one byte or two, and the kind of slot.
    start = len(pre_runtime_babe) + (1 if digest[5] & 3 == 0 else 2) + 1
    index = int.from_bytes(digest[start : start + 4], "little")
    validators = bytes.fromhex(call("state_getStorage", SESSION_VALIDATORS, block)[2:])
    # Their number stands before them, in fewer bytes than one account has.
    validators = validators[len(validators) % 32 :]
    return ss58_encode(validators[32 * index : 32 * index + 32])


def stored_number(key: str, block: str) -> int:
    """A number that the state of a block holds."""
    return int.from_bytes(bytes.fromhex(call("state_getStorage", key, block)[2:]), "little")


def timestamp(block: str) -> int:
    """When a block was made, in milliseconds since 1970."""
    return stored_number(TIMESTAMP_NOW, block)


def market_block(block: str) -> int:
    """What the market clock showed in a block."""
    return stored_number(MARKET_BLOCK, block)


def show(number: int):
    block = call("chain_getBlockHash", number)
    header = call("chain_getHeader", block)
    at = datetime.datetime.fromtimestamp(timestamp(block) / 1000).strftime("%H:%M:%S")
    print(f"block {number:>3}  {at}  {block}  by {author(block, header)}", flush=True)


def show_blocks(count: int):
    deadline = time.monotonic() + SECONDS_FOR_BLOCKS
    shown = 0
    while shown < count:
        for number in range(shown + 1, min(final_number(), count) + 1):
            show(number)
            shown = number
        if time.monotonic() > deadline:
            raise RpcError(f"only {shown} of {count} blocks became final in {SECONDS_FOR_BLOCKS} s")
        time.sleep(0.5)


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["final"]:
                print(final_number())
            case ["blocks", count] if count.isdecimal():
                show_blocks(int(count))
            case _:
                print(__doc__.strip(), file=sys.stderr)
                return 2
    except RpcError as error:
        print(f"chain.py: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
