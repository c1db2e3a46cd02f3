"""Scores to per-channel figures, and figures to files."""
