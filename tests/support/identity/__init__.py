"""What the ids of trials rest on, as it was when the present version of ids began: defaults, and some ids."""
