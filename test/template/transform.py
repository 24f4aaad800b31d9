"""Transforms SAM templates as AWS does: a JSON list of {template, parameters} in, a list of resources out."""

import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
logging.disable(logging.CRITICAL)

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402


class NoManagedPolicies:
    def load(self):
        return {}


def resources(case):
    return transform(yaml_parse(case["template"]), case["parameters"], NoManagedPolicies())["Resources"]


json.dump([resources(case) for case in json.load(sys.stdin)], sys.stdout)
