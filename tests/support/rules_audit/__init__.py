"""Many members under many rules, and an auditor who knows what held when."""

from tests.support.rules_audit.audit import Findings, audit
from tests.support.rules_audit.run import RulesRun

__all__ = ["Findings", "RulesRun", "audit"]
