"""Extraction on a GPU: batch planning, transfer buffers and the read-copy-describe pipeline."""
