"""The layout of a store: every name of a file or folder below its root, spelled here and nowhere else.

records/<bundle>/manifest.json             the committed state of a bundle; only what it names exists
records/<bundle>/<attempt>-<n>.parquet     rows of the n-th commit of an attempt
checkpoints/<bundle>/<attempt>-<n>.bin     what is needed to continue after that commit
weights/<bundle>/<attempt>-<n>.safetensors trained weights of the bundle's models, written by its last commit
sweeps/<variant>.json                      a sweep that was launched: its file, what was asked, its trials
leases/<number>.json                       which launch works on which trials
progress/<number>.json                     how far the launch with this lease is, while it runs
code/<digest>.zip                          the files in which the code of a provenance differed from its commit
code/<digest>.py                           a file of the user's own, by the digest in the sources of a manifest
probes/<id>                                a file that preflight and doctor write, read and delete
figures/<variant>/                         curves, figures, verdicts and report; on this machine in any case
comparisons/<first> vs <other>/            curves of several sweeps, and their differences; on this machine, too
mlflow.db, mlflow.db.lock, mlartifacts/    the default MLflow store

Whatever else lies in a folder of a store is foreign: `is_own` tells, and foreign files are neither read nor deleted.
"""

import re

DEFAULT_STORE = "runs"  # the name of a store's folder where none is given
RECORDS, CHECKPOINTS, WEIGHTS, LEASES = "records", "checkpoints", "weights", "leases"
CODE, PROBES, FIGURES, COMPARISONS, SWEEPS = "code", "probes", "figures", "comparisons", "sweeps"
PROGRESS = "progress"
SEGMENT, CHECKPOINT, TRAINED, UNFINISHED = ".parquet", ".bin", ".safetensors", ".tmp"
COMMITTED = (SEGMENT, CHECKPOINT, TRAINED, UNFINISHED)  # endings of files that commits write, interrupted ones included
VARIANT = r"[0-9a-z][^/\x00-\x1f]*"  # of a sweep
WORD = "[0-9A-Za-z][0-9A-Za-z_-]*"  # a bundle or an attempt
# The files below each folder; each may be unfinished, too (`LocalDisk.replace`). [0-9]: \d has digits of other scripts.
OWN = {
    RECORDS: rf"{WORD}/(manifest\.json|{WORD}-[0-9]+\.parquet)",
    CHECKPOINTS: rf"{WORD}/{WORD}-[0-9]+\.bin",
    WEIGHTS: rf"{WORD}/{WORD}-[0-9]+\.safetensors",
    LEASES: r"[0-9]{6,}\.json(\.[0-9]+\.[0-9]+\.new)?",
    PROGRESS: r"[0-9]{6,}\.json",
    CODE: r"[0-9a-f]+\.(zip|py|diff)",
    FIGURES: rf"{VARIANT}/[^/\x00-\x1f]+\.(parquet|csv|json|html|png|svg|pdf)",
    COMPARISONS: r"[^/\x00-\x1f]+/[^/\x00-\x1f]+\.(csv|json|png|svg|pdf)",
    SWEEPS: rf"{VARIANT}\.json",
    PROBES: r"[0-9a-f]+(\.damaged)?",
}
_OWN = re.compile(
    "|".join(rf"{folder}/{files}" for folder, files in OWN.items()).join((r"(", r")(\.[0-9]+\.[0-9]+\.tmp)?"))
)
_FOLDERS = re.compile(
    rf"({RECORDS}|{CHECKPOINTS}|{WEIGHTS})(/{WORD})?|{LEASES}|{PROGRESS}|{CODE}|{PROBES}|{SWEEPS}|{FIGURES}(/{VARIANT})?"
    rf"|{COMPARISONS}(/[^/\x00-\x1f]+)?"
)
LEASE = KEPT_SWEEP = ".json"
MANIFEST = "manifest.json"
MLFLOW_DATABASE, MLFLOW_ARTIFACTS = "mlflow.db", "mlartifacts"
CURVES_PARQUET, CURVES_CSV, CLAIMS, REPORT = "curves.parquet", "curves.csv", "claims.json", "report.html"
TRIALS_CSV = "trials.csv"
DRAWN = "drawn.json"  # what the files beside it were made from
DIFFERENCES, COMPARISON = "differences.csv", "comparison.json"
THIS_STORE = "."  # in a comparison, in the place of the store in which it lies
FIGURE_FILES = (".parquet", ".csv", ".json", ".html", ".png", ".svg", ".pdf")


def manifest(bundle: str) -> str:
    """The manifest of a bundle."""
    return f"{RECORDS}/{bundle}/{MANIFEST}"


def folders(bundle: str) -> tuple[str, str, str]:
    """The folders of a bundle: of its records, of its checkpoints and of its trained weights."""
    return f"{RECORDS}/{bundle}", f"{CHECKPOINTS}/{bundle}", f"{WEIGHTS}/{bundle}"


def checkpoints(bundle: str) -> str:
    """The folder of a bundle's checkpoints."""
    return folders(bundle)[1]


def segment(bundle: str, attempt: str, number: int) -> str:
    """The rows of one commit; `number` counts the commits of an attempt from 0."""
    return f"{RECORDS}/{bundle}/{attempt}-{number}{SEGMENT}"


def checkpoint(bundle: str, attempt: str, number: int) -> str:
    """The checkpoint of one commit."""
    return f"{CHECKPOINTS}/{bundle}/{attempt}-{number}{CHECKPOINT}"


def weights(bundle: str, attempt: str, number: int) -> str:
    """The trained weights that one commit wrote."""
    return f"{WEIGHTS}/{bundle}/{attempt}-{number}{TRAINED}"


def is_manifest(name: str) -> bool:
    return name.startswith(f"{RECORDS}/") and name.endswith(f"/{MANIFEST}")


def is_own(name: str) -> bool:
    """Whether a file of this name was written by this program, as far as its name tells."""
    return _OWN.fullmatch(name) is not None


def is_own_folder(name: str) -> bool:
    """The same of a folder."""
    return _FOLDERS.fullmatch(name) is not None


def lease(number: int) -> str:
    """The lease with this number; six digits, so that names sort as numbers do."""
    return f"{LEASES}/{number:06d}{LEASE}"


def lease_number(name: str) -> int:
    """The number of a lease, finished or not, from the name of its file or of its progress."""
    return int(name.rpartition("/")[2].partition(".")[0])


def progress(number: int) -> str:
    """How far the launch with this lease is."""
    return f"{PROGRESS}/{number:06d}.json"


def code_changes(digest: str) -> str:
    """The files in which this program differed from its commit (`Code.diff` of a provenance); version 0.1 wrote patches
    that end in .diff."""
    return f"{CODE}/{digest}.zip"


def user_source(digest: str) -> str:
    """The user's own file with this digest."""
    return f"{CODE}/{digest}.py"


def sweep(variant: str) -> str:
    """The sweep of this variant, as it was launched."""
    return f"{SWEEPS}/{variant}{KEPT_SWEEP}"


def probe(id: str) -> str:
    """A file that is written to see whether the store can be written, and read on other machines."""
    return f"{PROBES}/{id}"


def set_aside(name: str) -> str:
    """What a damaged file is renamed to."""
    return f"{name}.damaged"
