"""One value of any type that an event may be made of: always the same, within its bounds, no two fields alike."""

from itertools import count
from typing import Any

import msgspec
from msgspec import inspect

# Every kind of character that JSON may write in more than one way.
TEXT = 'é\u001b"\\/\x7f\u2028\U0001f600'


def sample(kind: type) -> Any:
    """The sample of a Struct, made as it would be read."""
    return msgspec.convert(_value(inspect.type_info(kind), count(1)), kind)


def _value(info: inspect.Type, numbers: "count[int]") -> Any:
    match info:
        case inspect.StructType(fields=fields, array_like=array_like, tag=tag, tag_field=tag_field):
            tagged = {tag_field: tag} if tag is not None else {}
            values = tagged | {field.encode_name: _value(field.type, numbers) for field in fields}
            return list(values.values()) if array_like else values
        case inspect.UnionType(types=types):
            return _value(next(kind for kind in types if not isinstance(kind, inspect.NoneType)), numbers)
        case inspect.VarTupleType(item_type=item):
            return [_value(item, numbers) for _ in range(2)]
        case inspect.TupleType(item_types=items):
            return [_value(item, numbers) for item in items]
        case inspect.DictType(key_type=key, value_type=value):
            return {_value(key, numbers): _value(value, numbers) for _ in range(2)}
        case _:
            return _scalar(info, next(numbers))


def _scalar(info: inspect.Type, number: int) -> Any:
    match info:
        case inspect.BoolType():
            return True
        case inspect.IntType(ge=low, le=high):
            return min(max(number, low or 0), high if high is not None else number)
        case inspect.StrType():
            return f"{TEXT} {number}"
        case inspect.BytesType(min_length=length):
            return (number.to_bytes(2, "big") + bytes(range(256)))[: length or 5]
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=kinds):
            return next(iter(kinds)).value
        case _:
            raise TypeError(f"an event is made of plain values, tuples, dicts and Structs, not of {info}")
