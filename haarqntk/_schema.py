"""The version of the JSON that results are written in, for the rooms that do not see each other."""

SCHEMA_VERSION = 1
