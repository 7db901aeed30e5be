"""Header fields of DICOM series: a table, columns for a model, and groups by scanner."""
