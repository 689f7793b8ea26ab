"""`sweep show --rerun`: runs a recorded trial once more in this process, recording nothing: a debugger works."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

from pydantic import ValidationError

from tracking.common.errors import Refused
from tracking.common.named_files.user_files import within
from tracking.common.text import count_of
from tracking.records.kept_files import kept_files
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.rows import Progress
from workers.formats.user_file import FileSettings
from workers.plugins import EXPERIMENTS
from workers.training.settings import OnImages
from workers.trial import Trial


def find(ledger: Ledger, start: str) -> TrialRecord:
    """The one recorded trial whose id begins so. Raises Refused when it is none or not the only one."""
    root, recorded = ledger.store.root, ledger.trials
    found = [id for id in recorded if id.startswith(start)]
    if len(found) == 1:
        return ledger.of(found)[found[0]]
    if not recorded:
        raise Refused(f"no trial '{start}' in '{root}', where nothing is recorded; give the --store that has it")
    if not found:
        some = f"{count_of(len(recorded), 'other is', 'others are')} recorded, such as {next(iter(recorded))}"
        raise Refused(f"no trial in '{root}' begins with '{start}'; {some}; a sweep's report.html has all of its ids")
    some = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
    raise Refused(f"{count_of(len(found), 'trial')} in '{root}' begin with '{start}': {some}; give more of the id")


def rerun(ledger: Ledger, one: TrialRecord, trace: str | None = None) -> Iterator[Progress]:
    """The trial alone, from its start, committing nothing. `trace`: a file for PyTorch's profile of it.

    Raises Refused with the step and the measure at the first number that is not finite.
    """
    with _profiled(trace):
        for progress in run([trial_of(ledger, one)]):
            yield progress
            for row in progress.rows:
                if row.value != row.value or abs(row.value) == float("inf"):
                    where = " ".join(filter(None, (row.measure, row.split, row.layer)))
                    raise Refused(f"step {row.step}: {where} is {row.value}; stopped at the first such number")


def trial_of(ledger: Ledger, one: TrialRecord) -> Trial:
    """The trial that a record is of, with the user's own files as they are kept with the records, measured as often.

    Raises Refused where this version does not know its settings, and where its data are not here.
    """
    try:
        found = Trial.of(one.experiment, one.settings, kept_files(ledger.store, one))
        return found.measuring_once(one.observed.once if one.observed else ())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Refused(
            f"trial {one.id} was recorded with settings that do not fit this version of the program, or data that are "
            f"not here ({where}: {first['msg'].removeprefix('Value error, ')})"
        ) from error


def run(trials: list[Trial]) -> Iterator[Progress]:
    """Runs trials as one bundle, from their start, and commits nothing. Raises Refused where the data are not here."""
    from workers.run_bundle import set_threads
    from workers.runtime.device import best

    _check_data(trials[0])
    set_threads()
    yield from within(trials[0].files, _run(tuple(trials), best()))


def _check_data(trial: Trial) -> None:
    """What is known of a file is kept with the sweep, so that its settings are valid where the file is not."""
    settings = trial.settings
    if isinstance(settings, OnImages) and isinstance(settings.data, FileSettings):
        with trial.files.active():
            try:
                settings.data.check_content()
            except ValueError as error:
                raise Refused(f"trial {trial.id} cannot be trained here: {error}") from error


def _run(trials: tuple[Trial, ...], device: str) -> Iterator[Progress]:
    yield from EXPERIMENTS.load(trials[0].experiment).run(trials, device, None)


def _profiled(trace: str | None) -> AbstractContextManager[object]:
    if trace is None:
        return nullcontext()
    from workers.runtime.profiler import profile

    return profile(trace)
