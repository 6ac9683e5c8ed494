"""Looking: pictures and frames described by the model on this device, and the Live view's decisions."""
