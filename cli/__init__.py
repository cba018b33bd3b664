"""The terminal door: the same verbs as every other door, for people at a terminal and for scripts."""
