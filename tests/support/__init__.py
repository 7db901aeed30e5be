"""Stacks, legs and slow reference implementations that several test files use."""
