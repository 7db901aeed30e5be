"""A finished study as one page for a reviewer, with its numbers as JSON and CSV."""
