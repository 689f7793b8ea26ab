"""From recorded rows to curves: grouping, reduction over seeds and intervals."""
