"""One list of changes and who makes them: in what company, in what order, and with what outcome each."""

from collections.abc import Sequence

from wgmesh.adapters.wireguard.port import Applied
from wgmesh.adapters.wireguard.ways import NO_KEY_YET, Ways, words
from wgmesh.domain.device import (
    AddAddress,
    AddPeer,
    AddRoute,
    Change,
    CreateInterface,
    DevicePeer,
    RemovePeer,
    SetDevice,
    UpdatePeer,
)
from wgmesh.domain.errors import WgmeshError

BEN = bytes(32)
ADD, ROUTE = AddAddress("10.1.0.1/32"), AddRoute("10.1.0.0/16")
PEER = AddPeer(DevicePeer(BEN))


class Journal:
    """Three ways that write down what they were given; `refuse` says what goes wrong with a change."""

    def __init__(self, *refused: Change) -> None:
        self.given: list[tuple[str, tuple[Change, ...]]] = []
        self._refused = refused

    def ways(self) -> Ways:
        return Ways(
            lambda changes: self._take("create", changes),
            lambda changes: self._take("configure", changes),
            lambda changes: self._take("edit", changes),
        )

    def _take(self, way: str, changes: Sequence[Change]) -> list[str]:
        self.given.append((way, tuple(changes)))
        return ["refused" if change in self._refused else "" for change in changes]


def test_changes_that_follow_each_other_go_together_and_keep_their_order() -> None:
    journal = Journal()
    changes = (CreateInterface(), ADD, ROUTE, PEER, UpdatePeer(BEN), ADD, RemovePeer(BEN))
    assert journal.ways().apply(changes) == Applied(changes)
    assert journal.given == [
        ("create", (CreateInterface(),)),
        ("edit", (ADD, ROUTE)),
        ("configure", (PEER, UpdatePeer(BEN))),
        ("edit", (ADD,)),
        ("configure", (RemovePeer(BEN),)),
    ]


def test_a_device_is_set_in_parts_and_fails_as_one() -> None:
    whole = SetDevice(private=1, listen_port=7, mtu=1400, up=True)
    parts = SetDevice(private=1), SetDevice(listen_port=7), SetDevice(mtu=1400, up=True)
    journal = Journal(*parts[1:])
    assert journal.ways().apply((whole, PEER)) == Applied((PEER,), ((whole, "refused"),))
    assert journal.given == [
        ("configure", parts[:1]), ("configure", parts[1:2]), ("edit", parts[2:]), ("configure", (PEER,)),
    ]  # fmt: skip
    journal = Journal()
    journal.ways().apply((SetDevice(mtu=1400), SetDevice(listen_port=7), SetDevice()))
    assert [way for way, _ in journal.given] == ["edit", "configure"]


def test_a_change_that_fails_does_not_stop_the_rest() -> None:
    assert Journal(ADD).ways().apply((ADD, ROUTE, PEER)) == Applied((ROUTE, PEER), ((ADD, "refused"),))


def test_a_device_that_did_not_get_its_key_gets_no_peers() -> None:
    key = SetDevice(private=1)
    journal = Journal(key)
    assert journal.ways().apply((key, PEER, ADD, RemovePeer(BEN))) == Applied(
        (ADD,), ((key, "refused"), (PEER, NO_KEY_YET), (RemovePeer(BEN), NO_KEY_YET))
    )
    assert journal.given == [("configure", (key,)), ("edit", (ADD,))]


def test_what_is_raised_stands_for_all_that_went_this_way() -> None:
    def out_of_order(changes: Sequence[Change]) -> list[str]:
        raise WgmeshError("out of order")

    journal = Journal()
    ways = Ways(journal.ways().create, out_of_order, journal.ways().edit)
    failed = ((PEER, "out of order"), (RemovePeer(BEN), "out of order"))
    assert ways.apply((ADD, PEER, RemovePeer(BEN))) == Applied((ADD,), failed)


def test_an_error_is_told_in_its_own_words() -> None:
    assert words(OSError(16, "Device or resource busy")) == "Device or resource busy"
    assert words(OSError("no number")) == "no number"
    assert words(WgmeshError("a sentence")) == "a sentence"
