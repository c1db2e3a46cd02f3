"""What tgstance evaluate shows and writes of its measures."""
