"""Tables of the five papers: a module each, and what they share."""
