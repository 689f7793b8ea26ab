"""One claim a file: a statement that can be wrong, with the criterion by which it is judged on recorded trials.

A file has one class, `Settings(Claim)`, found by the file's name, with a field `name` that is the file's name:

    needs      which measures it looks at, along which x, what it compares, and whether each trial is judged by itself
    tested     the statement in one sentence, written from the settings
    criterion  when it holds, with its tolerance and its kind of interval, in words
    found      (optional) what was found, in words, with the keys of the evidence in braces: "the mean is {interval}"
    judge      a pure function from one line of trials to a finding: a criterion, and the numbers that decide
    problems   (optional) what is wrong with asking it of trials with these settings, before anything runs

`tracking.verdicts.gate` gives `judge` one line at a time: only finished trials, only finite numbers, only cells with
enough seeds, ordered by x. So no claim splits lines, counts seeds or looks for NaN, and none holds on part of the data
(`tracking.verdicts.verify`). Where a claim is about means it compares by `tracking.verdicts.estimate`, and puts several
comparisons together by `all_of` and `one_of`: they share the 5 % with those of all other lines, without its doing
(`tracking.verdicts.criterion`). Read `no_overfitting`, which is about means over seeds along x, and `settles`, which is
about every trial by itself: `said` is what is certain of them.

Tests find a new file by themselves and put it through ugly rows (tests/tracking/verdicts/test_metamorphic.py); it needs
rows where it must hold, fail and stay open (tests/support/made_up/claim_cases.py).
"""
