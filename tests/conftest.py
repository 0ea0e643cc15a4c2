"""What holds for all tests: generated examples have no deadline, because this may run on a busy machine."""

from hypothesis import settings

settings.register_profile("moksori", deadline=None)
settings.load_profile("moksori")
