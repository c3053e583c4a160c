"""The one database handle and its migrations. Knows no domain."""

from .database import Database
from .migrations import migrate

__all__ = ["Database", "migrate"]
