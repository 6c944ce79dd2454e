"""The Parquet mirror: the facts once more, by column, for engines that read files. Needs the extra `fast`."""

from accountpulse.core.mirror.manifest import Manifest
from accountpulse.core.mirror.mirror import Mirror, MirrorStatus, OnRows, Refreshed

__all__ = ["Manifest", "Mirror", "MirrorStatus", "OnRows", "Refreshed"]
