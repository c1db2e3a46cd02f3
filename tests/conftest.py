"""Settings for all tests."""

from hypothesis import settings

# Dictionaries and models load during somebody's first example: time is no sign of a fault here.
settings.register_profile("tgstance", deadline=None)
settings.load_profile("tgstance")
