"""Files: on disk, in a zip file or behind a URL; read with bounds, written as a whole."""
