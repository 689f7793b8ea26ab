"""What must hold of a store in a soak: after each event nothing that was recorded is gone; at the end of a round all is
as nothing had happened."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from tests.support.launching.launches import Place
from tests.support.launching.waiting import until
from tests.support.soak.round import Round
from tests.support.stores import compare_records
from tests.support.stores.compare_records import Held


def grown(round: Round, before: dict[str, Held]) -> dict[str, Held]:
    """What is recorded now. All that was recorded before is still there, and all of it is what an undisturbed launch
    records."""
    now, undisturbed = compare_records.held(round.place.store), round.place.undisturbed()
    lost = sum((one.rows - now[id].rows if id in now else one.rows).total() for id, one in before.items())
    if lost:
        round.tally.lost += lost
        round.say(f"FOUND {lost} committed rows that are gone")
    elif before:
        round.tally.growth += 1
    for what in _not_of(now, compare_records.held(undisturbed)):
        round.wrong(f"is recorded and is not what an undisturbed launch records: {what}")
    return now


def _not_of(now: dict[str, Held], undisturbed: dict[str, Held]) -> list[str]:
    """What is recorded that is not recorded there: a line for each trial."""
    out = []
    for id, one in now.items():
        other = undisturbed[id]
        same = _identifying(one) == _identifying(other) and one.weights in ("", other.weights)
        if not same or one.rows - other.rows:
            rows = sorted((one.rows - other.rows).items())[:2]
            out.append(f"{id}: {one.outcome}, rows {rows}, settings {one.settings}, weights {one.weights}")
    return out[:3]


def _identifying(one: Held) -> dict[str, object]:
    """Its settings without what is measured, of which more may be asked later."""
    settings: dict[str, object] = json.loads(one.settings)
    return {key: value for key, value in settings.items() if key != "measure"}


def whole(round: Round) -> None:
    """Finishes the sweep and holds it against one that nothing has disturbed."""
    place, tally = round.place, round.tally
    place.launch_all()
    undisturbed = place.undisturbed()
    found = compare_records.compare(place.store, undisturbed)
    tally.rows += found.rows
    tally.lost += found.lost
    tally.duplicated += found.duplicated
    tally.different += found.different
    for what in found.examples:
        round.wrong(what)
    if compare_records.dump(place.store) != compare_records.dump(undisturbed):
        round.wrong("the records as text are not the same bytes")
    for name in (*compare_records.leftovers(place.store), *compare_records.unnamed(place.store)):
        round.wrong(f"left behind: {name}")
    for how in place.wrong_runs(place.store / "mlflow.db"):
        round.wrong(f"in MLflow: {how}")
    for what in _results(place, undisturbed):
        round.wrong(what)
    until(lambda: not round.running(), f"the end of processes {round.running()}", 60)


def _results(place: Place, undisturbed: Path) -> list[str]:
    """Curves that differ from the undisturbed ones, and claims that are judged otherwise."""
    out = []
    for file in sorted(undisturbed.glob("figures/*/curves.parquet")):
        here = place.store / file.relative_to(undisturbed)
        if not here.exists() or _points(here) != _points(file):
            out.append(f"{here} has other points than without the kills")
    verify = [
        place.program.run(folder, "verify", "faults.yaml", "--json") for folder in (place.folder, undisturbed.parent)
    ]
    if verify[0].code != 0 or verify[0].result != verify[1].result:
        out.append(f"verify: code {verify[0].code}, {verify[0].out}, undisturbed {verify[1].out}; {verify[0].err}")
    return out


def _points(path: Path) -> str:
    """As text. Numbers to 12 digits: in which order the seeds of a point are added up depends on the bundles."""
    rows = pq.read_table(path).to_pylist()
    return repr([{k: f"{v:.12g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows])
