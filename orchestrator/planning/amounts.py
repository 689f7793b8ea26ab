"""What a trial takes by arithmetic, where costly measures are taken once or where kept networks are not trained."""

from collections.abc import Callable

from tracking.common.named_files.plugins import Frozen
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

ONE_EPOCH = {"epochs": 1, "evaluate_every": 1}  # stands for what is measured of networks that are kept


def amount(trial: Trial, of: Callable[[Frozen], float], kept: bool = False) -> float:
    """What `of` gives for the settings of a trial, such as its cost, with the measures that are taken once counted at
    one of its steps. Names are looked up in the files that are active. kept: nothing is trained."""
    settings = trial.settings.model_copy(update=ONE_EPOCH) if kept else trial.settings
    whole = of(settings)
    if not trial.once:
        return whole
    others = tuple(name for name in trial.plain["measure"] if name not in trial.once)
    along = of(settings.model_copy(update={"measure": others}))
    steps = EXPERIMENTS.load(trial.experiment).recorded_steps(settings) or (0,)
    return along + (whole - along) / len(steps)
