"""The one path a job takes: written down, queued, drawn, stored, answered."""

from bot.services.bootstrap import open_service
from bot.services.deletions import Deletions, Removal
from bot.services.delivery import FIXED_SENTENCE
from bot.services.intake import STOPPING_SENTENCE
from bot.services.picture_origin import PictureOrigin
from bot.services.replies import (
    AnsweredElsewhereError,
    NotPostableError,
    NotReachedError,
    Page,
    Progress,
    PublicQueueEntry,
    QueueEntry,
    Reply,
    UnansweredError,
)
from bot.services.service import Service
from bot.services.slot_worker import POISON_SENTENCE

__all__ = [
    "FIXED_SENTENCE",
    "POISON_SENTENCE",
    "STOPPING_SENTENCE",
    "AnsweredElsewhereError",
    "Deletions",
    "NotPostableError",
    "NotReachedError",
    "Page",
    "PictureOrigin",
    "Progress",
    "PublicQueueEntry",
    "QueueEntry",
    "Removal",
    "Reply",
    "Service",
    "UnansweredError",
    "open_service",
]
