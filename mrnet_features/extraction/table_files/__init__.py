"""Feature tables in files: written with checksums and provenance, read whole or in part."""
