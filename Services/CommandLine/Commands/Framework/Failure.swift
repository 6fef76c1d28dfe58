import RPC

/// How a command failed, in words and as an exit code.
struct Failure: Sendable, Equatable {
  let exitCode: Int32
  /// For people: the first line, then one line a fault.
  let text: String
  /// For programs that asked for JSON.
  let json: String

  init(_ error: any Error) {
    switch error {
    case let error as UsageError:
      let page = error.command.isEmpty ? "assay --help" : "assay \(error.command) --help"
      self.init(2, "USAGE", error.description, [], notes: ["See: \(page)"])
    case let error as CommandFailure:
      self.init(1, "FAILED", error.message, error.faults)
    case let error as RPCError:
      self.init(
        1, error.code.name, error.message, error.details.fieldViolations.map(Self.line),
        notes: Self.notes(error))
    case is CancellationError:
      self.init(1, "CANCELLED", "interrupted", [])
    default:
      self.init(1, "FAILED", String(describing: error), [])
    }
  }

  private init(
    _ exitCode: Int32, _ status: String, _ message: String, _ faults: [String],
    notes: [String] = []
  ) {
    self.exitCode = exitCode
    let head = Self.head(message, faults)
    let isPlain = status == "USAGE" || status == "FAILED"
    let lines =
      ["assay: " + (isPlain ? head : "\(status): \(head)")]
      + (faults == [head] ? [] : faults.map { "  " + $0 }) + notes
    text = lines.map(Printable.text).joined(separator: "\n") + "\n"
    let error = JSON.object([
      "status": JSON.string(status), "message": JSON.string(message),
      "violations": JSON.array(faults.map(JSON.string)),
    ])
    json = JSON.object(["error": error]) + "\n"
  }

  /// The message without the faults that are listed below it anyway.
  private static func head(_ message: String, _ faults: [String]) -> String {
    guard faults.count > 1, let first = faults.first,
      let start = message.firstRange(of: ": " + first)?.lowerBound
    else { return message }
    return String(message[..<start])
  }

  /// `FILE:LINE:COLUMN: text`, or `field: text` for what has no place in a file.
  private static func line(_ violation: FieldViolation) -> String {
    var place = violation.field
    if let line = violation.line {
      place += ":\(line)"
      if let column = violation.column { place += ":\(column)" }
    }
    return place.isEmpty ? violation.description : "\(place): \(violation.description)"
  }

  private static func notes(_ error: RPCError) -> [String] {
    var notes: [String] = []
    if let limit = error.details.limit {
      let setting = limit.setting.isEmpty ? "" : ", set by \(limit.setting)"
      notes.append(
        "Limit: \(limit.name) is \(limit.limit), this would be \(limit.actual)\(setting)")
    }
    if let wait = error.details.retryAfterMilliseconds, wait > 0 {
      notes.append("Try again in \((wait + 999) / 1000) s")
    }
    if error.code == .unauthenticated {
      notes.append("The key comes from --key-file, ASSAY_KEY or `assay login`")
    }
    return notes
  }
}
