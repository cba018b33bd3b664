"""How quick and how large Confide is, measured on the real parts, beside the naive way of doing the same.

`python -m bench` measures everything, `python -m bench packet sign` only what is named; see RESULTS.md.
"""
