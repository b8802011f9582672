"""Deployment commands."""
