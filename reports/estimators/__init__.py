"""Estimators of true shares from a model's labels of all texts and people's labels of some."""
