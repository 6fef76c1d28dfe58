/// One thing that is wrong with a file.
public struct FormatProblem: Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, for programs.
  public enum Kind: String, Sendable, CaseIterable {
    case emptyFile, unreadable, invalidUTF8, unterminatedQuote, malformedQuote, bareCarriageReturn
    case raggedRow, wrongHeader, missingValue, notANumber, notFinite, outOfRange
    case missingID, duplicateID, unknownID, unknownLabel, duplicateClass
    case invalidProbability, probabilitySum, invalidTimestamp, limitExceeded
    case malformedJSON, missingField, wrongType, malformedArray, truncated, shapeMismatch
    case unsupportedTask, invalidMask, invalidBox
  }

  public let kind: Kind
  /// The line at which the record begins, from 1; nil if the problem has no place in the file.
  public let line: Int?
  /// The field's number in its record (for JSON: the byte's in its line), from 1.
  public let column: Int?
  /// The name of the column or field.
  public let field: String
  /// What was wrong.
  public let message: String
  /// What would have been right.
  public let expected: String

  public init(
    _ kind: Kind, line: Int? = nil, column: Int? = nil, field: String = "", _ message: String,
    expected: String
  ) {
    self.kind = kind
    self.line = line
    self.column = column
    self.field = field
    self.message = message
    self.expected = expected
  }

  public var description: String {
    var place: [String] = []
    if let line { place.append("line \(line)") }
    if let column { place.append("column \(column)") }
    if !field.isEmpty { place.append("\"\(field)\"") }
    let prefix = place.isEmpty ? "" : place.joined(separator: ", ") + ": "
    return "\(prefix)\(message); expected \(expected)"
  }
}

/// A file cannot be used. Nothing of it was taken.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The first problems, in the order of the file; never empty.
  public let problems: [FormatProblem]
  /// Whether reading stopped because there were too many.
  public let isTruncated: Bool

  public init(_ problems: [FormatProblem], isTruncated: Bool = false) {
    self.problems = problems
    self.isTruncated = isTruncated
  }

  public init(_ problem: FormatProblem) { self.init([problem]) }

  /// A reader is used again after it has ended.
  static let failedBefore = FormatError(
    FormatProblem(
      .unreadable, "the reader has ended before", expected: "a new reader for each file"))

  public var description: String {
    problems.map(\.description).joined(separator: "\n")
      + (isTruncated ? "\nreading stopped after \(problems.count) problems" : "")
  }
}

/// What a file may contain at most. Each limit can be raised by whoever reads the file.
public struct FormatLimits: Sendable, Equatable {
  /// Columns of a table; default 10,000.
  public var maximumColumns = 10_000
  /// Bytes of one field; default 64 KiB.
  public var maximumFieldBytes = 1 << 16
  /// Bytes of one record; default 4 MiB.
  public var maximumRecordBytes = 1 << 22
  /// Records of a table, images or annotations of a JSON file; default 100 million.
  public var maximumRows = 100_000_000
  /// Distinct classes, declared or found, and categories of a JSON file; default 100,000.
  public var maximumClasses = 100_000
  /// Bytes of a file that must be in memory as a whole (JSON); default 2 GiB.
  public var maximumDocumentBytes = 1 << 31
  /// Nesting of a JSON document; default 64.
  public var maximumDepth = 64
  /// Columns of pixels that the edges of one object's polygons cross; default 4 million.
  public var maximumCrossings = 4_000_000
  /// Elements of an array file; default 10 billion.
  public var maximumElements = 10_000_000_000
  /// Problems collected before reading stops; default 20.
  public var maximumProblems = 20

  public init() {}

  public static let defaults = FormatLimits()
}

/// Collects problems until there are too many.
struct ProblemList {
  private(set) var problems: [FormatProblem] = []
  let maximum: Int

  init(maximum: Int) { self.maximum = max(1, maximum) }

  /// Adds a problem; throws them all once there are as many as allowed.
  mutating func add(_ problem: FormatProblem) throws(FormatError) {
    problems.append(problem)
    if problems.count >= maximum { throw FormatError(problems, isTruncated: true) }
  }

  /// Adds a problem behind which nothing can be read, and throws them all.
  mutating func fail(_ problem: FormatProblem) throws(FormatError) -> Never {
    problems.append(problem)
    throw FormatError(problems)
  }

  func throwIfAny() throws(FormatError) {
    if !problems.isEmpty { throw FormatError(problems) }
  }
}
