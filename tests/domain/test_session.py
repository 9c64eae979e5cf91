from hypothesis import given
from hypothesis import strategies as st

from wgmesh.domain.session import Session, Trickle, remember

keys = st.integers(0, 9)


@given(st.lists(st.tuples(keys, st.integers())), st.integers(1, 5))
def test_a_table_never_outgrows_its_cap_and_keeps_the_newest(entries: list[tuple[int, int]], cap: int) -> None:
    table: dict[int, int] = {}
    for key, value in entries:
        table = remember(table, key, value, cap)
    newest = list(dict.fromkeys(key for key, _ in reversed(entries)))[:cap]
    assert list(table) == newest[::-1]
    assert table == {key: dict(entries)[key] for key in newest}


def test_what_was_remembered_before_is_not_touched() -> None:
    before = {"a": 1, "b": 2}
    assert remember(before, "a", 3, 2) == {"b": 2, "a": 3}
    assert before == {"a": 1, "b": 2}


def test_to_remember_again_costs_nobody_else_its_place() -> None:
    assert remember({"a": 1, "b": 2}, "b", 3, 2) == {"a": 1, "b": 3}


def test_a_run_begins_with_nothing_in_mind() -> None:
    session = Session()
    tables = (session.counters, session.greeted, session.heard, session.sources, session.traffic)
    assert not any(tables)
    assert session.trickle == Trickle()
    assert session.trickle.fires is None
