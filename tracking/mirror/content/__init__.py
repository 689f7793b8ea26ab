"""What MLflow shows of a sweep, as functions of its records alone: texts, points, lines, data sets, views."""
