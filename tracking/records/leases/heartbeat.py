"""The heartbeat of a lease: how often its owner changes it, and after how long without a beat others take it over."""

import os

SILENCE_S = 30.0  # an owner whose beat has not changed for so long counts as gone; $SWEEP_LEASE_S changes it
BEATS = 15  # in that time


def silence() -> float:
    """Seconds without a beat after which an owner counts as gone."""
    return float(os.environ.get("SWEEP_LEASE_S", SILENCE_S))


def interval() -> float:
    """Seconds between two beats."""
    return silence() / BEATS
