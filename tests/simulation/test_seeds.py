"""Worlds from seeds: many of them each time, and for ever those that once found a bug."""

import re
from collections import Counter
from collections.abc import Iterable

from tests.simulation.marks import missing
from tests.simulation.soak import run_seeds
from tests.simulation.swarm import Options, Outcome, draw_options
from tests.source import ROOT

SEEDS = range(1, 201)
PROCESSES = 2


def outcomes(runs: Iterable[Options]) -> list[Outcome]:
    return list(run_seeds(runs, PROCESSES))


def violations(found: list[Outcome]) -> str:
    """One line each; the rest is told by `python -m tests.simulation --chaos --seed …`."""
    return "\n".join(
        f"--chaos --seed {each.options.seed} --nodes {each.options.nodes}: {each.violation}"
        for each in found
        if each.violation
    )


def recorded() -> list[Options]:
    """The seeds in docs/track-record.md, with the number of nodes where that is not drawn from the seed."""
    text = (ROOT / "docs/track-record.md").read_text("utf-8")
    lists = re.findall(r"simulator(?: at (\d+) nodes)?, seeds? ([0-9, and]+)", text)
    return [
        draw_options(int(seed), int(nodes or 0) or None) for nodes, seeds in lists for seed in re.findall(r"\d+", seeds)
    ]


def test_many_worlds_break_no_rule_heal_in_time_and_go_down_every_rare_path() -> None:
    found = outcomes(draw_options(seed) for seed in SEEDS)
    assert violations(found) == ""
    seen = Counter[str]()
    for outcome in found:
        seen.update(outcome.marks)
    assert missing(seen) == []
    healed = sorted(outcome.healed / 1e6 for outcome in found)
    p50, p90 = healed[len(healed) // 2], healed[len(healed) * 9 // 10]
    seconds = sum(outcome.virtual_seconds for outcome in found), sum(outcome.cpu_seconds for outcome in found)
    print(f"\n{seconds[0]:.0f} s of virtual time in {seconds[1]:.0f} s of processor time;")
    print(f"all well after p50 {p50:.1f} s, p90 {p90:.1f} s, at most {healed[-1]:.0f} s")


def test_every_seed_that_once_found_a_bug_runs_clean() -> None:
    assert len(recorded()) >= 7
    assert violations(outcomes(recorded())) == ""
