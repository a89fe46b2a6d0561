"""What each paper claims, as comparisons of held-out predictions."""
