"""What a session description and the web tier's word for it make of a publisher's m-lines."""

from __future__ import annotations

import pytest

from media_relay import protocol
from media_relay.core import sdp
from media_relay.io import negotiation
from tests.media_relay.core.descriptions import read


@pytest.mark.parametrize(("named", "layers"), [(True, ("h", "m", "l")), (False, ("l", "m", "h"))])
def test_our_pages_name_the_lowest_layer_first_and_others_the_one_they_prefer(
    named: bool, layers: tuple[str, ...]
) -> None:
    remote = sdp.parse(read("chromium-publish-simulcast-offer.sdp"))
    (mid,) = [media.mid for media in remote.media if media.simulcast]
    sources = {mid: protocol.CAMERA} if named else {}
    offered = negotiation.offered(remote, sources)
    assert [item.rids for item in offered if item.kind == protocol.CAMERA] == [layers]


def test_without_sources_the_first_sound_is_the_microphone_and_the_first_picture_the_camera() -> None:
    remote = sdp.parse(read("chromium-publish-simulcast-offer.sdp"))
    kinds = {item.media.kind: item.kind for item in negotiation.offered(remote, {})}
    assert kinds[sdp.VIDEO] == protocol.CAMERA
    assert set(kinds.values()) <= {protocol.CAMERA, protocol.MICROPHONE}
