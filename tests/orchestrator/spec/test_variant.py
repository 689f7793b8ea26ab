"""A variant is named by the sweep and what changes it, can be the name of a folder, and can be read again."""

import pytest

from orchestrator.spec.variant import LONGEST, Changes, split, variant
from tracking.common.errors import BadSweep


def test_what_changes_a_sweep_is_named_the_overrides_by_key() -> None:
    assert variant("fig2", Changes()) == "fig2"
    assert variant("fig2", Changes("laptop")) == "fig2@laptop"
    both = [Changes(None, ("net.width=4", "epochs=5"), 10), Changes(None, ("epochs=5", "net.width=4"), 10)]
    assert {variant("x", one) for one in both} == {"x@epochs=5@net.width=4@seeds=10"}


def test_of_two_values_of_one_key_the_last_counts() -> None:
    assert variant("x", Changes(None, ("epochs=5", "epochs=6"))) == "x@epochs=6"


def test_a_folder_can_have_the_name() -> None:
    assert variant("x", Changes(None, ("data.path=../a/b\nc%",))) == "x@data.path=..%2Fa%2Fb%0Ac%25"
    long = [Changes(None, (f"notes={'a' * 500}{end}",)) for end in "12"]
    names = {variant("x", one) for one in long}
    assert len(names) == 2 and all(len(name) == LONGEST for name in names)


@pytest.mark.parametrize(
    "changes",
    [
        Changes(), Changes("laptop"), Changes("laptop", ("epochs=5",), 10), Changes(None, ("epochs=5",)),
        Changes(seeds=3), Changes(None, ("data.path=../a@b/c%",)), Changes(None, ("title=a=b@c",)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["fig2", "here.yaml", "a@b/mine.yml"])
def test_a_variant_is_read_as_what_it_was_made_of(file: str, changes: Changes) -> None:
    assert split(file + variant("x", changes)[1:]) == (file, changes)


def test_options_are_added_to_the_variant() -> None:
    assert split("fig2@laptop", overrides=["epochs=5"], seeds=4) == ("fig2", Changes("laptop", ("epochs=5",), 4))


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("x@laptop", {"profile": "debug"}, "a profile, and so does an option"),
        ("x@seeds=3", {"seeds": 4}, "seeds, and so does an option"),
        ("x@seeds=0", {}, "at least 1, got '0'"),
        ("x@seeds=many", {}, "got 'many'"),
    ],
)
def test_what_cannot_be_is_refused(text: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(BadSweep, match=says):
        split(text, **options)  # type: ignore[arg-type]
