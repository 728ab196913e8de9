"""Hypothesis measures no times here: the machine may be busy."""

from hypothesis import settings

settings.register_profile("recordio", deadline=None)
settings.load_profile("recordio")
