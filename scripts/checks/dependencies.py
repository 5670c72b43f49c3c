"""Checks what the workspace depends on: licences, second versions of SDK crates, and which of our crates know which."""

import collections
import json
import re
import subprocess
import sys

# `cargo tree` resolves features as the build does; `cargo metadata` also lists what no feature turns on.
TREE = ("cargo", "tree", "--locked", "--workspace", "--all-features", "--prefix", "none", "--format", "{p}|{l}")
METADATA = ("cargo", "metadata", "--locked", "--no-deps", "--format-version", "1")

ALLOWED_LICENSES = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
    # The client half of the SDK. The exception permits linking it into a program under another licence.
    "GPL-3.0-or-later WITH Classpath-exception-2.0",
    # Binds changes to the files of the crate itself; we make none.
    "MPL-2.0",
}

# Crates whose manifest says something else, and why they are fine.
LICENSED_OTHERWISE = {
    "pallet-migrations": "each of its files is under Apache-2.0, as the header says",
}

# Crates of the SDK: two versions of one don't fit together, and often don't compile.
SDK_CRATE = re.compile(r"^(sp|sc|frame|pallet|substrate)-")

# Pallets meet in the runtime, through traits.
SHARED_BY_PALLETS = {"assay-primitives", "assay-rules", "assay-exact"}


def run(command: tuple[str, ...]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def allowed(expression: str) -> bool:
    """Whether an SPDX expression can be met with allowed licences. AND binds tighter than OR."""
    tokens = re.findall(r"[()]|[^\s()]+", re.sub(r"\s*/\s*", " OR ", expression))

    def either() -> bool:
        met = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = both() or met
        return met

    def both() -> bool:
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            met = either()
            tokens.pop(0)
            return met
        if tokens and tokens[0] == "WITH":
            token = " ".join([token, tokens.pop(0), tokens.pop(0)])
        return token in ALLOWED_LICENSES

    return bool(tokens) and either() and not tokens


def crates() -> dict[str, dict[str, str]]:
    """The licence of each version of each crate."""
    found = collections.defaultdict(dict)
    for line in run(TREE).splitlines():
        if line:
            crate, _, license = line.removesuffix(" (*)").rpartition("|")
            name, version = crate.split()[:2]
            found[name][version] = license
    return found


def license_problems(found: dict[str, dict[str, str]]) -> list[str]:
    return [
        f"{name} {version}: licence {license or 'none'} is not allowed"
        for name, versions in found.items()
        for version, license in versions.items()
        if name not in LICENSED_OTHERWISE and not allowed(license)
    ]


def duplicate_problems(found: dict[str, dict[str, str]]) -> list[str]:
    return [
        f"{name} is there in versions {', '.join(versions)}: see the pins in Cargo.toml"
        for name, versions in found.items()
        if SDK_CRATE.match(name) and len(versions) > 1
    ]


def layering_problems() -> list[str]:
    """Crates in pallets/ depend on no crate of ours but the shared ones; in tests either."""
    packages = json.loads(run(METADATA))["packages"]
    ours = {package["name"] for package in packages}
    return [
        f"{package['name']} depends on {dependency['name']}: pallets know each other through the runtime only"
        for package in packages
        if "/pallets/" in package["manifest_path"]
        for dependency in package["dependencies"]
        if dependency["name"] in ours - SHARED_BY_PALLETS
    ]


def main() -> int:
    found = crates()
    problems = license_problems(found) + duplicate_problems(found) + layering_problems()
    print("\n".join(problems), end="\n" * bool(problems), file=sys.stderr)
    return int(bool(problems))


sys.exit(main())
