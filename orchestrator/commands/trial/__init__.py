"""Commands on one recorded trial: run it again, or take its weights."""
