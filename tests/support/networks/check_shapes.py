"""Checks the shapes and types of arrays that signatures of the numerical code promise, while tests run.

The program writes `Float[Tensor, "M B C"]` and imports none of these names at run time: annotations cost it nothing.
Here an import hook wraps every function of the packages below. At each call jaxtyping compares arguments, results
and what a generator yields with the annotations; a name stands for the same number in the whole signature.
"""

import ast
import functools
import importlib
import importlib.abc
import importlib.machinery
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from jaxtyping import AbstractArray, jaxtyped

PACKAGES = (
    "workers.engines", "workers.interfaces", "workers.layers", "workers.losses", "workers.measures", "workers.nets",
    "workers.perturbations", "workers.theory", "workers.training",
)  # fmt: skip

ARRAYS = {"Tensor", "ndarray"}  # by name: most tests do without torch, which takes seconds to import
P, R = ParamSpec("P"), TypeVar("R")


class WrongShape(TypeError):
    """An array is not what a signature says."""


def install() -> None:
    """From here on modules of the packages are imported with their functions checked."""
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of the packages as Python does, and gives them a loader that wraps their functions."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not name.startswith(tuple(f"{package}." for package in PACKAGES)):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.origin and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module as Python does, then wraps its functions and the methods of its classes."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for name, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                setattr(module, name, checked(value))
            elif isinstance(value, type) and value.__module__ == module.__name__:
                _check_methods(value)


def _check_methods(cls: type) -> None:
    for name, value in list(vars(cls).items()):
        function = value.__func__ if isinstance(value, staticmethod) else value
        written = isinstance(function, types.FunctionType) and function.__module__ == cls.__module__
        if written:  # and not made by NamedTuple
            setattr(cls, name, checked(function) if function is value else staticmethod(checked(function)))


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, which raises WrongShape where arrays are not as its annotations say.

    Arguments of shapes and types that were right once are not looked at again: that would take a third of the tests'
    time. A call without arrays among its arguments, whose results depend on the object, is looked at every time.
    """
    if not any("[" in str(annotation) for annotation in function.__annotations__.values()):
        return function
    signature, name = inspect.signature(function), function.__qualname__
    seen = set[Any]()

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = tuple((a.shape, a.dtype) for a in args if type(a).__name__ in ARRAYS)
        if given in seen:
            return function(*args, **kwargs)
        expected = hints(function)
        if not expected:
            return function(*args, **kwargs)
        with jaxtyped("context"):
            for argument, value in signature.bind(*args, **kwargs).arguments.items():
                _compare(f"{name}: {argument}", value, expected.get(argument))
            found = function(*args, **kwargs)
            if isinstance(found, types.GeneratorType):
                return typing.cast(R, _compared(name, found, expected.get("return")))
            _compare(f"{name}: result", found, expected.get("return"))
        if given:
            seen.add(given)
        return found

    return call


def _compared(name: str, items: Iterator[object], hint: Any) -> Iterator[object]:
    """The same items, each compared with the parameter of Iterator[...] in a context of its own."""
    for item in items:
        with jaxtyped("context"):
            _compare(f"{name}: yielded", item, *typing.get_args(hint)[:1])
        yield item


@functools.cache
def hints(function: Callable[..., object]) -> dict[str, Any]:
    """The annotations that speak of arrays, evaluated with the names that only type checkers import."""
    module = sys.modules[function.__module__]
    complete(module.__name__)
    found = typing.get_type_hints(function, vars(module))
    return {name: hint for name, hint in found.items() if _speaks_of_arrays(hint)}


def _speaks_of_arrays(hint: Any) -> bool:
    is_array = isinstance(hint, type) and issubclass(hint, AbstractArray)
    return is_array or any(_speaks_of_arrays(part) for part in typing.get_args(hint))


@functools.cache
def complete(name: str) -> None:
    """Runs what a module has under `if TYPE_CHECKING`, and before that the same in the modules that it imports from.
    What the module has at run time stays: the types of settings of files that are found by name are others there."""
    module = importlib.import_module(name)
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for part in node.body:
                if isinstance(part, ast.ImportFrom) and part.module and part.module.startswith("workers."):
                    complete(part.module)
            names = dict(vars(module))
            exec(compile(ast.Module(node.body, []), name, "exec"), names)
            vars(module).update({key: value for key, value in names.items() if key not in vars(module)})


def _compare(where: str, value: object, hint: Any = None) -> None:
    """Looks into unions, tuples, mappings and sequences for arrays. Raises WrongShape."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        if not isinstance(value, hint):
            shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", type(value).__name__)
            raise WrongShape(f"{where}: expected {hint.__name__}, got {dtype} {tuple(shape) if shape else ''}")
    elif origin in (typing.Union, types.UnionType):
        if value is not None:
            for part in parts:
                if part is not type(None):
                    _compare(where, value, part)
    elif origin is tuple and isinstance(value, tuple) and Ellipsis not in parts:
        for i, (item, part) in enumerate(zip(value, parts, strict=True)):
            _compare(f"{where}[{i}]", item, part)
    elif isinstance(value, Mapping) and len(parts) == 2:
        for key, item in value.items():
            _compare(f"{where}[{key!r}]", item, parts[1])
