"""Posts to labels: targets and their mentions, classifiers, scoring, training and evaluation."""
