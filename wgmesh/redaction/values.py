"""Values of any make, taken apart and put together again with other texts and bytes in them."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

# (text or bytes, name of the field that it is in): what to put there.
Rewrite = Callable[[Any, str], Any]


def rewritten(value: Any, rewrite: Rewrite, field: str = "") -> Any:
    """The value with each text and each row of bytes in it rewritten, keys of dicts included; all else stays."""
    match value:
        case str() | bytes():
            return rewrite(value, field)
        case Struct():
            names = value.__struct_fields__
            return type(value)(*(rewritten(getattr(value, name), rewrite, name) for name in names))
        case tuple():
            return tuple(rewritten(item, rewrite, field) for item in value)
        case list():
            return [rewritten(item, rewrite, field) for item in value]
        case dict():
            pairs = value.items()
            return {rewritten(key, rewrite, field): rewritten(held, rewrite, field) for key, held in pairs}
    return value


def parts(value: object, field: str = "") -> Iterator[tuple[Any, str]]:
    """Every Struct, text and row of bytes in the value, itself included, with the name of the field that it is in."""
    match value:
        case str() | bytes():
            yield value, field
        case Struct():
            yield value, field
            for name in value.__struct_fields__:
                yield from parts(getattr(value, name), name)
        case tuple() | list():
            for item in value:
                yield from parts(item, field)
        case dict():
            for key, held in value.items():
                yield from parts(key, field)
                yield from parts(held, field)
