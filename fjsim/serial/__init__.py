"""JSON and YAML: what is sent, kept and read, and what people write."""

from fjsim.serial.json import read, written
from fjsim.serial.yaml import read_yaml

__all__ = ["read", "read_yaml", "written"]
