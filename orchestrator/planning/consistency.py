"""Which records must not be combined in one curve, and notes on the code, data and schema that records come from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.planning.explain import explain
from tracking.common.errors import Refused
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.provenance import Provenance
from workers.interfaces.dataset import DataSettings
from workers.runtime import provenance
from workers.training.load_data import load_data
from workers.training.settings import OnImages
from workers.trial import SCHEMA_VERSION, Trial

CHOOSING = DataSettings.model_fields.keys() - {"name"}  # settings that every data set has


def data_name(settings: Mapping[str, object]) -> str:
    """The name of a trial's data: their settings without those that choose among the same images or change them."""
    data = settings.get("data", {})
    if not isinstance(data, dict):
        return ""
    return str({k: v for k, v in data.items() if k not in CHOOSING})


def data_digest(recorded: TrialRecord) -> str:
    """The digest of the data that a trial was trained on; "" where it needs none."""
    return recorded.data.digest if recorded.data else ""


def refuse_mixed_data(recorded: Iterable[TrialRecord]) -> None:
    """Raises Refused when records of different data would meet in one curve."""
    for name, digests in _digests(recorded).items():
        if len(digests) > 1:
            raise Refused(_mixed(name, sorted(digests)))


def refuse_other_data(to_run: Sequence[Trial], recorded: Iterable[TrialRecord]) -> None:
    """Raises Refused when the data on this machine are not those that the records of the sweep were made from: before
    hours are spent on records that no curve will show."""
    known = _digests(recorded)
    for name, trial in {data_name(t.plain): t for t in to_run}.items():
        if name in known and (here := _here(trial)) and {here} != known[name]:
            raise Refused(_mixed(name, [*sorted(known[name]), f"{here} on this machine now"]))


def _digests(recorded: Iterable[TrialRecord]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    # Trials of one bundle share their provenances, and those of one cell in it their data.
    seen = {(id(one.provenances), id(one.settings.get("data"))): one for one in recorded}
    for one in seen.values():
        if digest := data_digest(one):
            found.setdefault(data_name(one.settings), set()).add(digest)
    return found


def _mixed(name: str, digests: Sequence[str]) -> str:
    return (
        f"the records of this sweep were made from different versions of the data '{name}' (digests "
        f"{', '.join(digests)}); they must not meet in one curve: use another --store for one of them"
    )


def _here(trial: Trial) -> str:
    """The digest of the data of a trial as they are on this machine; "" where it needs none."""
    if not isinstance(trial.settings, OnImages):
        return ""
    data = trial.settings.data
    with trial.files.active():
        return load_data(data).digest


def notes(trials: Sequence[Trial], recorded: Mapping[str, TrialRecord], ledger: Ledger) -> list[str]:
    """What a reader should know of the records of these trials: data that differ, several versions of the code, trials
    that are recorded in an older format, and what distinguishes recorded trials from those that are missing.

    recorded: what the ledger says of the trials, by id."""
    out = [_mixed(name, sorted(found)) for name, found in _digests(recorded.values()).items() if len(found) > 1]
    if said := other_code(recorded.values(), mixed=len(recorded) < len(trials)):
        out.append(said)
    missing = {t.id for t in trials} - recorded.keys()
    if missing and (older := _older(missing, trials[0], ledger)):
        out.append(
            f"{older} of the missing trials are recorded in the format of version 0.1 of this program; they do not "
            "count, and run again"
        )
    return out + explain(trials, ledger)


def codes(recorded: Iterable[TrialRecord]) -> Counter[str]:
    """How many of these trials each version of the code has computed, or a part of, by what it is called: two versions
    that have the same files are one, whatever their commits."""
    names: dict[str, str] = {}
    counts = Counter[str]()
    shared: dict[int, list[TrialRecord]] = {}  # by the object that trials of one bundle share: hashing it takes longer
    for one in recorded:
        shared.setdefault(id(one.provenances), []).append(one)
    for trials in shared.values():
        found = {_files(p): _name(p) for p in trials[0].provenances}
        names = {**found, **names}
        counts.update(dict.fromkeys(found, len(trials)))
    twice = {name for name, n in Counter(names[files] for files in counts).items() if n > 1}
    shown = {files: f"{name} ({files[:8]})" if name in twice else name for files, name in names.items()}
    return Counter({shown[files]: n for files, n in counts.items()})


def _files(provenance: Provenance) -> str:
    """What tells two versions of the code apart: the digest of the files, or the name where it is not recorded."""
    return (provenance.code.files if provenance.code else "") or _name(provenance)


def _name(provenance: Provenance) -> str:
    """The commit, or the version of a program that is installed without a checkout."""
    named = provenance.code.name if provenance.code else ""
    return named or f"version {dict(provenance.versions or ()).get('sweep', 'unknown')}"


def other_code(recorded: Iterable[TrialRecord], mixed: bool) -> str:
    """That trials of one sweep were computed by several versions of the code; "" where it is one. mixed: whether
    trials are to be added by the code that runs now."""
    known = [*recorded]
    found, here = codes(known), Provenance(provenance.code())
    foreign = mixed and found and any(_files(p) != _files(here) for one in known for p in one.provenances)
    counts = ", ".join(f"{n} by {name}" for name, n in found.most_common())
    if foreign:
        return f"recorded by other code than runs here ({_name(here)}): {counts}; figures of both will say so"
    return f"the trials were recorded by different versions of the code: {counts}" if len(found) > 1 else ""


def _older(missing: set[str], like: Trial, ledger: Ledger) -> int:
    """How many of the missing trials are recorded under an id of an older version: their settings mean the same."""
    found = set()
    for one in ledger.records.values():
        if one.experiment == like.experiment and one.schema < SCHEMA_VERSION:
            try:
                found.add(Trial.of(like.experiment, one.settings, like.files).id)
            except ValueError:  # settings that this version does not know
                continue
    return len(found & missing)
