"""What is known: organizations, clients, packets, statements, signings, records, and the log of every change.

Every change of state is a verb of a module in this room. Nothing here renders, signs or stores bytes.
"""
