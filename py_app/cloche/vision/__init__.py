"""Looking: pictures and frames described by the model on this device, the Live view's decisions, and the camera's way
out: `VideoStream` gives its frames to any code, `VilaClient` to an endpoint of the VILA streaming protocol."""

from .picture import Camera, Pixels
from .video_stream import VideoStream
from .vila_client import VilaClient

__all__ = ["Camera", "Pixels", "VideoStream", "VilaClient"]
