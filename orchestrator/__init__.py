"""Decides what runs where: reads sweeps, expands them into trials, packs bundles, launches them."""
