"""What goes wrong once all is trained: the records are kept, and whatever else can be is drawn, judged and shown."""

from pathlib import Path

import pytest

from tests.support import user_files
from tests.support.launching.launches import Place, sweep
from tests.support.launching.small_disks import remount, small_disk

CURVES = [{"name": name, "x": "seed", "y": "value", "split": "", "at": "last"} for name in ("a", "b")]
CLAIMS = [{"name": "above", "y": "value", "bound": 0.0}, {"name": "bounded", "y": "value", "split": "", "low": 0.0}]
SHORT = sweep("misbehaving", {"steps": 3}, {"seed": {"count": 2}}, curves=CURVES)
FIGURES = "figures/faults"


def test_a_claim_of_the_users_own_that_raises_costs_only_itself(place: Place) -> None:
    (place.folder / "claims").mkdir()
    (place.folder / "claims/above.py").write_text(source := user_files.CLAIM.replace('series["y"]', 'series["z"]'))
    before = source.partition('["z"]')[0]
    line = f"claims/above.py:{before.count(chr(10)) + 1}"
    place.write(sweep("misbehaving", {"steps": 3}, {"seed": {"count": 2}}, curves=CURVES, claims=CLAIMS))
    done = place.launch()
    assert done.code == 1, done.err
    above, bounded = done.result["claims"]
    assert bounded["verdict"] == "holds" and above["verdict"] == "not enough data"
    assert f"{line}: KeyError" in above["sentence"] and "'above' could not be judged" in done.err
    assert not done.result["not_drawn"] and line in Path(done.result["report"]).read_text()
    assert place.program.run(place.folder, "verify", "faults.yaml").code == 1
    assert place.wrong_runs(place.store / "mlflow.db") == []


@pytest.mark.parametrize(("size", "files"), [("36k", 0), ("20m", 4)], ids=["bytes", "files"])
def test_figures_on_a_full_disk_cost_only_themselves(place: Place, size: str, files: int) -> None:
    place.write(SHORT)
    with small_disk(place.store / FIGURES, size, files):
        done = place.launch()
        assert done.code == 74 and "Traceback" not in done.err, done.err
        lost, left = done.result["not_drawn"], {path.name for path in (place.store / FIGURES).iterdir()}
        assert lost and all(one["storage"] and "No space left" in one["reason"] for one in lost)
        assert left and all((place.store / FIGURES / name).stat().st_size for name in left)
        assert not left & {ending for one in lost for ending in (one["name"], f"{one['name']}.png")}
        assert place.program.run(place.folder, "curves", "faults.yaml").code == 74
        assert done.result["trials"]["run"] == 2 and "MLflow is behind" not in done.err
    place.is_whole()


def test_a_store_that_cannot_be_written_is_read_in_any_language_and_time_zone(place: Place) -> None:
    with small_disk(place.store, "20m"):
        uri = f"sqlite:///{place.program.with_database(place.folder / 'beside')}"
        (place.folder / "faults.yaml").write_text(SHORT)
        place.launch("--tracking-uri", uri, umask=0o077).ends(0)
        remount(place.store, "ro")
        for command in ("status", "verify", "plan"):
            place.program.run(place.folder, command, "faults.yaml", LC_ALL="tr_TR.UTF-8", TZ="Asia/Kathmandu").ends(0)
        drawn = place.program.run(place.folder, "curves", "faults.yaml")
        assert drawn.code == 74 and "Read-only file system" in drawn.err and "Traceback" not in drawn.err, drawn.err
