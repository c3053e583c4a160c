"""Composes everything: configuration, HTTP API, jobs, command line, life and death."""
