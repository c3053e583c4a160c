"""The HTTP API under /api/v1: one table of routes drives router, login, OpenAPI document and types."""
