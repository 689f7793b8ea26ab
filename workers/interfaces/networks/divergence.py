"""When a trial has diverged: a number is not finite, or its training risk exceeds a stated bound."""

LARGEST_RISK = 1e6  # mean over examples: with cross-entropy, logits that are wrong by a million; chance is log C
DIVERGED = f"a weight is not finite, or the training risk exceeds {LARGEST_RISK:g}"
