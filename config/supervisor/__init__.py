"""Keeps the processes of one installation running in one terminal."""
