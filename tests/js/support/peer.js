/** A peer connection whose other end, and whose browser's opinion of it, the test decides. */

export class FakePeer {
  /** @type {FakePeer[]} every one since `forget` */ static all = [];

  /** The newest. @returns {FakePeer} */
  static get last() {
    return /** @type {FakePeer} */ (FakePeer.all.at(-1));
  }

  connectionState = "new";
  isClosed = false;
  bytesReceived = 0;
  responsesReceived = 0;
  /** @type {(() => void) | null} */ onconnectionstatechange = null;

  constructor() {
    FakePeer.all.push(this);
  }

  /** The browser changes its mind. @param {string} state */
  turn(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  async getStats() {
    const { bytesReceived, responsesReceived } = this;
    return new Map([["pair", { type: "candidate-pair", bytesReceived, responsesReceived }]]);
  }

  close() {
    this.isClosed = true;
  }
}
