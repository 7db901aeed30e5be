"""Diagnostics: what this machine has, whether its GPU counts correctly, which families exist."""
