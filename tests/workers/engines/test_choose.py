"""Every engine against the reference engine, for every net, loss and optimizer in the folders."""

import pytest

from tests.support import small_trials
from tests.support.trained import ALONE_TOLERANCE, run


@pytest.mark.parametrize("engine", [name for name in small_trials.engines() if name != "reference"])
@pytest.mark.parametrize("optimizer", small_trials.OPTIMIZERS, ids=lambda o: f"{o['name']}-{o.get('momentum', 0)}")
@pytest.mark.parametrize("loss", small_trials.losses())
@pytest.mark.parametrize("net", small_trials.nets(), ids=lambda n: "-".join(str(v) for v in n.values()))
def test_the_engines_agree(net: dict, loss: str, optimizer: dict, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = optimizer if loss == "cross_entropy" else {**optimizer, "learning_rate": 0.003}
    bundle = [small_trials.trial(seed, net=net, loss=loss, optimizer=optimizer) for seed in range(3)]
    monkeypatch.setenv("SWEEP_ENGINE", engine)
    mine = run(bundle)
    monkeypatch.setenv("SWEEP_ENGINE", "reference")
    assert mine == pytest.approx(run(bundle), rel=ALONE_TOLERANCE)
