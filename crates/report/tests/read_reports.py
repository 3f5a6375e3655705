"""Reads reports with parsedmarc and prints what it finds, one JSON object a line, in the order of the arguments."""

import json
import sys

import parsedmarc

for path in sys.argv[1:]:
    try:
        parsed = parsedmarc.parse_report_file(path, offline=True)
        assert parsed["report_type"] == "aggregate", parsed["report_type"]
        print(json.dumps(parsed["report"]))
    except Exception as error:
        print(json.dumps({"error": f"{path}: {type(error).__name__}: {error}"}))
