"""Read KneeMRI folders (Štajduhar 2017)."""
