"""What the router has to say of its rooms, as control messages."""

from __future__ import annotations

from media_relay import protocol
from media_relay.core.outputs import LinkReport, News, ReportLinks, TellSpeakers


def message(news: News) -> protocol.Message:
    """Returns the control message that tells it."""
    if isinstance(news, ReportLinks):
        return protocol.Links(news.room, tuple(_state(report) for report in news.links))
    if isinstance(news, TellSpeakers):
        return protocol.Speakers(news.room, news.participants)
    room, participant, client, _ = news.link.connection
    return protocol.LayersWanted(room, participant, client, news.source, news.rids)


def _state(report: LinkReport) -> protocol.LinkState:
    _, participant, client, direction = report.link.connection
    return protocol.LinkState(
        participant,
        client,
        direction,
        round(report.rtt * 1000, 1),
        round(report.loss, 4),
        round(report.kbps, 1),
        report.layers,
        report.limited,
    )
