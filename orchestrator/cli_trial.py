"""The verbs on one trial."""

from orchestrator.commands.options import Flag, Json, WhichStore


def show(trial: str, *, at: WhichStore = WhichStore(), rerun: Flag = False, profile_torch: str | None = None,
          as_json: Json = False) -> int:  # fmt: skip
    """One trial: settings, outcome, provenance and its last recorded numbers.

    Examples: `sweep show a3d5`, `sweep show a3d5 --rerun`. The report of a sweep lists the ids of its trials.

    Parameters
    ----------
    trial
        The trial's id, or the beginning of it.
    rerun
        Run it alone, in this process, recording nothing: a debugger works; stops at the first NaN.
    profile_torch
        With --rerun, a file for PyTorch's profile (chrome://tracing, Perfetto).
    """
    from orchestrator.commands.rendering import render
    from orchestrator.commands.rendering.render_rerun import Steps
    from orchestrator.commands.trial.rerun import find
    from orchestrator.commands.trial.rerun import rerun as alone

    ledger = at.ledger()
    one = find(ledger, trial)
    if rerun or profile_torch:
        steps = Steps()
        for progress in alone(ledger, one, profile_torch):
            steps.show(progress)
        steps.compare(ledger, one)
    else:
        render.trial(ledger, one, as_json)
    return 0


def reproduce(trial: str, *, at: WhichStore = WhichStore(), bundle: Flag = False, as_json: Json = False) -> int:
    """Run a recorded trial again and compare how it ends, and number by number.

    Example: `sweep reproduce a3d5`.

    Exit code 1 when one of them differs.

    Parameters
    ----------
    trial
        The trial's id, or the beginning of it.
    bundle
        With all the trials it was trained with: on the same machine it then agrees to the last bit.
    """
    from orchestrator.commands.rendering.render_rerun import Steps, reproduced
    from orchestrator.commands.trial.reproduce import reproduce as compare_runs
    from orchestrator.commands.trial.rerun import find

    ledger = at.ledger()
    one = find(ledger, trial)
    found = compare_runs(ledger, one, bundle, (lambda progress: None) if as_json else Steps().show)
    reproduced(one, found, as_json)
    return 1 if found.differs else 0
