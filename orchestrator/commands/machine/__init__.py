"""Commands about this machine: `doctor`, `bench` and `ui`."""
