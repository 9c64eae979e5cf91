"""Tests of the node: real sealed bytes, virtual time."""
