"""Fails when a build warned about a workspace crate, or did not end well.

Usage: warnings.py FILE, the output of `cargo build --message-format=json`.
"""

import json
import sys


def main() -> int:
    with open(sys.argv[1]) as lines:
        messages = [json.loads(line) for line in lines if line.startswith("{")]
    # Only path dependencies are compiled without capped lints, so whatever warns is ours. A library and its test
    # harness warn alike: once is enough.
    rendered = dict.fromkeys(
        message["message"]["rendered"]
        for message in messages
        if message["reason"] == "compiler-message" and message["package_id"].startswith("path+")
        # The closing "n warnings emitted" has no place.
        if message["message"]["level"] == "error" or message["message"]["spans"]
    )
    print("".join(rendered), end="", file=sys.stderr)
    finished = any(message["reason"] == "build-finished" and message["success"] for message in messages)
    return 0 if finished and not rendered else 1


sys.exit(main())
