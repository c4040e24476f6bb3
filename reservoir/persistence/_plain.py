"""Kinds of plain Python: numbers, containers, times, and objects of known classes."""

import datetime
import struct
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FunctionType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from reservoir.persistence._file import FileError
from reservoir.persistence._kind import Kind, Parts, check, exactly
from reservoir.persistence._names import (
    class_name,
    class_of,
    function_name,
    is_known,
    is_record,
    named_class,
    named_function,
)


def _item(parts: Parts, i: int) -> str:
    return f"[{i}]"


def _entry(parts: Parts, i: int) -> str:
    return f"[{parts[i - 1]!r}]" if i % 2 else ""


def _attribute(parts: Parts, i: int) -> str:
    return "" if i < 2 or i % 2 == 0 else f".{parts[i - 1]}"


def _pairs(mapping: dict[Any, Any]) -> Parts:
    return tuple(each for pair in mapping.items() for each in pair)


def _fill_dict(made: dict[Any, Any], *pairs: Any) -> None:
    made.update(zip(pairs[::2], pairs[1::2], strict=True))


def _sorted(some: Any) -> Parts:
    """Return the elements of a set in an order that does not depend on their hashes."""
    return tuple(sorted(some, key=lambda each: (type(each).__qualname__, repr(each))))


def _object_parts(value: Any) -> Parts | None:
    kind, state = type(value), value.__getstate__()
    state = {} if state is None else state
    if type(state) is not dict or not all(type(name) is str for name in state):
        return None
    return (kind.__module__, kind.__qualname__, *_pairs(state))


def _make_object(module: str, name: str) -> Any:
    kind: Any = class_of(module, name)
    if is_record(kind):
        raise FileError(f"holds a {module}.{name} that is not its fields")
    return kind.__new__(kind)


def _fill_object(made: Any, *pairs: Any) -> None:
    state = dict(zip(pairs[::2], pairs[1::2], strict=True))
    kind = type(made)
    if is_dataclass(kind) and not {field.name for field in fields(kind)} <= state.keys():
        raise FileError(f"holds a {kind.__module__}.{kind.__qualname__} with other attributes")
    if not all(type(key) is str for key in state):
        raise FileError("holds an object whose attributes have no names")
    if hasattr(kind, "__setstate__"):
        made.__setstate__(state)
    else:
        made.__dict__.update(state)


def _make_record(module: str, name: str, *values: Any) -> Any:
    kind: Any = class_of(module, name)
    if not is_record(kind) or len(kind._fields) != len(values):
        raise FileError(f"holds a {module}.{name} with other fields")
    return kind._make(values)


def _zone_parts(zone: datetime.timezone) -> Parts:
    offset = zone.utcoffset(None)
    name = zone.tzname(None)
    return offset, None if name == datetime.timezone(offset).tzname(None) else name


def _make_zone(offset: datetime.timedelta, name: str | None) -> datetime.timezone:
    return datetime.timezone(offset) if name is None else datetime.timezone(offset, name)


def _moment_parts(moment: datetime.datetime) -> Parts:
    return (*moment.timetuple()[:6], moment.microsecond, moment.tzinfo, moment.fold)


def _make_moment(*parts: Any) -> datetime.datetime:
    return datetime.datetime(*parts[:8], fold=parts[8])


KINDS = {
    "list": Kind(exactly(list), tuple, list, 0, lambda made, *items: made.extend(items), _item),
    "tuple": Kind(exactly(tuple), tuple, lambda *items: items, label=_item),
    "dict": Kind(exactly(dict), _pairs, dict, 0, _fill_dict, _entry),
    "set": Kind(exactly(set), _sorted, set, 0, lambda made, *items: made.update(items), _item),
    "frozenset": Kind(exactly(frozenset), _sorted, lambda *items: frozenset(items), label=_item),
    "slice": Kind(exactly(slice), lambda x: (x.start, x.stop, x.step), slice),
    "range": Kind(exactly(range), lambda x: (x.start, x.stop, x.step), range),
    "int": Kind(exactly(int), lambda x: (hex(x),), lambda x: int(check(x, str), 16)),
    "float": Kind(
        exactly(float),
        lambda x: (struct.pack("<d", x).hex(),),
        lambda x: struct.unpack("<d", bytes.fromhex(x))[0],
    ),
    "complex": Kind(exactly(complex), lambda x: (x.real, x.imag), complex),
    "bytes": Kind(exactly(bytes), lambda x: (x.hex(),), bytes.fromhex),
    "path": Kind(exactly(type(Path())), lambda x: (str(x),), lambda x: Path(check(x, str))),
    "date": Kind(exactly(datetime.date), lambda x: (x.toordinal(),), datetime.date.fromordinal),
    "datetime": Kind(exactly(datetime.datetime), _moment_parts, _make_moment),
    "duration": Kind(
        exactly(datetime.timedelta),
        lambda x: (x.days, x.seconds, x.microseconds),
        datetime.timedelta,
    ),
    "timezone": Kind(exactly(datetime.timezone), _zone_parts, _make_zone),
    "zone": Kind(
        exactly(ZoneInfo),
        lambda x: None if x.key is None else (x.key,),
        lambda key: ZoneInfo(check(key, str)),
    ),
    "class": Kind(lambda x: isinstance(x, type), class_name, named_class),
    "function": Kind(
        lambda x: isinstance(x, FunctionType | np.ufunc), function_name, named_function
    ),
    "record": Kind(
        lambda x: is_record(type(x)) and is_known(type(x)),
        lambda x: (type(x).__module__, type(x).__qualname__, *x),
        _make_record,
        label=lambda parts, i: f"[{i - 2}]",
    ),
    "object": Kind(
        lambda x: is_known(type(x)) and not is_record(type(x)),
        _object_parts,
        _make_object,
        2,
        _fill_object,
        _attribute,
    ),
}
