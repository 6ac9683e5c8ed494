"""The benchmark of `build.py bench`."""
