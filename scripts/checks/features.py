"""Checks that features reach the dependencies that have them.

A crate that turns on std, runtime-benchmarks or try-runtime has to turn it on at every direct dependency that has it
too; through another crate of the workspace will do. Otherwise half a build has the feature, and what fails is elsewhere.
"""

import json
import subprocess
import sys

FEATURES = ("std", "runtime-benchmarks", "try-runtime")
METADATA = ("cargo", "metadata", "--locked", "--format-version", "1", "--all-features")


class Workspace:
    def __init__(self, metadata: dict):
        self.packages = {package["id"]: package for package in metadata["packages"]}
        self.members = metadata["workspace_members"]
        # Of each package, what it names its dependencies in its manifest.
        self.dependencies = {
            node["id"]: {self.manifest_name(node["id"], dep["pkg"]): dep["pkg"] for dep in node["deps"]}
            for node in metadata["resolve"]["nodes"]
            if node["id"] in self.members
        }

    def manifest_name(self, package: str, dependency: str) -> str:
        name = self.packages[dependency]["name"]
        renames = (d["rename"] for d in self.packages[package]["dependencies"] if d["name"] == name and d["rename"])
        return next(renames, name)

    def reached(self, package: str, feature: str) -> set[tuple[str, str]]:
        """The features of other packages that a feature of a member turns on, through members only."""
        found, queue = set(), [(package, feature)]
        while queue:
            current = queue.pop()
            if current in found:
                continue
            found.add(current)
            package, feature = current
            if package not in self.members:
                continue
            for value in self.packages[package]["features"].get(feature, []):
                name, slash, at_dependency = value.partition("/")
                if not slash:
                    queue.append((package, value))
                elif name.rstrip("?") in self.dependencies[package]:
                    queue.append((self.dependencies[package][name.rstrip("?")], at_dependency))
        return found

    def always_on(self, dependency: dict, package: str, feature: str) -> bool:
        features = self.packages[package]["features"]
        queue = list(dependency["features"]) + ["default"] * dependency["uses_default_features"]
        seen = set()
        while queue:
            current = queue.pop()
            if current not in seen:
                seen.add(current)
                queue += features.get(current, [])
        return feature in seen

    def missing(self, member: str, feature: str) -> list[str]:
        """Direct dependencies of a member that have the feature and don't get it."""
        reached = self.reached(member, feature)
        missing = []
        for dependency in self.packages[member]["dependencies"]:
            name = dependency["rename"] or dependency["name"]
            package = self.dependencies[member].get(name)
            if dependency["kind"] or package is None or feature not in self.packages[package]["features"]:
                continue
            if (package, feature) not in reached and not self.always_on(dependency, package, feature):
                missing.append(name)
        return missing


def main() -> int:
    workspace = Workspace(json.loads(subprocess.run(METADATA, check=True, stdout=subprocess.PIPE).stdout))
    failed = False
    for member in workspace.members:
        package = workspace.packages[member]
        for feature in FEATURES:
            if feature not in package["features"]:
                continue
            for name in workspace.missing(member, feature):
                failed = True
                print(f"{package['name']}: feature {feature} lacks {name}/{feature}", file=sys.stderr)
    return int(failed)


sys.exit(main())
