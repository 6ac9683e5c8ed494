"""The benchmark: how fast a model really is on this device."""
