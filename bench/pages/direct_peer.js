// Two pages connected to each other without any relay: what the browser itself costs. Candidates are gathered first,
// so that one description each way is enough.
window.directPeer = (() => {
  const peer = new RTCPeerConnection();

  const described = async (description) => {
    await peer.setLocalDescription(description);
    if (peer.iceGatheringState !== "complete") {
      await new Promise((resolve) => {
        peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
      });
    }
    return peer.localDescription.sdp;
  };

  return {
    async offer(sound) {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: sound, video: true });
      for (const track of stream.getTracks()) peer.addTrack(track, stream);
      return described(await peer.createOffer());
    },

    async answer(sdp) {
      const video = document.createElement("video");
      [video.autoplay, video.muted] = [true, true];
      document.body.replaceChildren(video);
      peer.ontrack = ({ streams }) => (video.srcObject = streams[0]);
      await peer.setRemoteDescription({ type: "offer", sdp });
      return described(await peer.createAnswer());
    },

    accept: (sdp) => peer.setRemoteDescription({ type: "answer", sdp }),
  };
})();
