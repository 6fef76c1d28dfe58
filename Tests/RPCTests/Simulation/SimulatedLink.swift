import Codec

@testable import RPC

/// One connection of the simulated network: two directions in which pieces travel.
final class SimulatedLink {
  private unowned let network: SimulatedNetwork
  private let client: Direction
  private let server: Direction
  /// Bytes, of both directions, behind which the link is cut.
  private var bytesUntilCut: Int?
  private(set) var isCut = false

  init(_ network: SimulatedNetwork, client: Connection, server: Connection, cutAfterBytes: Int?) {
    self.network = network
    self.client = Direction(from: client, to: server)
    self.server = Direction(from: server, to: client)
    bytesUntilCut = cutAfterBytes
  }

  func start() {
    for direction in [client, server] { direction.link = self }
    server.sender.start(server)
    client.sender.start(client)
  }

  /// Pieces that the sender has written set out.
  fileprivate func send(_ bytes: [UInt8], _ direction: Direction) {
    for piece in pieces(of: bytes, direction) {
      // A stream of bytes does not overtake itself.
      direction.lastDue = max(direction.lastDue + 1, network.time.now + network.delay())
      network.loop.schedule(at: direction.lastDue) { [weak self] in
        self?.arrive(piece, direction)
      }
    }
  }

  private func pieces(of bytes: [UInt8], _ direction: Direction) -> [[UInt8]] {
    var rest = bytes[...]
    if network.faults.reordersStreams { rest = reordered(bytes, direction)[...] }
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      let size = network.number(1...rest.count)
      pieces.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    return pieces
  }

  /// Exchanges neighbouring frames of different calls, as another sender might have written them.
  /// Only what may come in any order: not requests, whose numbers rise, nor what is the
  /// connection's.
  private func reordered(_ bytes: [UInt8], _ direction: Direction) -> [UInt8] {
    var frames = Frames.split(bytes)
    guard frames.count > 1 else { return bytes }
    for index in 1..<frames.count where network.chance(3) {
      let (first, second) = (frames[index - 1], frames[index])
      guard first.stream != second.stream, first.isFree, second.isFree else { continue }
      frames.swapAt(index - 1, index)
    }
    return frames.flatMap(\.bytes)
  }

  private func arrive(_ piece: [UInt8], _ direction: Direction) {
    guard !isCut else { return }
    var piece = piece[...]
    if let left = bytesUntilCut {
      piece = piece.prefix(left)
      bytesUntilCut = left - piece.count
    }
    direction.deliver(piece)
    if bytesUntilCut == 0 { cut() }
  }

  func cut() {
    guard !isCut else { return }
    isCut = true
    client.sender.transportClosed("cut")
    server.sender.transportClosed("cut")
  }

  /// One side has ended its direction: the other sees the end when all before it has arrived.
  fileprivate func end(_ direction: Direction) {
    direction.lastDue += 1
    network.loop.schedule(at: max(direction.lastDue, network.time.now)) { [weak self] in
      guard let self, !isCut else { return }
      isCut = true
      direction.receiver.transportClosed("closed by the peer")
      direction.sender.transportClosed("closed by this side")
    }
  }

  /// What one end writes and the other reads.
  fileprivate final class Direction: ConnectionTransport {
    let sender: Connection
    let receiver: Connection
    weak var link: SimulatedLink?
    var lastDue: UInt64 = 0
    private var unread: [UInt8] = []
    private var isEnding = false

    init(from sender: Connection, to receiver: Connection) {
      self.sender = sender
      self.receiver = receiver
    }

    func deliver(_ bytes: ArraySlice<UInt8>) {
      unread += bytes
      let taken = unread.withUnsafeBytes { receiver.receive($0) }
      unread.removeFirst(min(taken, unread.count))
    }

    func flush() {
      let bytes = Array(sender.outbound)
      if !bytes.isEmpty {
        link?.send(bytes, self)
        sender.didWrite(bytes.count)
      }
      if isEnding, sender.outbound.isEmpty {
        isEnding = false
        link?.end(self)
      }
    }

    func closeAfterFlush() {
      isEnding = true
      // Not at once: frames are being handled.
      sender.loop.schedule(at: sender.loop.now) { [weak self] in self?.flush() }
    }

    // The network holds any amount: what pauses is shown by sockets.
    func setReadingPaused(_ paused: Bool) {}
  }
}

/// Whole frames, as a sender writes them.
private struct Frames {
  let stream: UInt32
  let isFree: Bool
  let bytes: [UInt8]

  static func split(_ bytes: [UInt8]) -> [Frames] {
    var frames: [Frames] = []
    var rest = bytes[...]
    while let header = try? FrameHeader(parsing: Array(rest.prefix(12)), limit: 1 << 20) {
      let size = 12 + Int(header.payloadLength)
      let isFree = [.message, .status, .response, .cancel].contains(header.kind)
      frames.append(
        Frames(
          stream: header.stream, isFree: isFree && header.stream != 0,
          bytes: Array(rest.prefix(size))))
      rest = rest.dropFirst(size)
    }
    return frames
  }
}
