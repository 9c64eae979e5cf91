from collections.abc import Iterator

import pytest

from tests.adapters.wires import Network, wire


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def a() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.fixture
def b(a: Network) -> Iterator[Network]:
    network = Network()
    wire(a, network)
    yield network
    network.close()
