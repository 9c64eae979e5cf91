"""What holds for every test: how long an example takes is no verdict on a machine that does other work too."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
