"""Files that `sweep new` writes, one of each kind: complete, and each passes `sweep check` as it is.

`NAME` in them is replaced by the name of the new file.
"""
