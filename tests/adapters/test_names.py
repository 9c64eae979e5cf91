import socket

import pytest

from wgmesh.adapters.names import resolve
from wgmesh.domain.values import Endpoint

pytestmark = pytest.mark.anyio


async def test_an_address_is_its_own_address() -> None:
    assert await resolve("192.0.2.7", 51) == (Endpoint("192.0.2.7", 51),)
    assert await resolve("2001:db8::7", 51) == (Endpoint("2001:db8::7", 51),)


async def test_a_name_has_each_of_its_addresses_once() -> None:
    found = await resolve("localhost", 51)
    assert Endpoint("127.0.0.1", 51) in found
    assert len(found) == len({endpoint.ip for endpoint in found})


async def test_a_name_without_addresses_is_an_error_with_its_word() -> None:
    with pytest.raises(socket.gaierror):
        await resolve("nobody.invalid", 51)
