"""Tests of the adapters, on real sockets, files and databases."""
