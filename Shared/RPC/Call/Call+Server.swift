import Codec

// What only a server does with a call.

extension Call {
  /// Server: what the method's schema says beyond the connection's limits.
  func limit(toMessageBytes bytes: Int32) {
    if bytes > 0 { maxMessageBytes = min(maxMessageBytes, Int(bytes)) }
  }

  /// Server: a unary call whose client set no deadline gets one.
  func applyDefaultDeadline(milliseconds: Int) {
    guard deadline == .max else { return }
    deadline = loop.now + UInt64(milliseconds) * 1_000_000
    connection.watchDeadline(deadline)
  }

  /// Ends the call with one message and OK; the handler has returned.
  func respond(_ message: some Message) {
    let size = message.encodedSize
    guard canRespondAtOnce(messageBytes: size) else { return respond(message.serialized()) }
    respondAtOnce(messageBytes: size) { message.encode(into: &$0) }
  }

  /// Ends the call with one message, as bytes, and OK; the handler has returned.
  func respond(_ message: [UInt8]) {
    guard !canRespondAtOnce(messageBytes: message.count) else {
      return respondAtOnce(messageBytes: message.count) { writer in
        message.withUnsafeBytes { writer.writeRaw($0) }
      }
    }
    loop.run {
      self.task = nil
      do {
        try self.checkSize(message.count)
        self.enqueue(.finish(RPCStatus(), message: message), nil)
      } catch {
        self.finish((error as? RPCError) ?? RPCError(.internal, "\(error)"))
      }
    }
  }

  /// Ends the call with a status, nil is OK; the handler has returned.
  func finish(_ error: RPCError?) {
    loop.run {
      self.task = nil
      self.enqueue(.finish(error.map(RPCStatus.init(_:)) ?? RPCStatus(), message: nil), nil)
    }
  }
}
