"""The files of a model: find them, fetch them from either hub, and prove that they are right.

A folder of a model holds the five parts of a `ZImagePipeline`. A downloaded one lies at
`MODEL_CACHE/<owner>/<name>`, whichever hub it came from, and is complete when every file has the
MD5 of the shipped manifest. What the tools of either hub downloaded before is used as it is. Single
files of weights may take the place of any parts (see `composition.py`).
"""

from bot.models.checks import check_tensors, unproven, verify
from bot.models.control import control_file
from bot.models.downloads import download, fetch
from bot.models.hubs import Source
from bot.models.locations import demo_model_cure, find_download, locate
from bot.models.loras import LoraFolder
from bot.models.manifests import MANIFEST_NAME, read_manifest
from bot.models.model_folder import FileProblem, FileProgress, ModelFiles
from bot.models.registry import DEMO, HubModel, hub_models
from bot.models.rules import located, lora_folder, model_rules, profile_setting

__all__ = [
    "DEMO",
    "MANIFEST_NAME",
    "FileProblem",
    "FileProgress",
    "HubModel",
    "LoraFolder",
    "ModelFiles",
    "Source",
    "check_tensors",
    "control_file",
    "demo_model_cure",
    "download",
    "fetch",
    "find_download",
    "hub_models",
    "locate",
    "located",
    "lora_folder",
    "model_rules",
    "profile_setting",
    "read_manifest",
    "unproven",
    "verify",
]
