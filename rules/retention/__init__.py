"""How long what is kept must be kept: the schedule as data (`*.yaml`), the calendar, and the decision.

Danger: a record destroyed a day early, or on a date that somebody guessed. Invariants: the longest rule that applies
wins; an event nobody recorded means *not eligible*, never the day the record was made; where two rules cannot both be
kept the answer is no date at all. Pure: no clock, no rows; the day is an argument.
"""
