"""Ties a call together: wire messages, rooms, presence, the call's life."""
