"""Many seeds, on every processor there is; and without end, writing down what is found."""

import itertools
import multiprocessing
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.swarm import Options, Outcome, draw_options, simulate

FOUND = Path("simulation-found.txt")
# Seeds that are handed out at once: what is lost when a soak is told to stop.
BATCH = 10


def run_seeds(runs: Iterable[Options], processes: int) -> Iterator[Outcome]:
    """The outcomes, in the order of the runs."""
    if processes == 1:
        yield from map(simulate, runs)
        return
    spawn = multiprocessing.get_context("spawn")
    # Ctrl-C reaches the whole group of processes; only the first of them is to say something about it.
    ignoring = (signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=signal.signal, initargs=ignoring)
    try:
        yield from pool.map(simulate, runs)
    finally:
        pool.shutdown(cancel_futures=True)


def soak(first: int, processes: int) -> int:
    """Chaos, seed after seed, until told to stop; each violation is appended to a file. 1 if there was any."""
    found = done = 0
    try:
        for start in itertools.count(first, BATCH):
            for outcome in run_seeds([draw_options(seed) for seed in range(start, start + BATCH)], processes):
                done += 1
                if outcome.violation:
                    found += 1
                    _write_down(outcome)
            print(f"{done} seeds from {first}, {found} violations", flush=True)
    except KeyboardInterrupt:
        print(f"stopped after {done} seeds from {first}, {found} violations" + (f", in {FOUND}" if found else ""))
    return 1 if found else 0


def _write_down(outcome: Outcome) -> None:
    line = f"seed={outcome.options.seed} {outcome.violation}\n{outcome.options}\n{outcome.drawing}\n\n"
    with FOUND.open("a", encoding="utf-8") as file:
        file.write(line)
