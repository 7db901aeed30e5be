"""What is on disk: MRNet folders, synthetic knees in the same layout."""
