-- Logins of MLflow have a database of their own.
create database mlflow_auth;
