"""Read exams and labels from MRNet and KneeMRI folders."""
