"""Let the tests of this folder share one module of made-up records."""

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location(
    "defense_records", Path(__file__).with_name("records.py")
)
module = importlib.util.module_from_spec(spec)
sys.modules["defense_records"] = module
spec.loader.exec_module(module)
