"""A snapshot is the mesh itself, and its shape names everything that its meaning depends on."""

from typing import get_args, get_type_hints

from msgspec import Struct

from tests.cast import ALICE, BOB
from tests.playbook import given
from wgmesh.domain import snapshot
from wgmesh.domain.events import DeviceChangeFailed, LayerSuspended, PeerConnected, PeerRefused
from wgmesh.domain.mesh import Mesh


def test_a_mesh_is_read_back_as_it_was_kept() -> None:
    mesh = given(
        *ALICE.joined(),
        BOB.discovered(),
        BOB.observed(),
        PeerConnected(BOB.key, BOB.wireguard),
        PeerRefused(bytes(32), "eve", "not one of us"),
        LayerSuspended("lan", "no interface"),
        DeviceChangeFailed(("add peer",), ("no",)),
    ).mesh
    kept = snapshot.encode(mesh)
    assert snapshot.decode(kept) == mesh
    assert snapshot.encode(snapshot.decode(kept)) == kept


def test_the_fingerprint_tells_one_state_from_another_and_none_from_itself() -> None:
    mesh, more = given(*ALICE.joined()).mesh, given(*ALICE.joined(), BOB.discovered()).mesh
    assert snapshot.fingerprint(mesh) == snapshot.fingerprint(snapshot.decode(snapshot.encode(mesh)))
    assert snapshot.fingerprint(mesh) != snapshot.fingerprint(more)
    assert len(snapshot.fingerprint(mesh)) == 8


def test_another_version_of_the_program_folds_anew() -> None:
    assert snapshot.shape("0.1.0") == snapshot.shape("0.1.0")
    assert snapshot.shape("0.1.0") != snapshot.shape("0.1.1")


def test_another_version_of_the_program_can_still_read_and_compare_what_has_the_same_form() -> None:
    assert snapshot.shape("0.1.0")[:8] == snapshot.shape("0.1.1")[:8] == snapshot.form()


def test_the_shape_covers_every_value_that_a_mesh_is_made_of() -> None:
    assert structs_in(Mesh, {}) == dict.fromkeys(snapshot.PARTS)


def structs_in(kind: object, found: dict[object, None]) -> dict[object, None]:
    if kind in found:
        return found
    if isinstance(kind, type) and issubclass(kind, Struct):
        found[kind] = None
        for hint in get_type_hints(kind).values():
            structs_in(hint, found)
    for part in get_args(kind):
        structs_in(part, found)
    return found
