"""One experiment a file: Settings, MAY_DIFFER, cost(settings), run(trials, device, resume)."""
