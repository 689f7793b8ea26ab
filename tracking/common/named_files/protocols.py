"""Whether a module has what a Protocol asks for: its constants, of the types stated, and functions of its parameters.

What mypy checks of the files it sees, checked when a file is loaded. Constants are read-only properties of the
Protocol, functions are its methods; what a member is for is the first line of its docstring.
"""

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypeVar


def lacking(module: ModuleType, protocol: type) -> list[str]:
    """A sentence for each member of the Protocol that the module lacks or has otherwise; empty where it fulfils it."""
    return [sentence for name, member in members(protocol).items() for sentence in _wrong(module, name, member)]


def members(protocol: type) -> dict[str, Any]:
    """The members of a Protocol and of those it extends, by name: properties and functions."""
    bases = (get_origin(protocol) or protocol).__mro__
    found = {name: value for base in reversed(bases) for name, value in vars(base).items()}
    return {name: value for name, value in found.items() if not name.startswith("_")}


def _wrong(module: ModuleType, name: str, member: Any) -> Iterator[str]:
    missing = object()
    value = vars(module).get(name, missing)
    expected = f"{_shape(name, member)}: {_purpose(member)}"
    if value is missing:
        yield f"lacks {expected}"
    elif isinstance(member, property):
        base = _base(member)
        if base is not None and isinstance(value, type) and not issubclass(value, base):
            yield f"has a class {name} that is not derived from {base.__module__}.{base.__name__}; derive it"
        elif not _fits(value, member):
            yield f"has {name} = {value!r}, expected {expected}"
    elif not callable(value) or not _takes(value, len(_parameters(member))):
        given = f"{name}({', '.join(_given(value))})" if callable(value) else f"{name} = {value!r}"
        yield f"has {given}, expected {expected}"


def _shape(name: str, member: Any) -> str:
    """A member as it has to be written: `STEP: str` or `cost(settings)`."""
    if isinstance(member, property):
        hint = inspect.get_annotations(_getter(member))["return"]
        return f"{name}: {hint if isinstance(hint, str) else inspect.formatannotation(hint)}"
    return f"{name}({', '.join(_parameters(member))})"


def _purpose(member: Any) -> str:
    return (member.__doc__ or "").strip().partition("\n")[0]


def _getter(member: property) -> Callable[[Any], Any]:
    assert member.fget
    return member.fget


def _base(member: property) -> type[BaseModel] | None:
    """What a class must be derived from: T of a property that returns `type[T]`; None for any other property."""
    hint = inspect.get_annotations(_getter(member), eval_str=True)["return"]
    origin: Any = get_origin(hint)
    if origin is not type:
        return None
    (base,) = get_args(hint)
    found: object = base.__bound__ if isinstance(base, TypeVar) else base
    return found if isinstance(found, type) and issubclass(found, BaseModel) else BaseModel


def _fits(value: object, member: property) -> bool:
    """Whether a constant is of the type that the property returns; `type[...]` stands for any class of settings."""
    hint = inspect.get_annotations(_getter(member), eval_str=True)["return"]
    origin: Any = get_origin(hint)
    if origin is type:
        return isinstance(value, type) and issubclass(value, BaseModel)
    try:
        TypeAdapter(hint).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _parameters(function: Callable[..., object]) -> list[str]:
    """The names of a method's parameters, without self."""
    return list(inspect.signature(function).parameters)[1:]


def _given(function: Callable[..., object]) -> list[str]:
    return [str(p.replace(annotation=p.empty)) for p in inspect.signature(function).parameters.values()]


def _takes(function: Callable[..., object], count: int) -> bool:
    """Whether a function can be called with so many positional arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    return True
