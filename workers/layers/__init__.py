"""Torch modules that nets are built of; `workers.nets` imports them when a net is built, since they load torch."""
