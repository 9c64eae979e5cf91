"""A laboratory for each test that asks for one."""

from collections.abc import Iterator

import pytest

from tests.namespaces.lab import require_namespaces
from wgmesh.adapters.netns.lab import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    require_namespaces()
    with Lab() as lab:
        yield lab
