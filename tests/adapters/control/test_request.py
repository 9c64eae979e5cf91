import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wgmesh.adapters.control.request import decode
from wgmesh.domain.errors import WgmeshError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abcdef"), VALUES))
def test_what_json_writes_is_read(request: dict[str, Any]) -> None:
    assert decode(json.dumps(request).encode() + b"\n") == request


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]",
        b"7",
        b'"sample"',
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": [{"b": 1, "b": 2}]}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": 1} {"a": 2}',
        b'{"a": 1}\n{"a": 2}\n',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"\xef\xbb\xbf{}",
        b'{"a": 1',
    ],
)
def test_what_is_not_one_strict_object_is_one_sentence(line: bytes) -> None:
    with pytest.raises(WgmeshError, match="one line with one strict JSON object") as caught:
        decode(line)
    assert len(str(caught.value)) < 300


@given(st.binary(max_size=200) | st.text('{}[]",:0123456789.eE-+ntrufalsNIy\\ ').map(str.encode))
def test_any_bytes_are_a_request_or_one_error(line: bytes) -> None:
    with contextlib.suppress(WgmeshError):  # most bytes are no request; what counts is that nothing else is raised
        assert isinstance(decode(line), dict)
