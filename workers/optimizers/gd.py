"""Gradient descent: every step uses the whole training set. Momentum and weight decay as in sgd."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from workers.optimizers import sgd

STATE, numbers, step = sgd.STATE, sgd.numbers, sgd.step


class Settings(sgd.Descent):
    """Gradient descent; an epoch is one step."""

    name: Literal["gd"] = "gd"
    batch_size: None = Field(None, description="Not to be set: a step takes all examples.")

    @field_validator("batch_size", mode="before")
    @classmethod
    def _has_no_batches(cls, given: object) -> object:
        if given is not None:
            raise ValueError(f"batch_size has no meaning with gd, got {given}; leave it out or choose sgd")
        return given
