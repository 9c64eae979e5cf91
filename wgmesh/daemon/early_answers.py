"""What STUN servers say before the interface takes its port, where they cannot be asked afterwards."""

from collections.abc import Sequence

import anyio

from wgmesh.adapters.names import resolve
from wgmesh.adapters.stun.early_port import ask_early, may_share
from wgmesh.domain.inputs import Mapped, Networked
from wgmesh.domain.mapping import disbelief
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.values import Endpoint
from wgmesh.settings import parse_place

# A start waits no longer for names and answers: the LAN has its peers by then.
PATIENCE_SECONDS = 1.5


async def early_answers(
    places: Sequence[str], port: int, parameters: Parameters, networked: Networked
) -> tuple[Mapped, ...]:
    """Answers that can be believed; nothing where the port can be shared, and so may be asked from at any time."""
    if not places or may_share(port):
        return ()
    answers: tuple[tuple[Endpoint, Endpoint], ...] = ()
    with anyio.move_on_after(PATIENCE_SECONDS):
        answers = await ask_early(port, await _resolved(places))
    known = Mesh(parameters=parameters, interfaces=networked.interfaces, virtual=networked.virtual)
    return tuple(Mapped(server, seen) for server, seen in answers if not disbelief(known, server, seen))


async def _resolved(places: Sequence[str]) -> tuple[Endpoint, ...]:
    """All at once: one resolver that hangs must not take the time of the others."""
    found: list[Endpoint] = []

    async def look_up(place: str) -> None:
        try:
            found.extend(await resolve(*parse_place(place)))
        except OSError:  # said by whoever looks names up all the time
            return

    with anyio.move_on_after(PATIENCE_SECONDS / 2):
        async with anyio.create_task_group() as tasks:
            for place in places:
                tasks.start_soon(look_up, place)
    return tuple(dict.fromkeys(found))
