"""Showing a requester how far their image is."""

from __future__ import annotations

import asyncio

from bot.domain.drawing import Step
from bot.media.encoding import encode_preview
from bot.services.active_jobs import ActiveJob
from bot.services.replies import Progress


async def show_step(active: ActiveJob, index: int, step: Step) -> None:
    """Tell the requester of a step; its preview is encoded beside the event loop."""
    async with active.showing:  # or a preview that takes long comes behind later steps
        preview = step.preview
        encoded = None if preview is None else await asyncio.to_thread(encode_preview, preview)
    if active.ended.is_set():
        return
    await active.reply.progress(
        Progress(
            step=step.number,
            total=step.total,
            image_index=index,
            count=len(active.job.requests),
            preview=encoded,
        )
    )
