"""Gold samples: texts drawn with known probabilities and labelled by people."""
