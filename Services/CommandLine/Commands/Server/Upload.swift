import RPC

/// Files sent in pieces, with a bar while they go.
struct Upload {
  /// Bytes of one piece: large enough to be cheap, small enough to move the bar.
  static let pieceBytes = 128 * 1024

  let file: LocalFile
  let console: Console

  init(_ path: String, console: Console) throws {
    file = try LocalFile(path)
    self.console = console
  }

  /// Runs the call that sends the file, and names the file in what it is refused for.
  ///
  /// The server says line, column and the column's name; the path, as it was typed, is known here.
  func naming<Value>(_ call: () async throws -> Value) async throws -> Value {
    do {
      return try await call()
    } catch var error as RPCError {
      for index in error.details.fieldViolations.indices {
        let violation = error.details.fieldViolations[index]
        guard violation.line != nil, violation.field != file.path else { continue }
        let isColumn = !violation.field.isEmpty && violation.field != file.name
        error.details.fieldViolations[index].field = file.path
        error.details.fieldViolations[index].description =
          isColumn ? "\(violation.field): \(violation.description)" : violation.description
      }
      throw error
    }
  }

  /// Sends the header, then the file.
  func send<Request>(
    to writer: MessageWriter<Request>, header: Request, chunk: ([UInt8]) -> Request
  ) async throws {
    let bar = ProgressBar(file.name, total: file.sizeBytes, console: console)
    defer { bar.finish() }
    try await writer.send(header)
    var sent: Int64 = 0
    while let piece = try file.next(Self.pieceBytes) {
      try await writer.send(chunk(piece))
      sent += Int64(piece.count)
      bar.update(sent)
    }
  }
}
