"""Loads a data set. What a file of the user's own raises, or returns instead of images, is said with path and line."""

from workers.interfaces.dataset import DataSettings
from workers.interfaces.images import Images
from workers.plugins import DATASETS
from workers.training.located import located, refused


def load_data(data: DataSettings) -> Images:
    """All images, as the data set has them. Raises what `Dataset.load` says; BadPlugin for a file of the user's."""
    dataset = DATASETS.load(data.name)
    if DATASETS.place(data.name).shipped:
        return dataset.load(data)
    with located(DATASETS, data.name):
        found: object = dataset.load(data)
    if not isinstance(found, Images):
        why = f"load returns {type(found).__name__}, expected Images (workers.interfaces.images)"
        raise refused(DATASETS, data.name, why, dataset.load)
    return found
