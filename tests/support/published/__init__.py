"""The results in docs/results: rows kept in the repository, and everything drawn, judged and written from them."""
