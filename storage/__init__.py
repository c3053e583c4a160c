"""The one database handle and its migrations. Knows no domain."""
