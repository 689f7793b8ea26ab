"""From trials to the bundles that a launch would run, and how long they will take."""
