"""A sweep: what is fixed, varies, is measured, drawn and judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.spec.axes import alike
from orchestrator.spec.dotted_keys import Settings
from orchestrator.spec.yaml_source import Source
from tracking.analysis.curve_spec import Curve
from tracking.plotting.panels import Panel
from tracking.plotting.surfaces import Surface
from workers.trial import digest


@dataclass(frozen=True)
class Sweep:
    """A sweep file that was read and checked, with one profile and all overrides applied.

    written: the file as it was written. asked: the arguments of a command that reads it in the same way.
    """

    name: str
    path: str
    title: str
    source: str
    notes: str
    experiment: str
    fixed: Settings
    axes: dict[str, list[Any]]
    zip: list[list[str]]
    when: dict[str, dict[str, Any]]
    exclude: list[dict[str, Any]]
    measure: list[str] | None
    curves: list[Curve]
    panels: list[Panel]
    surfaces: list[Surface]
    claims: list[Any]
    profiles: tuple[str, ...]
    text: Source
    written: str
    asked: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Content hash of what is run, drawn and judged: equal for equal content, however it is written."""
        plain = [c.model_dump(mode="json") for c in (*self.curves, *self.claims)]
        parts = [self.experiment, self.fixed, self.axes, self.zip, self.when, self.exclude, self.measure, plain]
        return digest({"sweep": alike(parts)})

    def at(self, path: Sequence[str | int], message: str) -> str:
        """The message with the file and line of a path."""
        return self.text.at(tuple(path), message)
