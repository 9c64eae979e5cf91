"""python -m tests.simulation --nodes 10 --hours 6 --seed 42 [--chaos] [--segments 1] [--seeds 100]

Runs a world, or many, and says what came of it. The exit code is 1 if any rule was broken. The last line is
`seed=… nodes=… virtual_s=… cpu_s=… ratio=… digest=…`, the same for the same seed but for the time it took.
"""

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.simulation.marks import missing
from tests.simulation.soak import run_seeds, soak
from tests.simulation.swarm import Options, Outcome, Swarm, draw_options
from tests.simulation.world import HOUR


def main() -> int:
    """Parse, run, print."""
    given = _arguments()
    if given.soak:
        return soak(given.seed, given.processes)
    if given.seeds:
        return _many(given)
    swarm = Swarm(_options(given, given.seed))
    outcome = swarm.run()
    if given.logs:
        given.logs.write_text("".join(f"{line}\n" for line in swarm.site.logs()), "utf-8")
    report(outcome)
    return 1 if outcome.violation else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.split("\n\n")[1])
    parser.add_argument("--nodes", type=int, help="with --chaos drawn from the seed if not given; else 10")
    parser.add_argument("--hours", type=float, help="of virtual time before the faults stop; as --nodes, or 1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--segments", type=int, default=1, help="LANs, without --chaos")
    parser.add_argument("--chaos", action="store_true", help="options and faults drawn from the seed")
    parser.add_argument("--seeds", type=int, default=0, help="so many seeds, from --seed on")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--logs", type=Path, help="write every record of every node there, a line each")
    parser.add_argument("--soak", action="store_true", help="chaos from --seed on until told to stop")
    return parser.parse_args()


def _options(given: argparse.Namespace, seed: int) -> Options:
    duration = None if given.hours is None else round(given.hours * HOUR)
    if given.chaos:
        return draw_options(seed, given.nodes, duration)
    return Options(seed=seed, nodes=given.nodes or 10, duration=duration or HOUR, segments=given.segments)


def _many(given: argparse.Namespace) -> int:
    runs = [_options(given, seed) for seed in range(given.seed, given.seed + given.seeds)]
    failed, seen = 0, Counter[str]()
    for outcome in run_seeds(runs, given.processes):
        failed += bool(outcome.violation)
        seen.update(outcome.marks)
        if outcome.violation:
            report(outcome)
        else:
            print(last_line(outcome))
    for path in missing(seen):
        print(f"never taken: {path}")
    print(f"{given.seeds} seeds, {failed} failed")
    return 1 if failed else 0


def report(outcome: Outcome) -> None:
    """A run for people and scripts."""
    if outcome.violation:
        print(f"violation with seed {outcome.options.seed} at commit {_commit()}: {outcome.violation}")
        print(outcome.options)
        print(outcome.drawing)
    if outcome.healed >= 0:
        print(f"all well after {outcome.healed / 1e6:.1f} s")
    print(f"happened={outcome.happened} steps={outcome.steps} records={outcome.records} datagrams={outcome.datagrams}")
    print(last_line(outcome))


def last_line(outcome: Outcome) -> str:
    """What scripts read."""
    ratio = outcome.virtual_seconds / max(outcome.cpu_seconds, 1e-9)
    return (
        f"seed={outcome.options.seed} nodes={outcome.options.nodes} virtual_s={outcome.virtual_seconds:.0f} "
        f"cpu_s={outcome.cpu_seconds:.2f} ratio={ratio:.0f} digest={outcome.digest}"
    )


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
