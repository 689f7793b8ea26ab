"""One measure a file; `workers.interfaces.measure.Measure` is the Protocol."""
