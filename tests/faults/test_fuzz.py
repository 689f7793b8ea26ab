"""A few hundred changed stores and sweep files; `make fuzz` tries ten thousand."""

from tests.support.fuzz.run import part
from tests.support.launching.launches import Program


def test_no_changed_store_or_sweep_file_ends_in_a_traceback_or_changes_anything_else(
    program: Program,
) -> None:
    found = part((7, range(1, 81), 1000), program.database)
    assert not found.wrong, "\n".join(found.wrong)
    assert sum(found.codes.values()) == 80 * 5 and {code for _, code in found.codes} >= {0, 2, 74}
