"""python -m tests.simulation.sabotage: rules broken on purpose, and the seed at which the simulator saw it.

Each sabotage is one mistake in a copy of the code. The copy runs world after world; where nothing breaks a rule, two
runs under two hash seeds are compared: what depends on a clock, or on the order of a set, is not the same in both.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import IO, NamedTuple

from tests.edited import Edit, edited

SEEDS = 100
HASH_SEEDS = ("1", "2")
PASSED = re.compile(r"seed=(?P<seed>\d+) .* digest=(?P<digest>[0-9a-f]+)")
FAILED = re.compile(r"violation with seed (?P<seed>\d+) at commit \w+: (?P<said>.*)")


class Sabotage(NamedTuple):
    """A mistake, and with which word the simulator is to tell it: a rule's number, or `digest`."""

    name: str
    told: str
    edits: tuple[Edit, ...]


class Caught(NamedTuple):
    """Which seed it was, and what was said."""

    seed: int
    said: str


SABOTAGES = (
    Sabotage(
        "a wall clock dates records in the core",
        "S6",
        (Edit("wgmesh/domain/draft.py", "at=self.now.at,", 'at=__import__("time").time_ns() // 1_000_000,'),),
    ),
    Sabotage(
        "a wall clock decides in the core",
        "digest",
        (
            Edit(
                "wgmesh/domain/lots.py",
                "return int.from_bytes(digest) % below",
                'return __import__("time").time_ns() % below',
            ),
        ),
    ),
    Sabotage(
        "a set is iterated",
        "digest",
        (
            Edit(
                "wgmesh/domain/liveness.py",
                "    for traffic in sample.traffic:\n",
                "    seen = {traffic.public_key: traffic for traffic in sample.traffic}\n"
                "    for traffic in [seen[key] for key in set(seen)]:\n",
            ),
        ),
    ),
    Sabotage(
        "datagrams are sealed before their commit",
        "S11",
        (
            Edit(
                "wgmesh/node/node.py",
                "        if records:\n            self._log.append(records)\n",
                "        for each in decided:\n"
                "            mesh, chain = each.step.state.mesh, self._log.chain\n"
                "            tuple(self._sender.send(mesh, each.step.effects, at, awake, chain))\n"
                "        if records:\n            self._log.append(records)\n",
            ),
        ),
    ),
    Sabotage(
        "the live state is not what the log folds to",
        "S6",
        (
            Edit(
                "wgmesh/domain/draft.py",
                "        self.mesh = evolve(self.mesh, record)\n",
                "        self.mesh = replace(evolve(self.mesh, record), failure=None)\n",
            ),
        ),
    ),
    Sabotage(
        "our own key is accepted as a peer",
        "S1",
        (
            Edit(
                "wgmesh/domain/discovery.py",
                "yield from outrun(draft, heard.record)",
                "yield from admit(draft, heard.record, heard.message.signed, NEVER, _by(heard))",
            ),
            Edit(
                "wgmesh/node/reception.py",
                "is_own and not is_ahead(mesh, record)",
                "is_own and record.incarnation < mesh.incarnation",
            ),
        ),
    ),
)


def caught(sabotage: Sabotage, directory: Path, first: int = 1) -> Caught | None:
    """The first of a hundred seeds that tells the sabotage; None if none does."""
    copy = edited(directory, *sabotage.edits)
    hash_seeds = HASH_SEEDS if sabotage.told == "digest" else HASH_SEEDS[:1]
    with _worlds(copy, first, hash_seeds[0]) as one, _worlds(copy, first, hash_seeds[-1]) as other:
        others = _outcomes(other) if len(hash_seeds) > 1 else None
        for seed, said, digest in _outcomes(one):
            if said:
                return Caught(seed, said)
            if others is not None and next(others, None) != (seed, said, digest):
                return Caught(seed, _first_difference(copy, seed))
    return None


@contextmanager
def _worlds(copy: Path, first: int, hash_seed: str) -> Iterator[IO[str]]:
    """What a run of all the seeds prints, until we have seen enough."""
    command = [sys.executable, "-u", "-m", "tests.simulation", "--chaos", "--seed", str(first), "--seeds", str(SEEDS)]
    with subprocess.Popen(
        [*command, "--processes", "1"], cwd=copy, env=_environment(hash_seed), stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        yield running.stdout
        running.kill()


def _outcomes(lines: IO[str]) -> Iterator[tuple[int, str, str]]:
    """Seed, violation and digest of each world."""
    for line in lines:
        if found := FAILED.match(line):
            yield int(found["seed"]), found["said"], ""
        elif found := PASSED.match(line):
            yield int(found["seed"]), "", found["digest"]


def _first_difference(copy: Path, seed: int) -> str:
    """The first record that two runs of one seed do not have in common."""
    logs = [copy / f"logs-{hash_seed}" for hash_seed in HASH_SEEDS]
    for hash_seed, path in zip(HASH_SEEDS, logs, strict=True):
        command = [sys.executable, "-m", "tests.simulation", "--chaos", "--seed", str(seed), "--logs", str(path)]
        subprocess.run(command, cwd=copy, env=_environment(hash_seed), capture_output=True, check=False)
    one, other = (path.read_text("utf-8").splitlines() for path in logs)
    differing = next((pair for pair in zip_longest(one, other) if pair[0] != pair[1]), ("", ""))
    return f"digest: two runs are not the same from this record on: {differing[0]} | {differing[1]}"


def _environment(hash_seed: str) -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": ""}


def main() -> int:
    """The table; 1 if a sabotage was not seen."""
    missed = 0
    for sabotage in SABOTAGES:
        with tempfile.TemporaryDirectory() as directory:
            found = caught(sabotage, Path(directory))
        missed += found is None
        print(f"{sabotage.name}: " + (f"seed {found.seed}: {found.said}" if found else "not seen"), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
