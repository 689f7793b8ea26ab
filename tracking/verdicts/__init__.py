"""From recorded rows to verdicts: what claims are given and how their findings are put together."""
