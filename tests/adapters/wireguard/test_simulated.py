"""The simulator's device does with changes what every back end of the daemon does."""

from collections.abc import Sequence

import pytest

from tests.adapters.wireguard.contract import WireGuardContract
from tests.simulation.packets import Inner
from tests.simulation.wireguard import WireGuard as Model
from tests.simulation.world import World
from wgmesh.adapters.wireguard import Applied, WireGuard
from wgmesh.domain.device import Change, DeviceSample, SetDevice
from wgmesh.domain.values import Endpoint


class Nowhere:
    """A machine without a network."""

    def transmit(self, port: int, to: Endpoint, size: int, content: object) -> None:
        """No way leads anywhere."""

    def deliver(self, public_key: bytes, inner: Inner) -> None:
        """Nothing comes out of a tunnel."""

    def wall(self) -> int:
        return 0

    def steady(self) -> int:
        return 0

    def is_running(self) -> bool:
        return True


class Simulated:
    """The model, spoken to as the daemon speaks to WireGuard."""

    backend = "simulated"
    pidfd: int | None = None

    def __init__(self) -> None:
        world = World(1)
        self._model = Model(world, Nowhere(), bytes(32), world.chance("wireguard"))

    def claim(self) -> None:
        """Nobody else has it."""

    def sample(self) -> DeviceSample:
        return self._model.sample()

    def apply(self, changes: Sequence[Change]) -> Applied:
        done, failed = self._model.apply(changes)
        return Applied(tuple(done), tuple(failed))

    def remove(self) -> None:
        self._model.vanish()


class TestSimulated(WireGuardContract):
    @pytest.fixture
    def wireguard(self) -> Simulated:
        return Simulated()

    def filter(self, wireguard: WireGuard, everywhere: int, here: int) -> None:
        """A device in memory has no other than its own."""
        wireguard.apply((SetDevice(strict=max(everywhere, here) == 1),))
