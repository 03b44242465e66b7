"""The one path a job takes: written down, queued, drawn, stored, answered."""

from bot.service.deletions import Deletions, Removal
from bot.service.delivery import FIXED_SENTENCE
from bot.service.finding import Finding
from bot.service.opening import open_service
from bot.service.replies import (
    AnsweredElsewhereError,
    NotPostableError,
    NotReachedError,
    Page,
    Progress,
    QueueEntry,
    Reply,
    Ticket,
    UnansweredError,
)
from bot.service.service import STOPPING_SENTENCE, Service
from bot.service.worker import POISON_SENTENCE

__all__ = [
    "FIXED_SENTENCE",
    "POISON_SENTENCE",
    "STOPPING_SENTENCE",
    "AnsweredElsewhereError",
    "Deletions",
    "Finding",
    "NotPostableError",
    "NotReachedError",
    "Page",
    "Progress",
    "QueueEntry",
    "Removal",
    "Reply",
    "Service",
    "Ticket",
    "UnansweredError",
    "open_service",
]
