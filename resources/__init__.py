"""Files that the window reads: theme tokens and style sheet, drawings of our own, translations."""
