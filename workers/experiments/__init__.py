"""One experiment a file; `workers.interfaces.experiment.Experiment` is the Protocol."""
