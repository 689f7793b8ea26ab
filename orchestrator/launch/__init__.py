"""A launch: its options, what it runs, what it draws, and the steps from a sweep file to curves and verdicts."""
