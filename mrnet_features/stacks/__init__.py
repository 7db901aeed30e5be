"""Stacks: pixels -> levels and regions, ready to count."""
