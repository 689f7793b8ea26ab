"""What a soak has done and found, kept in a file so that it can be gone on with."""

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path


@dataclass
class Tally:
    """Counts of the rounds that were compared. kills: by command and kind of process. faults: what else was done.
    growth: how many times all that was recorded before a fault was found after it."""

    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)  # of sweeps, by round
    commands: int = 0
    rounds: int = 0
    rows: int = 0
    growth: int = 0
    lost: int = 0
    duplicated: int = 0
    different: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def killed(self) -> int:
        return self.kills.total()

    @property
    def sound(self) -> bool:
        return not (self.lost or self.duplicated or self.different or self.wrong)

    @staticmethod
    def read(path: Path) -> "Tally":
        """What was kept; nothing where there is no file."""
        if not path.exists():
            return Tally()
        found = json.loads(path.read_text())
        return Tally(**{k: Counter(v) if isinstance(v, dict) else v for k, v in found.items()})

    def write(self, path: Path) -> None:
        """Replaces the file."""
        path.with_suffix(".new").write_text(json.dumps(vars(self), indent=1))
        path.with_suffix(".new").rename(path)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})

    def __str__(self) -> str:
        kills, faults = (", ".join(f"{n} {what}" for what, n in c.most_common()) for c in (self.kills, self.faults))
        found = f"{self.rows} rows compared: {self.lost} lost, {self.duplicated} duplicated, {self.different} different"
        return "\n".join([
            f"{self.killed} kills ({kills})", f"besides: {faults or 'nothing'}",
            f"{self.commands} commands, {self.rounds} rounds, {self.growth} times all that was recorded is still there",
            f"{found}; {len(self.wrong)} other findings", *self.wrong[:20],
        ])  # fmt: skip
