"""One claim a file: Settings (what is compared, with which tolerance) and judge(table, settings) -> Verdict."""
