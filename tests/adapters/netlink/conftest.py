"""A network for each test that asks for one."""

from collections.abc import Iterator

import pytest

from tests.adapters.own_namespace import own_namespace


@pytest.fixture
def namespace() -> Iterator[None]:
    with own_namespace():
        yield
