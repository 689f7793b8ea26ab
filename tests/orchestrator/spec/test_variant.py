"""A variant is named by the sweep, its profile and what is set, and can be the name of a folder."""

from orchestrator.spec.variant import LONGEST, variant


def test_profile_and_overrides_are_named_the_overrides_by_key() -> None:
    assert variant("fig2", None, []) == "fig2"
    assert variant("fig2", "laptop", []) == "fig2@laptop"
    assert variant("x", None, ["net.width=4", "epochs=5"]) == variant("x", None, ["epochs=5", "net.width=4"])
    assert variant("x", None, ["net.width=4", "epochs=5"]) == "x@epochs=5@net.width=4"


def test_of_two_values_of_one_key_the_last_counts() -> None:
    assert variant("x", None, ["epochs=5", "epochs=6"]) == "x@epochs=6"


def test_a_folder_can_have_the_name() -> None:
    assert variant("x", None, ["data.path=../a/b\nc%"]) == "x@data.path=..%2Fa%2Fb%0Ac%25"
    long = [f"notes={'a' * 500}{end}" for end in "12"]
    names = {variant("x", None, [one]) for one in long}
    assert len(names) == 2 and all(len(name) == LONGEST for name in names)
