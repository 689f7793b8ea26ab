"""The MLflow mirror, rebuilt from the records at will; the only room that imports mlflow."""
