"""Some hundred changed stores, archives and sweep files; `make fuzz` tries ten thousand."""

from collections import Counter
from pathlib import Path

from tests.support.fuzz import prepare
from tests.support.fuzz.run import environment, fuzzer
from tests.support.launching.launches import Program

SEED, INPUTS, EVERY = 7, 100, 100


def test_no_changed_store_archive_or_sweep_file_ends_in_a_traceback_or_changes_anything_else(
    program: Program, tmp_path: Path
) -> None:
    with environment(tmp_path):
        prepare.prepare(tmp_path / "prepared", program.database)
    with fuzzer(tmp_path / "prepared", SEED, EVERY, program) as one:
        tried = [one.input(number) for number in range(INPUTS)]
    assert not (wrong := [line for each in tried for line in each.wrong]), "\n".join(wrong)
    assert {each.kind for each in tried} == {"store", "archive", "sweep"}
    codes = Counter(code for each in tried for _, code in each.codes)
    assert codes.keys() >= {0, 2, 74} and codes.total() > 1.5 * INPUTS, codes
