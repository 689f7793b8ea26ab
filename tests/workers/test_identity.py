"""What ids rest on stays as it is for one version of ids: defaults, and which settings are in an id."""

import json
from typing import Any, Literal

import pytest
from pydantic import Field

from tests.support.identity import held
from tests.support.networks import small_trials
from tracking.common.named_files.plugins import Frozen
from workers.identity import determining
from workers.trial import SCHEMA_VERSION, Trial


def test_no_default_has_changed_since_the_version_of_ids_was_raised() -> None:
    assert held.read(held.DEFAULTS)["schema"] == SCHEMA_VERSION, held.REMEDY
    assert held.changed_defaults() == {}, held.REMEDY


def test_every_default_is_in_the_table() -> None:
    before, now = set(held.read(held.DEFAULTS)["defaults"]), set(held.defaults_now())
    assert before == now, "keys were added or have gone: run `python -m tests.support.identity.held`"


def test_trials_have_the_ids_that_they_had() -> None:
    """Whatever is recorded under them: a new experiment adds trials to the table, and changes none."""
    assert held.read(held.IDS)["schema"] == SCHEMA_VERSION, held.REMEDY
    assert held.ids_now() == held.read(held.IDS)["ids"], held.REMEDY
    assert {one["experiment"] for one in held.ids_now()} == set(held.EXPERIMENTS.shipped())


def test_the_table_is_not_written_over_where_it_would_hide_a_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    table = held.read(held.DEFAULTS)
    table["defaults"]["network: loss"] = {"default": "square"}
    (tmp_path / "defaults.json").write_text(json.dumps(table))
    monkeypatch.setattr(held, "DEFAULTS", tmp_path / "defaults.json")
    assert held.changed_defaults() == {"network: loss": ({"default": "square"}, {"default": "cross_entropy"})}
    with pytest.raises(SystemExit, match="raise SCHEMA_VERSION"):
        held.write()


class Part(Frozen):
    name: Literal["part"] = "part"
    size: float = 1  # an integer where a number is meant
    flag: bool | int = True


class Before(Frozen):
    part: Part = Part(size=2)
    parts: tuple[Part, ...] = ()
    length: int
    seed: int = 0


class After(Before):
    """With a setting more, in a part, too."""

    added: int | None = Field(None)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"length": 1}, {"length": 1}),
        ({"length": 1, "part": {"name": "part", "size": 2.0}}, {"length": 1}),
        ({"length": 1, "part": {"name": "part"}}, {"length": 1, "part": {"name": "part"}}),
        ({"length": 1, "part": {"size": 1.0}}, {"length": 1, "part": {"name": "part"}}),
        ({"length": 1, "part": {"flag": 1}}, {"length": 1, "part": {"name": "part", "flag": 1}}),
        (
            {"length": 1, "parts": [{"size": 1.0}, {"size": 3}]},
            {"length": 1, "parts": [{"name": "part"}, {"name": "part", "size": 3.0}]},
        ),
    ],
)
def test_only_what_differs_from_its_default_is_in_the_id(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    for model in (Before, After):
        made = model.model_validate_json(json.dumps(settings))
        assert determining(made, made.model_dump(mode="json")) == expected


def test_a_trial_with_a_seed_in_its_place_has_the_id_that_it_has_alone() -> None:
    for one in held.read(held.IDS)["ids"]:
        trial = Trial.of(one["experiment"], one["settings"])
        assert trial.with_seed(5).id == Trial.of(one["experiment"], {**one["settings"], "seed": 5}).id
        assert trial.with_seed(5).cell == trial.cell
    assert len({small_trials.trial(seed).id for seed in range(20)}) == 20
