"""WHIP and WHEP with real clients: Chromium in a page of another site, and aiortc."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import ClassRoom
from tests.browser.inspection import Complaints, inspect
from tests.media_relay.browsers import MovingPicture, Tone
from tests.support.processes import wait_until
from tests.support.room import PICTURE_SECONDS, Room

REQUEST_SECONDS = 10.0
ENDED_SECONDS = 2.0
SDP = "application/sdp"

CLIENT = """
async ({ url, key, sends }) => {
  const peer = new RTCPeerConnection();
  if (sends) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [320, 240];
    const pen = canvas.getContext("2d");
    let count = 0;
    setInterval(() => {
      pen.fillStyle = `hsl(${(count += 7) % 360} 80% 50%)`;
      pen.fillRect(0, 0, 320, 240);
    }, 50);
    const audio = new AudioContext();
    const sound = audio.createMediaStreamDestination();
    const tone = audio.createOscillator();
    tone.connect(sound);
    tone.start();
    const stream = new MediaStream([...sound.stream.getTracks(), ...canvas.captureStream(20).getTracks()]);
    for (const track of stream.getTracks()) {
      peer.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    }
  } else {
    for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
    // Sound that nobody plays is not decoded.
    peer.ontrack = ({ track }) => {
      const player = document.createElement(track.kind);
      player.srcObject = new MediaStream([track]);
      player.autoplay = true;
      document.body.append(player);
    };
  }
  await peer.setLocalDescription();
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/sdp" };
  const response = await fetch(url, { method: "POST", headers, body: peer.localDescription.sdp });
  const text = await response.text();
  if (!response.ok) return { status: response.status, text };
  await peer.setRemoteDescription({ type: "answer", sdp: text });
  const location = response.headers.get("Location");
  const etag = response.headers.get("ETag");
  window.client = { peer, location, etag, key };
  return { status: response.status, location, etag };
}
"""
RECEIVED = """
async () => {
  const found = { frames: 0, energy: 0, state: client.peer.connectionState };
  for (const stat of (await client.peer.getStats()).values()) {
    if (stat.type !== "inbound-rtp") continue;
    found.frames += stat.framesDecoded ?? 0;
    found.energy += stat.totalAudioEnergy ?? 0;
  }
  return found;
}
"""
ASK = """
async ({ method, headers, body }) => {
  const all = { Authorization: `Bearer ${client.key}`, ...headers };
  return (await fetch(client.location, { method, headers: all, body })).status;
}
"""


class Visitor:
    """A page of another site that speaks WHIP or WHEP to the installation."""

    def __init__(self, page: Page, classroom: ClassRoom, kind: str, key: str) -> None:
        self.page = page
        self.kind = kind
        self.key = key
        lectern = classroom.lectern
        self.url = f"{lectern.url}/{kind}/{classroom.lesson}/"
        page.goto(f"http://localhost:{lectern.port}/livez")

    def open(self) -> dict[str, Any]:
        """Sends the offer and takes the answer."""
        given = {"url": self.url, "key": self.key, "sends": self.kind == "whip"}
        result: dict[str, Any] = self.page.evaluate(CLIENT, given)
        return result

    def ask(self, method: str, body: str | None = None, **headers: str) -> int:
        """Sends a request to the session; returns the status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status: int = self.page.evaluate(ASK, {"method": method, "headers": named, "body": body})
        return status

    def expect_media(self) -> None:
        """Waits until a picture and sound are decoded."""
        first = self.page.evaluate(RECEIVED)

        def more() -> bool:
            now = self.page.evaluate(RECEIVED)
            return bool(now["frames"] > first["frames"] + 5 and now["energy"] > first["energy"])

        wait_until(more, PICTURE_SECONDS, lambda: f"the player gets no media: {self.page.evaluate(RECEIVED)}")

    def expect_end(self) -> None:
        """Waits until the session's resource is gone."""
        wait_until(lambda: self.ask("DELETE") in (401, 404), ENDED_SECONDS, "the session goes on")


def visitor(
    new_person: Callable[..., BrowserContext], classroom: ClassRoom, kind: str, person: str
) -> Visitor:
    """A page on another site, with a key of somebody's."""
    return Visitor(new_person().new_page(), classroom, kind, new_key(classroom, kind, person))


def new_key(classroom: ClassRoom, kind: str, person: str) -> str:
    """The secret of a new key of one of the cast."""
    lectern = classroom.lectern
    key: str = lectern.ask("new_key", lesson=classroom.lesson, email=lectern.cast[person], kind=kind)
    return key


