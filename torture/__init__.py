"""The torture test: a real daemon is killed at random, and nothing may be lost. docs/torture.md tells how."""
