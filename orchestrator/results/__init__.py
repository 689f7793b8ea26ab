"""What a launch ends with: curves, figures, verdicts and the MLflow mirror."""
