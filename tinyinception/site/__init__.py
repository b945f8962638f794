"""Pages to look at: the explorer, and the lessons around it."""