def test_chromium_publishes_by_whip_into_a_room(
    classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    student = classroom.watching()
    encoder = visitor(new_person, classroom, "whip", "teacher")
    opened = encoder.open()
    assert opened["status"] == 201, opened
    student.expect_picture()
    student.expect_sound()
    row = classroom.row()
    assert (row["state"], row["sources"]) == ("live", ["microphone", "camera"])
    assert classroom.present() == [classroom.lectern.cast["student1"], classroom.lectern.cast["teacher"]]
    assert encoder.ask("DELETE") == 200
    student.expect_no_picture()
    wait_until(lambda: classroom.row()["client"] == "", ENDED_SECONDS, "the stage is not free")
    assert encoder.ask("DELETE") == 404


def test_chromium_watches_by_whep(classroom: ClassRoom, new_person: Callable[..., BrowserContext]) -> None:
    classroom.live_teacher()
    player = visitor(new_person, classroom, "whep", "student2")
    opened = player.open()
    assert opened["status"] == 201, opened
    player.expect_media()
    fragment = "a=ice-ufrag:none\r\na=ice-pwd:0123456789012345678901\r\n"
    kind = {"Content_Type": "application/trickle-ice-sdpfrag"}
    assert player.ask("PATCH", fragment, If_Match=opened["etag"], **kind) == 422
    player.expect_media()
    assert player.ask("DELETE") == 200
    wait_until(
        lambda: classroom.lectern.cast["student2"] not in classroom.present(),
        ENDED_SECONDS,
        "the player is still present",
    )


def test_a_teacher_makes_a_key_gives_it_to_an_encoder_and_revokes_it(
    classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    lectern = classroom.lectern
    page = new_person(lectern.cast["teacher"]).new_page()
    complaints = Complaints(lectern.url).listen(page)
    page.goto(lectern.url)
    page.locator(f'a[href="/lessons/{classroom.lesson}/keys/"]').click()
    inspect(page)
    page.locator("form", has=page.locator('[value="whip"]')).get_by_label("What is it for?").fill("Studio")
    page.get_by_role("button", name="Make a key to send").click()
    expect(page.get_by_role("heading", name="Your new key")).to_be_visible()
    inspect(page)
    encoder = Visitor(
        new_person().new_page(), classroom, "whip", page.get_by_label("Bearer token").input_value()
    )
    assert page.get_by_label("Server", exact=True).input_value() == encoder.url
    student = classroom.watching()
    assert encoder.open()["status"] == 201
    student.expect_picture()
    page.goto(f"{lectern.url}/lessons/{classroom.lesson}/keys/")
    expect(page.get_by_text("In use")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The key is revoked")).to_be_visible()
    encoder.expect_end()
    student.expect_no_picture()
    assert encoder.open()["status"] == 401
    complaints.expect_none()


def test_the_teachers_page_takes_the_stage_from_an_encoder_for_good(
    classroom: ClassRoom, new_person: Callable[..., BrowserContext]
) -> None:
    student = classroom.watching()
    encoder = visitor(new_person, classroom, "whip", "teacher")
    assert encoder.open()["status"] == 201
    student.expect_picture()
    classroom.live_teacher("colleague")
    encoder.expect_end()
    assert encoder.open()["status"] == 409
    student.expect_picture()


# aiortc: no browser at all, and plain HTTP


class Loop:
    """An event loop in a thread of its own: Playwright's occupies the test's."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs work there; returns its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * PICTURE_SECONDS)


@dataclass
class Response:
    """What a door has answered."""

    status: int
    headers: Any
    body: str


def send(method: str, url: str, key: str, body: str = "", **headers: str) -> Response:
    """Sends a request as a device does."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        url,
        data=body.encode() if body else None,
        method=method,
        headers={"Authorization": f"Bearer {key}", "Content-Type": SDP, **named},
    )
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
            return Response(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Response(error.code, error.headers, error.read().decode())


class Device:
    """An aiortc client with a key."""

    def __init__(self, loop: Loop, classroom: ClassRoom, kind: str, person: str, key: str = "") -> None:
        lectern = classroom.lectern
        self._loop = loop
        self._kind = kind
        self.url = f"{lectern.url}/{kind}/{classroom.lesson}/"
        self.key = key or new_key(classroom, kind, person)
        self.location = ""
        self.pc = loop.run(self._make())

    async def _make(self) -> RTCPeerConnection:
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if self._kind == "whip":
            pc.addTransceiver(Tone(), direction="sendonly")
            pc.addTransceiver(MovingPicture(), direction="sendonly")
        else:
            pc.addTransceiver("audio", direction="recvonly")
            pc.addTransceiver("video", direction="recvonly")
        await pc.setLocalDescription(await pc.createOffer())
        return pc

    def open(self) -> Response:
        """Sends the offer and takes the answer."""
        response = send("POST", self.url, self.key, self.pc.localDescription.sdp)
        if response.status == 201:
            self.location = response.headers["Location"]
            self._loop.run(self.pc.setRemoteDescription(RTCSessionDescription(response.body, "answer")))
        return response

    def frames(self, count: int) -> None:
        """Waits for so many pictures and as many pieces of sound."""

        async def receive() -> None:
            async with asyncio.timeout(PICTURE_SECONDS):
                for transceiver in self.pc.getTransceivers():
                    for _ in range(count):
                        await transceiver.receiver.track.recv()

        self._loop.run(receive())

    def delete(self) -> int:
        """Ends the session; returns the status."""
        return send("DELETE", self.location, self.key).status

    def close(self) -> None:
        """Ends the connection."""
        self._loop.run(self.pc.close())


def test_aiortc_publishes_by_whip_and_watches_by_whep(classroom: ClassRoom) -> None:
    with Loop() as loop:
        encoder = Device(loop, classroom, "whip", "teacher")
        player = Device(loop, classroom, "whep", "student1")
        try:
            opened = encoder.open()
            assert opened.status == 201, opened.body
            assert opened.headers["Content-Type"] == SDP
            assert "a=recvonly" in opened.body
            watched = player.open()
            assert watched.status == 201, watched.body
            assert "a=sendonly" in watched.body
            player.frames(10)
            assert encoder.delete() == 200
            assert player.delete() == 200
            assert player.delete() == 404
        finally:
            encoder.close()
            player.close()


def test_a_second_encoder_with_the_same_key_replaces_the_first(classroom: ClassRoom) -> None:
    student = classroom.watching()
    with Loop() as loop:
        first = Device(loop, classroom, "whip", "teacher")
        second = Device(loop, classroom, "whip", "teacher", first.key)
        try:
            assert first.open().status == 201
            student.expect_picture()
            assert second.open().status == 201
            assert first.delete() == 404
            expect_more(student)
            assert classroom.row()["sources"] == ["microphone", "camera"]
            assert second.delete() == 200
        finally:
            first.close()
            second.close()


def expect_more(student: Room) -> None:
    """Waits until the student's picture moves, and then for it to go on."""
    student.expect_picture()
    student.expect_picture()
