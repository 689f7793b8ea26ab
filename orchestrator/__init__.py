"""Decides what runs where: reads sweeps, expands them into trials, packs bundles, launches them."""

import logging

from orchestrator import hidden

hidden.check()

# A program that has set up no logging sees nothing of ours; `orchestrator.terminal.log_messages` shows it to people.
logging.getLogger(__name__).addHandler(logging.NullHandler())
