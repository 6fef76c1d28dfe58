import Codec

/// The messages that the other side sends, in order. One task reads at a time.
public struct MessageReader<Element: Message>: AsyncSequence, Sendable {
  private let call: Call

  init(_ call: Call) {
    self.call = call
  }

  /// The next message, or nil when the other side has finished sending.
  ///
  /// Taking a message gives its bytes back to the sender as credit: a slow reader slows the writer.
  ///
  /// - Throws: `RPCError` when the call has failed or the bytes are not the message;
  ///   `CancellationError` when the reading task is cancelled.
  public func next() async throws -> Element? {
    guard let bytes = try await call.next() else { return nil }
    do {
      return try Element(serialized: bytes)
    } catch {
      throw RPCError.malformed(Element.protoName, error)
    }
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let reader: MessageReader

    public mutating func next() async throws -> Element? {
      try await reader.next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(reader: self)
  }
}

/// Sends messages to the other side, in order.
public struct MessageWriter<Element: Message>: Sendable {
  private let call: Call

  init(_ call: Call) {
    self.call = call
  }

  /// Sends one message; suspends while the other side gives no credit.
  ///
  /// - Throws: `RPCError` when the call is over, or RESOURCE_EXHAUSTED when the message is over the
  ///   limit that the other side announced.
  public func send(_ message: Element) async throws {
    try await call.send(message.serialized())
  }

  /// Says that no more messages follow. A client's: a server ends a call by returning.
  public func finish() {
    call.halfClose()
  }
}

/// A call as bytes, for who forwards without knowing the schema.
public struct RawCall: Sendable {
  private let call: Call

  init(_ call: Call) {
    self.call = call
  }

  /// The next message from the other side; nil when it has finished sending.
  public func next() async throws -> [UInt8]? {
    try await call.next()
  }

  /// Sends one message; suspends while the other side gives no credit.
  public func send(_ message: [UInt8]) async throws {
    try await call.send(message)
  }

  /// Says that no more messages follow; client side only (a server ends by returning).
  public func finishSending() {
    call.halfClose()
  }
}
