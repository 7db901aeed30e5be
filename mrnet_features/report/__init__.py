"""Knowledge -> something to look at."""
