"""Builds, starts and measures the peers."""
