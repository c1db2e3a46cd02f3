"""Runs models fast: inputs in batches by length, through torch, ONNX Runtime or OpenVINO."""
