"""Protocol: how exams are split, models fitted and predictions made out of fold."""
