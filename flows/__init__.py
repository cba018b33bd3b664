"""What happens, in order: each module is the story of one job, told with the verbs of the other rooms.

Flows and tasks carry opaque ids only. Prefect records that a job ran and whether it succeeded; what there is to do
stands in the register's rows, so that a lost Prefect run loses nothing.
"""
