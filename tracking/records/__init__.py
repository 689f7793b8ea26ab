"""The records: what a row is, how it is committed, how it is read, and who may write."""
