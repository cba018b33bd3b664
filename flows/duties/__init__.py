"""The duties of upkeep. Each takes the site, the moment and whether to act, and yields what it found."""
