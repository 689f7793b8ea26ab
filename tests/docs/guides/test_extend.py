"""The measure in the guide on files of one's own keeps the contract of measures, on features that are known."""

import re
from pathlib import Path

from tests.support.networks import small_trials
from tests.support.networks.engine_bundles import made
from tracking.common.named_files.user_files import UserFiles
from workers import contract
from workers.engines.choose import choose
from workers.interfaces.snapshot import Snapshot
from workers.plugins import MEASURES
from workers.training.networks.functions import NetFunctions

GUIDE = Path("docs/guides/extend.md")


def test_the_measure_of_the_guide_keeps_the_contract_and_sees_hidden_units(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures/feature_rank.py").write_text(code)
    with UserFiles.of_folder(tmp_path).active():
        assert [c.problem for c in contract.checks("measures", "feature_rank", {})] == [""] * 7
        bundle, examples = made([small_trials.trial(seed, net={"name": "mlp", "hidden": [1]}) for seed in range(2)])
        snapshot = Snapshot(choose(bundle, examples, "cpu"), NetFunctions(bundle, examples))
        found = {split: values.tolist() for split, _, values in MEASURES.load("feature_rank").measure(snapshot)}
    assert found == {"train": [1.0, 1.0], "test": [1.0, 1.0]}, "one hidden unit"
